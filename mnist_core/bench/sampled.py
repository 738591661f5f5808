"""For benchmarks of sampled cases: a file of cases to go on with, a proportion with its interval, a table."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from mnist_core.bench.report import cannot_write
from mnist_core.errors import MnistLabError

Record = dict[str, Any]


def cases(count: int, seed: int, file: Path | None, make: Callable[[int], Record]) -> Iterator[Record]:
    """The cases number 0 to count − 1 of this seed, in order: those that `file` has, and the others, made now.

    `file` (JSON lines) gets each as soon as it is made, so that a measurement can be stopped and gone on with. Raises
    MnistLabError where it can be neither read nor written.
    """
    by_number = {case["number"]: case for case in _read(file) if case["seed"] == seed}
    for number in range(count):
        if number not in by_number:
            by_number[number] = {"seed": seed, "number": number} | make(number)
            _append(file, by_number[number])
        yield by_number[number]


def _read(file: Path | None) -> list[Record]:
    if file is None or not file.exists():
        return []
    try:
        records = [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
        return [case for case in records if case["seed"] is not None and case["number"] is not None]
    except (OSError, ValueError, TypeError, KeyError) as error:
        template = "{file} holds no cases of this benchmark, one JSON object a line. Name another file."
        raise MnistLabError(template, file=str(file)) from error


def _append(file: Path | None, case: Record) -> None:
    if file is None:
        return
    try:
        with file.open("a", encoding="utf-8") as target:
            target.write(json.dumps(case) + "\n")
    except OSError as error:
        raise cannot_write(file, error) from error


def interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's 95 % interval for a proportion (Wilson 1927)."""
    z = 1.96
    fraction = right / count
    middle = (fraction + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * math.sqrt(fraction * (1 - fraction) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return middle - half, middle + half


def proportion(right: int, count: int) -> str:
    """`57 of 60: 95.0% (95 % interval 86.3% to 98.3%)`."""
    low, high = interval(right, count)
    return f"{right} of {count}: {right / count:.1%} (95 % interval {low:.1%} to {high:.1%})"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a table in Markdown."""
    return ["| " + " | ".join(line) + " |" for line in (head, ["---"] * len(head), *rows)]
