"""What runs have reached, beside what a lesson asks: claims, one's own numbers, right answers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Mapping, Sequence

from mnist_core.lessons.schema import (
    CheckBlock,
    Claim,
    Measure,
    OwnNumber,
    PredictBlock,
    QuestionBlock,
)
from mnist_core.networks.models import describe
from mnist_core.records import Run

Runs = Mapping[str, Sequence[Run]]  # by block, newest first


def measured(run: Run, measure: Measure) -> float | None:
    """What a run that is over reached; accuracies as fractions. None where that is not known, or may not be seen."""
    if run.state != "finished":
        return None
    if measure == "seconds":
        return run.progress.seconds
    if measure == "parameters":
        return float(describe(run.config).parameters)
    value = run.result.get(measure)
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else None


def is_of_test(measure: Measure) -> bool:
    """Whether it was measured on test images, which may be sealed."""
    return measure.startswith("test_")


def holds(claim: Claim, run: Run) -> bool:
    """Whether the claim holds for a run that is over."""
    if run.state != "finished" or run.outcome == "failed":
        return False
    if claim.outcomes and run.outcome not in claim.outcomes:
        return False
    if claim.verdicts and run.result.get("verdict") not in claim.verdicts:
        return False
    for measure, (least, greatest) in claim.ranges.items():
        value = measured(run, measure)
        if value is None or not least <= value <= greatest:
            return False
    return True


def is_done(check: CheckBlock, runs: Runs) -> bool:
    """Whether a run of the student's has reached what is asked."""
    asked: Iterable[Run] = (
        runs.get(check.run, ()) if check.run is not None else (run for some in runs.values() for run in some)
    )
    return any(holds(check.claim, run) for run in asked)


def target(block: QuestionBlock, runs: Runs) -> float | None:
    """The right number; None where it is one's own and no run has told it yet."""
    number = block.number
    if not isinstance(number, OwnNumber):
        return number
    for run in runs.get(number.run, ()):
        value = measured(run, number.measure)
        if value is not None:
            return 100 * value if number.measure.endswith("accuracy") and block.unit == "%" else value
    return None


def is_right_number(value: float, right: float, tolerance: float) -> bool:
    """Whether a number is within the tolerance of the right one, its end among it."""
    return abs(value - right) <= tolerance + 1e-9 * max(1.0, abs(right))


def is_right_choice(block: QuestionBlock, chosen: Sequence[int]) -> bool:
    """Whether the right answers were chosen, all of them and no other."""
    return {number for number, answer in enumerate(block.answers) if answer.right} == set(chosen)


def content(block: QuestionBlock | PredictBlock) -> str:
    """An identity of what is asked, the same in every language: answers to another question are none to this one."""
    rights = tuple(answer.right for answer in block.answers)
    more: tuple[object, ...] = (
        (block.several, block.number, block.tolerance, block.unit)
        if isinstance(block, QuestionBlock)
        else (block.of, block.question)
    )
    return hashlib.sha256(repr((type(block).__name__, rights, *more)).encode()).hexdigest()[:16]
