"""Whether what a lesson claims has come: of a run, a sweep, a range test. Nothing here trains."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mnist_core.diagnostics.range_test import Reading
from mnist_core.lessons.claims import MEASURES
from mnist_core.lessons.schema import Claim, Dataset, RangeClaim, RangeTestBlock, RunBlock, SweepBlock, SweepClaim
from mnist_core.records import Outcome

Pair = tuple[float, float]
TrainingBlock = RunBlock | SweepBlock | RangeTestBlock
BROKEN: tuple[Outcome, ...] = ("diverged", "collapsed")


@dataclass(frozen=True)
class Came:
    """What came of a run: outcome, verdict and figures, by the names of `schema.Measure`."""

    outcome: str | None
    verdict: str | None = None
    figures: Mapping[str, float | None] = field(default_factory=dict)


@dataclass(frozen=True)
class SweepCame:
    """What came of each rate."""

    runs: Mapping[float, Came]

    @property
    def breaks_from(self) -> float | None:
        """The lowest rate that diverged or collapsed."""
        return min((rate for rate, came in self.runs.items() if came.outcome in BROKEN), default=None)

    @property
    def best(self) -> float | None:
        """The rate with the highest validation accuracy, of equal ones the lowest; without validation images, by the test's."""
        scores = {rate: _score(came) for rate, came in sorted(self.runs.items()) if came.outcome not in BROKEN}
        return max(scores, key=scores.__getitem__, default=None)


@dataclass(frozen=True)
class RangeCame:
    """The rates that a range test suggests, and the one at which it breaks."""

    suggested: tuple[float, ...]
    breaks: float | None


AnyClaim = Claim | SweepClaim | RangeClaim
AnyCame = Came | SweepCame | RangeCame


@dataclass(frozen=True)
class Row:
    """One thing that is claimed, what came, and whether it is that."""

    what: str
    expected: str
    came: str
    holds: bool


def of_result(result: Mapping[str, Any]) -> Came:
    """What came of a run whose results these are (`training.single_run.RESULT_KEYS`, with its outcome)."""
    return Came(result.get("outcome"), result.get("verdict"), {name: result.get(name) for name in MEASURES})


def of_reading(reading: Reading) -> RangeCame:
    """What came of a range test."""
    return RangeCame(tuple(suggestion.rate for suggestion in reading.suggestions), reading.breaks)


def claim_of(block: TrainingBlock, dataset: Dataset, *, light: bool) -> AnyClaim | None:
    """What a block claims for this data set, with its settings or the light ones; None: nothing."""
    claims: Mapping[Dataset, AnyClaim] = block.light_claims if light else block.claims
    return claims.get(dataset)


def check(claim: AnyClaim, came: AnyCame) -> list[Row]:
    """Each thing that is claimed. Raises TypeError where what came is of another kind."""
    if isinstance(claim, Claim) and isinstance(came, Came):
        return _run(claim, came)
    if isinstance(claim, SweepClaim) and isinstance(came, SweepCame):
        return _pairs({"breaks_from": claim.breaks_from, "best": claim.best}, came)
    if isinstance(claim, RangeClaim) and isinstance(came, RangeCame):
        return _pairs({"suggested": claim.suggested, "breaks": claim.breaks}, came)
    raise TypeError(f"{type(claim).__name__} says nothing of {type(came).__name__}")


def holds(claim: Claim, came: Came) -> bool:
    """Whether a run is what is claimed."""
    return all(row.holds for row in _run(claim, came))


def _run(claim: Claim, came: Came) -> list[Row]:
    rows = []
    if claim.outcomes:
        rows.append(_row("outcome", claim.outcomes, came.outcome))
    if claim.verdicts:
        rows.append(_row("verdict", claim.verdicts, came.verdict))
    return rows + [_within(name, ends, [came.figures.get(name)]) for name, ends in claim.ranges.items()]


def _pairs(claims: Mapping[str, Pair | None], came: SweepCame | RangeCame) -> list[Row]:
    rows = []
    for name, ends in claims.items():
        if ends is not None:
            value = getattr(came, name)
            rows.append(_within(name, ends, value if isinstance(value, tuple) else [value]))
    return rows


def _row(what: str, expected: Sequence[str], came: str | None) -> Row:
    return Row(what, " or ".join(expected), came or "–", came in expected)


def _within(what: str, ends: Pair, values: Sequence[float | None]) -> Row:
    shown = ", ".join(map(number, values)) or "–"
    within = [value is not None and ends[0] <= value <= ends[1] for value in values]
    return Row(what, f"{number(ends[0])} to {number(ends[1])}", shown, bool(within) and all(within))


def number(value: float | None) -> str:
    """A figure in a table."""
    return "–" if value is None else f"{value:.4g}" if abs(value) < 10_000 else f"{value:,.0f}"


def _score(came: Came) -> float:
    values = [came.figures.get(name) for name in ("validation_accuracy", "test_accuracy")]
    return next((value for value in values if value is not None), 0.0)
