"""Where lessons come from: folders and zips, those too that somebody made to do harm."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from mnist_core import lessons, settings
from mnist_core.errors import ImportedFileError, LessonError
from mnist_core.lessons import Source, images, sources
from tests.lessons.pictures import PNG, picture, with_scans
from tests.lessons.test_reader import HEAD

WHOLE = Source("one", {"en": HEAD + "![x](loss.png)", "ko": HEAD}, {"loss.png": PNG})


def write(folder: Path, source: Source) -> None:
    folder.mkdir(parents=True)
    for language, text in source.texts.items():
        (folder / f"{language}.md").write_text(text, encoding="utf-8")
    for name, image in source.images.items():
        (folder / name).write_bytes(image)


def zipped(files: dict[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, file in files.items():
            archive.writestr(name, file)
    return content.getvalue()


def test_a_folder_of_lessons_is_read_in_the_order_of_their_numbers(tmp_path: Path) -> None:
    for name in ("10-last", "9-first", "9-first-more", "²"):
        write(tmp_path / name, WHOLE)
    (tmp_path / "no-lesson").mkdir()
    (tmp_path / "9-first" / "notes.txt").write_text("not read")
    found = lessons.folder(tmp_path)
    assert [source.name for source in found] == ["²", "9-first", "9-first-more", "10-last"]
    assert (found[0].texts, found[0].images) == (WHOLE.texts, WHOLE.images)


def test_a_folder_that_is_not_there_has_none(tmp_path: Path) -> None:
    assert lessons.folder(tmp_path / "nowhere") == ()


def test_the_setting_names_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert settings.lessons_folder() is None
    monkeypatch.setenv("MNIST_LAB_LESSONS", str(tmp_path))
    assert settings.lessons_folder() == tmp_path


def test_where_a_language_is_missing_the_other_is_shown() -> None:
    assert lessons.read_source(WHOLE, "ko").language == "ko"
    assert lessons.read_source(Source("one", {"en": HEAD}), "ko").language == "en"
    assert lessons.read_source(Source("one", {"ko": HEAD}), "en").language == "ko"
    with pytest.raises(LessonError, match="has no text"):
        lessons.read_source(Source("one", {}), "en")


def test_a_zip_is_taken_along_and_comes_back() -> None:
    packed = lessons.packed(WHOLE)
    assert packed == lessons.packed(WHOLE)
    again = lessons.uploaded("any name.zip", packed, "en")
    assert (again.name, again.texts, again.images) == ("one", WHOLE.texts, WHOLE.images)


def test_a_zip_without_a_folder_is_called_as_the_file() -> None:
    assert lessons.uploaded("My Lesson (2).zip", zipped({"en.md": b"x"}), "en").name == "my-lesson-2"
    assert lessons.uploaded("수업.zip", zipped({"ko.md": b"x"}), "en").name == "lesson"


def test_a_markdown_file_is_a_lesson_by_itself() -> None:
    assert lessons.uploaded("first.md", HEAD.encode(), "ko").texts == {"ko": HEAD}
    assert lessons.uploaded("en.md", HEAD.encode(), "ko").texts == {"en": HEAD}


def test_what_lies_elsewhere_in_a_zip_is_passed_over() -> None:
    files = {
        "one/en.md": b"x",
        "../../ko.txt": b"x",
        "/etc/passwd": b"x",
        "one/../loss.png": PNG,
        "one/deep/x.png": PNG,
    }
    again = lessons.unpacked(zipped(files), "x")
    assert (again.name, dict(again.texts), dict(again.images)) == ("one", {"en": "x"}, {})


HOSTILE = {
    "no zip": (b"PK", "not a readable zip"),
    "no lesson": (zipped({"readme.txt": b"x"}), "no lesson in it"),
    "two lessons": (zipped({"a/en.md": b"x", "b/en.md": b"x"}), "several lessons"),
    "100 MB in a few kB": (zipped({"en.md": bytes(100_000_000)}), "too large"),
    "a picture of 100 MB": (zipped({"en.md": b"x", "a.png": bytes(100_000_000)}), "too large"),
    "a thousand files": (zipped({"en.md": b"x", **{f"{n}.png": b"" for n in range(1_000)}}), "too large"),
    "no text": (zipped({"en.md": b"\xff\xfe\x00"}), "no text in UTF-8"),
    "cut off": (lessons.packed(WHOLE)[:-30], "not a readable zip"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_zip_is_a_sentence(name: str) -> None:
    content, words = HOSTILE[name]
    with pytest.raises(ImportedFileError, match=words):
        lessons.unpacked(content, "x")


def test_a_file_that_is_too_large_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "one", WHOLE)
    (tmp_path / "one" / "en.md").write_bytes(b"x" * (sources.MOST_TEXT + 1))
    with pytest.raises(ImportedFileError, match="too large"):
        lessons.folder(tmp_path)
    with pytest.raises(ImportedFileError, match="too large"):
        lessons.uploaded("a.md", b"x" * (sources.MOST_TEXT + 1), "en")


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("loss.png", "loss.png"),
        ("IMG_1234.JPG", "IMG_1234.jpg"),
        ("Loss curve (2).png", "Loss-curve-2.png"),
        ("그림.png", "image-1.png"),
        ("_.webp", "image-1.webp"),
        (".png", "image-1.png"),
        ("a.b.jpeg", "a-b.jpeg"),
        ("x" * 300 + ".png", "x" * 50 + ".png"),
    ],
)
def test_an_added_image_has_a_name_with_which_it_comes_back(file: str, name: str) -> None:
    added = lessons.with_image(Source("one", {"en": HEAD}), file, picture(images.KINDS[name.rpartition(".")[2]]))
    assert (added.name, added.taken) == (name, None)
    assert list(lessons.unpacked(lessons.packed(added.source), "one").images) == [name]


def test_an_added_image_takes_no_others_name() -> None:
    source = Source("one", {"en": HEAD}, {"a.png": b"1", "image-1.png": b"2"})
    names = []
    for file in ("A.PNG", "a.png", "그림.png"):
        added = lessons.with_image(source, file, PNG)
        source = added.source
        names.append((added.name, added.taken))
    assert names == [("A-2.png", "a.png"), ("a-3.png", "a.png"), ("image-2.png", None)]
    assert len(source.images) == 5
    replaced = lessons.with_replaced(source, "a.png", "a-3.png")
    assert list(replaced.images) == ["a.png", "image-1.png", "A-2.png", "image-2.png"]
    assert replaced.images["a.png"] == PNG


def test_the_same_image_is_not_added_twice() -> None:
    source = Source("one", {"en": HEAD}, {"a.png": PNG})
    added = lessons.with_image(source, "a.png", PNG)
    assert (added.source, added.name, added.taken) == (source, "a.png", None)


@pytest.mark.parametrize("content", [PNG[:33] + b"garbage" * 40, b"", b"<svg></svg>", picture("JPEG")])
def test_a_damaged_image_is_refused(content: bytes) -> None:
    with pytest.raises(ImportedFileError, match=r"pic\.png is damaged"):
        lessons.with_image(WHOLE, "pic.png", content)


def test_an_image_that_could_not_be_read_back_is_not_added() -> None:
    with pytest.raises(ImportedFileError, match="at most 1,000 kB"):
        lessons.with_image(WHOLE, "a.png", bytes(images.MOST_BYTES + 1))
    full = Source("one", {"en": HEAD}, {f"a{n}.png": PNG for n in range(20)})
    with pytest.raises(ImportedFileError, match="has 21 pictures"):
        lessons.with_image(full, "a.png", PNG)


PICTURES = {
    "another kind": ("a.png", picture("JPEG"), "is damaged, or it is no picture"),
    "cut off": ("a.png", PNG[:40], "is damaged, or it is no picture"),
    "an SVG": ("a.svg", b"<svg/>", "no name for a picture"),
    "a way up": ("../a.png", PNG, "no name for a picture"),
    "too many bytes": ("a.png", PNG + bytes(1_000_000), "at most 1 MB"),
    "too many scans": ("a.jpg", with_scans(31), "more than 30 scans"),
    "too many pixels": ("a.png", picture(size=(2_001, 2_000)), "at most 4 million"),
}


@pytest.mark.parametrize("name", PICTURES)
def test_a_picture_that_cannot_be_is_a_fault(name: str) -> None:
    file, content, words = PICTURES[name]
    with pytest.raises(LessonError, match=words):
        lessons.read(HEAD, name="one", language="en", images={file: content})


@pytest.mark.parametrize(
    ("file", "kind"), [("a.png", "PNG"), ("a.jpg", "JPEG"), ("a.jpeg", "JPEG"), ("a.webp", "WEBP")]
)
def test_pictures_of_these_kinds_are_taken(file: str, kind: str) -> None:
    assert list(lessons.read(HEAD, name="one", language="en", images={file: picture(kind)}).images) == [file]


def test_too_many_pictures_are_one_fault() -> None:
    with pytest.raises(LessonError, match="at most 20") as raised:
        lessons.read(HEAD, name="one", language="en", images={f"a{n}.png": PNG for n in range(21)})
    assert len(raised.value.problems) == 1
