"""`python -m mnist_core lesson check FILE|FOLDER…`: lessons, read and checked."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from mnist_core import lessons
from mnist_core.cli_options import Parser
from mnist_core.errors import LessonError, LineProblem, MnistLabError
from mnist_core.lessons import Lesson, Source, sources
from mnist_core.messages import N_


def add_commands(parser: Parser) -> None:
    """The commands after `lesson`."""
    commands = parser.add_subparsers(required=True, metavar="check", parser_class=Parser)
    check = commands.add_parser("check", help="say everything that is wrong with lessons")
    check.set_defaults(command=_check, parser=check)
    check.add_argument(
        "places",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="a Markdown file, a zip, a lesson's folder, or one of several",
    )


def _check(options: argparse.Namespace) -> int:
    found = [(file, read) for place in options.places for file, read in _read_all(place)]
    for file, read in found:
        if isinstance(read, Lesson):
            print(f"{file}: nothing is wrong ({len(read.blocks)} blocks)")
        for problem in read.problems if isinstance(read, LessonError) else ():
            print(_line(file, problem), file=sys.stderr)
    return 2 if any(isinstance(read, LessonError) for _file, read in found) else 0


def _line(file: str, problem: LineProblem) -> str:
    return f"{file}:{problem.line}: {problem.message}" if problem.line else f"{file}: {problem.message}"


def _read_all(place: Path) -> Iterator[tuple[str, Lesson | LessonError]]:
    """The lessons at a place, or what is wrong with them, by file. Raises MnistLabError where there are none."""
    for where, source in _sources(place):
        for language in source.texts:
            file = (
                str(where / f"{language}.md")
                if where.is_dir()
                else f"{where}" + f" ({language})" * (len(source.texts) > 1)
            )
            try:
                yield file, lessons.read_source(source, language)
            except LessonError as error:
                yield file, error


def _sources(place: Path) -> list[tuple[Path, Source]]:
    if place.is_file():
        return [(place, sources.of_file(place))]
    here = sources.one(place) if place.is_dir() else Source("", {})
    found = [(place, here)] if here.texts else [(place / one.name, one) for one in lessons.folder(place)]
    if not found:
        raise MnistLabError(N_("There is no lesson in {folder}: expected an en.md or ko.md there."), folder=str(place))
    return found
