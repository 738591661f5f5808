"""Where lessons come from: a folder of lessons, or a zip or Markdown file that somebody uploads.

`lessons/<name>/en.md`, `ko.md` and images beside them. A zip has the same files, at its root or in one folder. It may have been
made by anybody: nothing is unpacked onto the disk, and no more is read than a lesson can have.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from mnist_core import settings
from mnist_core.errors import ImportedFileError, system_reason
from mnist_core.exchange.archive import BROKEN, ENTRY, METHODS
from mnist_core.lessons import images, markdown, reader
from mnist_core.lessons.faults import shown
from mnist_core.lessons.reader import LANGUAGES, MOST_NAME, NAME
from mnist_core.lessons.schema import Source
from mnist_core.messages import N_

MOST_LESSONS = 100  # in one folder
MOST_TEXT = 4 * reader.MOST_LETTERS  # bytes of a Markdown file
MOST_MEMBERS = 64  # files in a zip, those too that are passed over
MOST_ZIP = images.MOST_IMAGES * images.MOST_BYTES + len(LANGUAGES) * MOST_TEXT  # bytes, packed
_UNREADABLE = N_("{file} cannot be read ({details}).")
TEXTS = {f"{language}.md": language for language in LANGUAGES}


def ours() -> Path:
    """The folder of the lessons that come with the program."""
    return settings.APP / "lessons"


def folder(path: Path) -> tuple[Source, ...]:
    """The lessons in a folder, in the order of their names: each folder in it that has an `en.md` or `ko.md`.

    None where the folder is not there. Raises ImportedFileError where a file is too large or cannot be read.
    """
    if not path.is_dir():
        return ()
    places = [
        place for place in sorted(path.iterdir(), key=_in_order) if any((place / text).is_file() for text in TEXTS)
    ]
    return tuple(map(one, places[:MOST_LESSONS]))


def one(place: Path) -> Source:
    """The lesson in its own folder. Raises ImportedFileError."""
    try:
        texts = {language: _text(place / name) for name, language in TEXTS.items() if (place / name).is_file()}
        pictures = [
            file for file in sorted(place.iterdir()) if markdown.PICTURE.fullmatch(file.name) and file.is_file()
        ]
        return Source(
            place.name,
            texts,
            {file.name: _bytes(file, images.MOST_BYTES) for file in pictures[: images.MOST_IMAGES + 1]},
        )
    except OSError as error:
        raise ImportedFileError(_UNREADABLE, file=str(place), details=system_reason(error)) from error


def of_file(file: Path) -> Source:
    """The lesson in a Markdown file, with the images beside it and without other languages, or in a zip. Raises ImportedFileError."""
    language = TEXTS.get(file.name, LANGUAGES[0])
    try:
        if file.suffix.lower() == ".zip":
            return uploaded(file.name, _bytes(file, MOST_ZIP), language)
        beside = one(file.absolute().parent)
        return Source(named(beside.name), {language: _text(file)}, beside.images)
    except OSError as error:
        raise ImportedFileError(_UNREADABLE, file=str(file), details=system_reason(error)) from error


def packed(source: Source) -> bytes:
    """The zip of a lesson; the same lesson gives the same bytes."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for language, text in sorted(source.texts.items()):
            archive.writestr(zipfile.ZipInfo(f"{source.name}/{language}.md"), text, zipfile.ZIP_DEFLATED)
        for name, image in sorted(source.images.items()):
            archive.writestr(zipfile.ZipInfo(f"{source.name}/{name}"), image)
    return content.getvalue()


@dataclass(frozen=True)
class Added:
    """A lesson with one image more. `name`: what that is called there; `taken`: the other image that has its file's name."""

    source: Source
    name: str
    taken: str | None


def with_image(source: Source, file: str, content: bytes) -> Added:
    """The lesson with the image in a file that somebody chose. Raises ImportedFileError where it is none that can be shown."""
    images_after = len(source.images) + 1
    if images_after > images.MOST_IMAGES:
        raise ImportedFileError(images.TOO_MANY, count=images_after, most=images.MOST_IMAGES)
    if len(content) > images.MOST_BYTES:
        raise _too_large(file, images.MOST_BYTES)
    name, taken = images.fitting_names(file, source.images)
    if (fault := images.fault_of(name, content)) is not None:
        raise ImportedFileError(fault.template, **fault.values)
    if taken is not None and source.images[taken] == content:
        return Added(source, taken, None)  # it is there already
    return Added(Source(source.name, source.texts, {**source.images, name: content}), name, taken)


def with_replaced(source: Source, name: str, by: str) -> Source:
    """The lesson with the image `by` under the name of another, which goes."""
    kept = {other: image for other, image in source.images.items() if other != by}
    return Source(source.name, source.texts, kept | {name: source.images[by]})


def uploaded(file: str, content: bytes, language: str) -> Source:
    """The lesson in a file that somebody chose: a zip (`packed`), or one Markdown file, in this language where its name does not
    say it. Raises ImportedFileError."""
    stem = PurePosixPath(file).stem
    if file.lower().endswith(".zip"):
        return unpacked(content, stem)
    if len(content) > MOST_TEXT:
        raise _too_large(file, MOST_TEXT)
    return Source(named(stem), {TEXTS.get(PurePosixPath(file).name, language): _decoded(file, content)})


def unpacked(content: bytes, name: str) -> Source:
    """The lesson in a zip. `name`: what it is called where its files lie in no folder. Raises ImportedFileError."""
    if len(content) > MOST_ZIP or content.count(ENTRY) > MOST_MEMBERS:
        raise ImportedFileError(
            N_("This zip is too large for a lesson: at most {most} MB and {count} files."),
            most=MOST_ZIP >> 20,
            count=MOST_MEMBERS,
        )
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return _source(archive, name)
    except BROKEN as error:
        raise ImportedFileError(N_("This file is not a readable zip. Choose one that has a lesson's files.")) from error


def named(text: str) -> str:
    """A lesson's name made of any text."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:MOST_NAME].strip("-")
    return words if NAME.fullmatch(words) else "lesson"


def _source(archive: zipfile.ZipFile, name: str) -> Source:
    entries = {entry.filename: entry for entry in archive.infolist() if not entry.is_dir()}
    found = sorted({str(PurePosixPath(file).parent) for file in entries if PurePosixPath(file).name in TEXTS})
    if not found:
        raise ImportedFileError(N_("This zip has no lesson in it: expected a file {names}."), names=", ".join(TEXTS))
    if len(found) > 1:
        raise ImportedFileError(
            N_("This zip has several lessons in it ({names}). Choose one with one lesson."),
            names=shown(", ".join(found)),
        )
    place = PurePosixPath(found[0])
    texts: dict[str, str] = {}
    pictures: dict[str, bytes] = {}
    for file, entry in entries.items():
        if PurePosixPath(file).parent != place:
            continue
        short = PurePosixPath(file).name
        if short in TEXTS:
            texts[TEXTS[short]] = _decoded(short, _member(archive, entry, MOST_TEXT))
        elif markdown.PICTURE.fullmatch(short) and len(pictures) <= images.MOST_IMAGES:
            pictures[short] = _member(archive, entry, images.MOST_BYTES)
    return Source(named(place.name or name), texts, pictures)


def _member(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes:
    if entry.compress_type not in METHODS:
        raise zipfile.BadZipFile("a method that is not read")
    with archive.open(entry) as file:
        content = file.read(most + 1)  # what the zip says of its size may be a lie
    if len(content) > most:
        raise _too_large(PurePosixPath(entry.filename).name, most)
    return content


def _text(file: Path) -> str:
    return _decoded(file.name, _bytes(file, MOST_TEXT))


def _bytes(file: Path, most: int) -> bytes:
    with file.open("rb") as opened:
        content = opened.read(most + 1)
    if len(content) > most:
        raise _too_large(file.name, most)
    return content


def _decoded(name: str, content: bytes) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ImportedFileError(
            N_("{file} is no text in UTF-8. Save it with this encoding."), file=shown(name)
        ) from error


def _too_large(name: str, most: int) -> ImportedFileError:
    return ImportedFileError(
        N_("{file} is too large for a lesson: at most {most} kB."), file=shown(name), most=most // 1_000
    )


def _in_order(place: Path) -> tuple[Iterable[tuple[int, str]], str]:
    """By the words and numbers of a name, so that 10 comes after 9."""
    return [
        (int(part), "") if part.isdecimal() else (0, part) for part in re.findall(r"\d{1,9}|\D+", place.name)
    ], place.name
