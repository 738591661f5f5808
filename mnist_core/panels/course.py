"""The lessons that there are: those that come with the program, those of the server's folder, and those written in browsers.

Each is read once for the process, and again where its files have changed.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from mnist_core import lessons, settings
from mnist_core.errors import ImportedFileError, LessonError, MnistLabError
from mnist_core.lessons import Lesson, Source
from mnist_core.memo import MB, Memo
from mnist_core.records import WRITTEN, WrittenLesson
from mnist_core.ui import session, texts

_sources = Memo(32 * MB)
_read = Memo(32 * MB)


@dataclass(frozen=True, eq=False)
class Entry:
    """A lesson in the language of the session, or why it cannot be shown. `name`: in addresses, and in what is kept of students."""

    name: str
    lesson: Lesson | None
    problem: MnistLabError | None = None
    written: WrittenLesson | None = None

    @property
    def is_translated(self) -> bool:
        """Whether it is in the language of the session."""
        return self.lesson is None or self.lesson.language == texts.language()


def ours() -> list[Entry]:
    """The lessons that come with the program, in their order."""
    return _of_folder(lessons.ours())


def of_server() -> list[Entry]:
    """Those in the folder that a setting names."""
    place = settings.lessons_folder()
    known = {entry.name for entry in ours()}
    return [] if place is None else [entry for entry in _of_folder(place) if entry.name not in known]


def find(name: str) -> Entry | None:
    """The lesson of this name; None where there is none."""
    if name.startswith(WRITTEN):
        written = session.store().written_lessons.get(name.removeprefix(WRITTEN))
        return None if written is None else of_written(written)
    return next((entry for entry in (*ours(), *of_server()) if entry.name == name), None)


def of_written(written: WrittenLesson) -> Entry:
    """A lesson that was written in a browser."""
    lesson, problem = _attempt(
        (session.store().url, written.id, written.version, texts.language()), partial(_lesson_of, written)
    )
    return Entry(written.lesson, lesson, problem, written)


def source_of(written: WrittenLesson) -> Source | None:
    """Its files; None where it is gone. Raises ImportedFileError."""
    data = session.store().written_lessons.data(written.id)
    return None if data is None else lessons.unpacked(data, "lesson")


def _lesson_of(written: WrittenLesson) -> Lesson | MnistLabError | None:
    try:
        source = source_of(written)
        return None if source is None else lessons.read_source(source, texts.language())
    except (ImportedFileError, LessonError) as error:
        return error


def _of_folder(place: Path) -> list[Entry]:
    state = _state_of(place)
    sources = _sources.get(state, partial(_read_folder, place))
    if isinstance(sources, MnistLabError):
        return [Entry(place.name, None, sources)]
    found = []
    for source in sources:
        lesson, problem = _attempt((state, source.name, texts.language()), partial(_read_one, source))
        found.append(Entry(source.name, lesson, problem))
    return found


def _read_folder(place: Path) -> tuple[Source, ...] | MnistLabError:
    try:
        return lessons.folder(place)
    except ImportedFileError as error:
        return error


def _read_one(source: Source) -> Lesson | MnistLabError:
    try:
        return lessons.read_source(source, texts.language())
    except LessonError as error:
        return error


def _attempt(
    key: Hashable, read: Callable[[], Lesson | MnistLabError | None]
) -> tuple[Lesson | None, MnistLabError | None]:
    result = _read.get(key, read)
    return (None, result) if isinstance(result, MnistLabError) else (result, None)


def _state_of(place: Path) -> Hashable:
    """Another one where a file of the folder has changed."""
    try:
        files = [file for folder in sorted(place.iterdir()) if folder.is_dir() for file in sorted(folder.iterdir())]
        marks = [(str(file), status.st_mtime_ns, status.st_size) for file in files if (status := file.stat())]
    except OSError:
        marks = []
    return (str(place), tuple(marks))
