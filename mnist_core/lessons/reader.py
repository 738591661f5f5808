"""A lesson's Markdown file, read and checked: everything that is wrong is told at once, with its line."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from difflib import get_close_matches

from mnist_core import escape
from mnist_core.errors import LessonError, LineProblem
from mnist_core.lessons import blocks, images, markdown
from mnist_core.lessons.faults import Faults, shown
from mnist_core.lessons.fields import Fields
from mnist_core.lessons.markdown import Fence, Piece
from mnist_core.lessons.schema import SCHEMA, Lesson, Part, Picture, Source
from mnist_core.lessons.values import read as read_values
from mnist_core.messages import N_, message

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")  # of a lesson, or of a block
MOST_NAME = 60  # letters
MOST_LETTERS = 100_000  # of the file
MOST_LINES = 5_000
MOST_BLOCKS = 60
MOST_MINUTES = 180
MOST_TITLE = 120  # letters
MOST_POINTS = 12  # of what is needed, or taught
MOST_POINT = 300  # letters
LANGUAGES = ("en", "ko")


def read(text: str, *, name: str, language: str, images: Mapping[str, bytes] | None = None) -> Lesson:
    """The lesson in a Markdown file. Raises LessonError with everything that is wrong.

    `name`: of its folder. `language`: which one it is written in. `images`: the files beside it, by name.
    """
    faults = Faults()
    pictures = dict(images or {})
    _check_names(name, language, pictures, faults)
    if len(text) > MOST_LETTERS:
        template = N_("The file has {count} letters, but at most {most} are possible.")
        faults.add(0, template, count=len(text), most=MOST_LETTERS)
        faults.end()
    lines = _lines(text)
    if len(lines) > MOST_LINES:
        faults.add(
            0, N_("The file has {count} lines, but at most {most} are possible."), count=len(lines), most=MOST_LINES
        )
        faults.end()
    head = markdown.front_matter(lines)
    if head is None:
        faults.add(1, N_("The file must begin with a line ---, then what the lesson is, then another line ---."))
    front, begin = head or ("", 0)
    fields = Fields(read_values(front, 2, faults), ("schema", "title", "minutes", "needs", "teaches"), faults, 1)
    pieces = markdown.pieces(lines[begin:], begin + 1, faults)
    parts = _parts(pieces, pictures, faults)
    lesson = Lesson(
        name,
        language,
        fields.plain("title", MOST_TITLE, needed=head is not None),
        int(fields.number("minutes", 1, MOST_MINUTES, whole=True, needed=head is not None) or 0),
        fields.texts("needs", MOST_POINTS, MOST_POINT),
        fields.texts("teaches", MOST_POINTS, MOST_POINT),
        tuple(parts),
        pictures,
    )
    _check_schema(fields, faults, told=head is None)
    faults.end()
    return lesson


def read_source(source: Source, language: str) -> Lesson:
    """A lesson in this language or, where there is none, in another that there is: `Lesson.language` says which.

    Raises LessonError.
    """
    found = next((one for one in (language, *LANGUAGES, *source.texts) if one in source.texts), None)
    if found is None:
        raise LessonError([LineProblem(0, message(N_("This lesson has no text: expected en.md or ko.md.")))])
    return read(source.texts[found], name=source.name, language=found, images=source.images)


def _lines(text: str) -> list[str]:
    """The lines of a file, without signs that steer something or turn the direction of what follows."""
    whole = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    return [escape.plain(line.expandtabs(4)) for line in whole.split("\n")]


def _check_names(name: str, language: str, pictures: Mapping[str, bytes], faults: Faults) -> None:
    if not NAME.fullmatch(name) or len(name) > MOST_NAME:
        faults.add(0, _NO_NAME, name=shown(name), most=MOST_NAME)
    if language not in LANGUAGES:
        faults.none_of(0, "language", language, LANGUAGES)
    images.check(pictures, faults)


def _check_schema(fields: Fields, faults: Faults, *, told: bool) -> None:
    schema = fields.content("schema", needed=not told)
    if schema is not None and schema != SCHEMA:
        template = N_("schema must be {known}: this version of MNIST Lab reads no other.")
        faults.add(fields.at("schema"), template, known=SCHEMA)


def _parts(pieces: Sequence[Piece], pictures: Mapping[str, bytes], faults: Faults) -> list[Part]:
    names = _names([piece for piece in pieces if isinstance(piece, Fence)], faults)
    found: list[Part] = []
    place = 0
    for piece in pieces:
        if isinstance(piece, Fence):
            if place < MOST_BLOCKS:
                found.append(blocks.read(piece, place, names, faults))
            place += 1
            continue
        if isinstance(piece, Picture):
            _check_picture(piece, pictures, faults)
        found.append(piece)
    if place > MOST_BLOCKS:
        faults.add(
            0, N_("This lesson has {count} blocks, but at most {most} are possible."), count=place, most=MOST_BLOCKS
        )
    return found


def _names(fences: Sequence[Fence], faults: Faults) -> dict[str, blocks.Named]:
    """The blocks by name, with faults for names that are none or stand twice."""
    found: dict[str, blocks.Named] = {}
    for place, fence in enumerate(fences):
        if not fence.name:
            template = N_("This block has no name. Write one after its kind: “{kind} first”.")
            faults.add(fence.line, template, kind=fence.kind)
        elif not NAME.fullmatch(fence.name) or len(fence.name) > MOST_NAME:
            faults.add(fence.line, _NO_NAME, name=shown(fence.name), most=MOST_NAME)
        elif fence.name in found:
            faults.add(
                fence.line, N_("Another block is called {name}, too. Give this one its own name."), name=fence.name
            )
        else:
            found[fence.name] = blocks.Named(fence.kind, place)
    return found


def _check_picture(picture: Picture, pictures: Mapping[str, bytes], faults: Faults) -> None:
    if picture.file in pictures or not markdown.PICTURE.fullmatch(picture.file):
        return
    if close := get_close_matches(picture.file, pictures, n=1):
        template = N_("There is no picture {file} beside the lesson. Did you mean {likely}?")
        faults.add(picture.line, template, file=picture.file, likely=close[0])
    else:
        faults.add(picture.line, N_("There is no picture {file} beside the lesson."), file=picture.file)


_NO_NAME = N_("“{name}” is no name: small Latin letters and digits with hyphens between them, {most} signs at most.")
