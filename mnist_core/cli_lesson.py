"""`python -m mnist_core lesson`: `check FILE…` says what is wrong with lessons, `run FILE…` whether what they claim comes true."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import combinations
from pathlib import Path
from typing import Any, get_args

from mnist_core import lessons
from mnist_core.cli_options import Parser
from mnist_core.config import DatasetName, RunConfig
from mnist_core.data import available, ensure_built_in, load_dataset
from mnist_core.errors import LessonError, LineProblem, MnistLabError
from mnist_core.lessons import Lesson, Source, claim_check, languages, proof, sources
from mnist_core.lessons.claim_check import AnyCame, Came, RangeCame, SweepCame, number
from mnist_core.lessons.proof import Proof, Trained, Trainer
from mnist_core.lessons.schema import Dataset
from mnist_core.messages import N_

# Beside the claims of a run: what a teacher wants to see of one of which nothing is claimed.
SHOWN = ("train_accuracy", "validation_accuracy", "test_accuracy")


def add_commands(parser: Parser) -> None:
    """The commands after `lesson`."""
    commands = parser.add_subparsers(required=True, metavar="check|run", parser_class=Parser)
    check = commands.add_parser("check", help="say everything that is wrong with lessons")
    check.set_defaults(command=_check, parser=check)
    run = commands.add_parser("run", help="train what lessons train, and see whether what they claim comes true")
    run.set_defaults(command=_run, parser=run)
    for command in (check, run):
        command.add_argument(
            "places",
            metavar="FILE",
            nargs="+",
            type=Path,
            help="a Markdown file, a zip, a lesson's folder, or a folder of them",
        )
    run.add_argument("--data", metavar="DIR", type=Path, help="folder that has the images of MNIST")
    run.add_argument(
        "--dataset",
        choices=get_args(Dataset),
        help="what to train on (default: MNIST where it is, else the built-in digits)",
    )
    run.add_argument("--light", action="store_true", help="with the settings for a very small host")
    run.add_argument("--threads", metavar="N", type=int, help="threads for training (default: as many as are of use)")
    run.add_argument("--device", metavar="NAME", help="auto, cpu, cuda or mps (default: MNIST_LAB_DEVICE, else auto)")
    run.add_argument("--json", action="store_true", help="print all of it as one JSON object on the last line")


# ---- reading ---------------------------------------------------------------------------------------------------


def _check(options: argparse.Namespace) -> int:
    found = _read_all(options.places)
    for file, lesson in found:
        if isinstance(lesson, Lesson):
            print(f"{file}: nothing is wrong ({len(lesson.blocks)} blocks)")
    return _status_of(found)


def _status_of(found: Sequence[tuple[str, Lesson | LessonError]]) -> int:
    """Say what is wrong; 2 where anything is."""
    faulty = [(file, error) for file, error in found if isinstance(error, LessonError)]
    for file, error in faulty:
        for problem in error.problems:
            print(_line(file, problem), file=sys.stderr)
    return 2 if faulty else 0


def _line(file: str, problem: LineProblem) -> str:
    return f"{file}:{problem.line}: {problem.message}" if problem.line else f"{file}: {problem.message}"


def _read_all(places: Sequence[Path]) -> list[tuple[str, Lesson | LessonError]]:
    """The lessons at these places, or what is wrong with them, by file. Raises MnistLabError where there are none."""
    return [
        (file, lesson) for place in places for where, source in _sources(place) for file, lesson in _read(where, source)
    ]


def _read(where: Path, source: Source) -> Iterator[tuple[str, Lesson | LessonError]]:
    """A lesson in all its languages, and where they differ in what they must not."""
    read: dict[str, Lesson] = {}
    for language in source.texts:
        try:
            read[language] = lessons.read_source(source, language)
        except LessonError as error:
            yield _file(where, source, language), error
    differing = {two: languages.differences(read[one], read[two]) for one, two in combinations(read, 2)}
    for language, lesson in read.items():
        problems = differing.get(language)
        yield _file(where, source, language), LessonError(problems) if problems else lesson


def _file(where: Path, source: Source, language: str) -> str:
    if where.is_dir():
        return str(where / f"{language}.md")
    return f"{where} ({language})" if len(source.texts) > 1 else str(where)


def _sources(place: Path) -> list[tuple[Path, Source]]:
    if place.is_file():
        return [(place, sources.of_file(place))]
    here = sources.one(place) if place.is_dir() else Source("", {})
    found = [(place, here)] if here.texts else [(place / one.name, one) for one in lessons.folder(place)]
    if not found:
        raise MnistLabError(N_("There is no lesson in {folder}: expected an en.md or ko.md there."), folder=str(place))
    return found


# ---- training --------------------------------------------------------------------------------------------------


def _run(options: argparse.Namespace) -> int:
    found = _read_all(options.places)
    if status := _status_of(found):
        return status
    dataset: Dataset = options.dataset or ("mnist" if available("mnist", options.data) else "built-in")
    trained = Trained(trainer(options.data, options.threads, options.device))
    outputs = []
    for file, lesson in found:
        if isinstance(lesson, Lesson):
            outputs.append(_run_one(file, lesson, trained, dataset, options))
    if options.json:
        print(json.dumps({"dataset": dataset, "light": options.light, "lessons": outputs}))
    return 0 if all(claim["holds"] for output in outputs for claim in output["claims"]) else 1


def _run_one(
    file: str, lesson: Lesson, trained: Trained, dataset: Dataset, options: argparse.Namespace
) -> dict[str, Any]:
    """Train a lesson, print what came, and give it as JSON has it."""
    if not options.json:
        print(f"{file} ({dataset})")
    blocks = proof.training_blocks(lesson)
    for done, block in enumerate(trained.train(blocks, dataset, light=options.light), 1):
        if sys.stderr.isatty():
            print(f"\r{done} of {len(blocks)} blocks trained: {block.name} ", end="", file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    found = proof.proofs(lesson, trained, dataset, light=options.light)
    came = {block.name: trained.came(block, dataset, light=options.light) for block in blocks}
    if not options.json:
        _print_table(_rows(found, came))
    return {
        "file": file,
        "claims": [{"block": one.block.name, "line": one.block.line, **vars(one.row)} for one in found],
        "came": {name: vars(one) if isinstance(one, Came | RangeCame) else _sweep(one) for name, one in came.items()},
    }


def _sweep(came: SweepCame) -> dict[str, Any]:
    return {f"{rate:g}": vars(one) for rate, one in came.runs.items()}


def _rows(found: Sequence[Proof], came: dict[str, AnyCame]) -> list[tuple[str, ...]]:
    """The table: what is claimed first, then what came of blocks that claim nothing."""
    claims = [
        (one.block.name, one.row.what, one.row.expected, one.row.came, "ok" if one.row.holds else "NOT SO")
        for one in found
    ]
    silent = [name for name in came if name not in {row[0] for row in claims}]
    return [
        ("block", "claim", "expected", "came", ""),
        *claims,
        *((name, "–", "", _words(came[name]), "") for name in silent),
    ]


def _words(came: AnyCame) -> str:
    """What came, in a line."""
    if isinstance(came, SweepCame):
        return f"best {number(came.best)}, breaks from {number(came.breaks_from)}"
    if isinstance(came, RangeCame):
        suggested = ", ".join(map(number, came.suggested)) or "–"
        return f"suggested {suggested}, breaks {number(came.breaks)}"
    figures = [f"{name} {number(came.figures.get(name))}" for name in SHOWN]
    return ", ".join([f"{came.outcome} ({came.verdict})", *figures])


def _print_table(rows: Sequence[tuple[str, ...]]) -> None:
    claims = [row for row in rows if row[1] != "–"]  # what came of the others is a long line
    widths = [max(len(row[column]) for row in claims) for column in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, [*widths, 0], strict=True)]
        print("  ".join(cells).rstrip())


def trainer(data: Path | None = None, threads: int | None = None, device: str | None = None) -> Trainer:
    """Trains in this process, with the images in the folder `data`; the built-in digits are drawn where they are not there."""
    from mnist_core import training

    @cache
    def images(name: DatasetName) -> Any:
        if name == "built-in" and not available(name, data):
            ensure_built_in()
        return load_dataset(name, data if name != "built-in" or available(name, data) else None)

    def run(config: RunConfig) -> Came:
        # As a sweep of one: train() measures 60,000 images besides, which takes longer than a small CNN trains.
        return sweep(config, [config.learning_rate])[0]

    def sweep(config: RunConfig, rates: Sequence[float]) -> list[Came]:
        done = training.sweep(config, rates, dataset=images(config.dataset), threads=threads, device=device)
        return [claim_check.of_result({**one.result, "outcome": one.outcome}) for one in done.runs]

    def range_test(config: RunConfig) -> RangeCame:
        reading = training.range_test(config, images(config.dataset), threads=threads, device=device)
        return claim_check.of_reading(reading)

    return Trainer(run, sweep, range_test)
