"""What is to come of what a lesson trains, as its file says it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, get_args

from mnist_core.config import RANGES
from mnist_core.diagnostics.verdict import Kind
from mnist_core.lessons.fields import Fields
from mnist_core.lessons.schema import Claim, Dataset, Measure, RangeClaim, SweepClaim
from mnist_core.messages import N_
from mnist_core.records import Outcome

DATASETS: tuple[Dataset, ...] = get_args(Dataset)
# Seconds are a machine's own: none can be claimed.
MEASURES: tuple[Measure, ...] = tuple(name for name in get_args(Measure) if name != "seconds")
KEYS = ("outcome", "verdict", *MEASURES)
LARGEST = 1e9
RATES = RANGES["learning_rate"]
Some = TypeVar("Some", Claim, SweepClaim, RangeClaim)


def by_dataset(
    block: Fields, key: str, read: Callable[[Fields], Some | None], keys: tuple[str, ...]
) -> dict[Any, Some]:
    """What is claimed under `key`, by data set."""
    sets = block.mapping(key, DATASETS)
    claims = {name: read(sets.mapping(name, keys)) for name in sets.entries}
    return {name: claim for name, claim in claims.items() if claim is not None}


def of_run(fields: Fields) -> Claim | None:
    """What is claimed of a run; None where nothing is, which is told."""
    claim = Claim(
        outcomes=_typed(fields.words("outcome", get_args(Outcome))),
        verdicts=_typed(fields.words("verdict", get_args(Kind))),
        ranges=_ranges(fields),
    )
    return _unless_empty(fields, claim)


def of_sweep(rates: tuple[float, ...], fields: Fields) -> SweepClaim | None:
    """What is claimed of a sweep over these rates."""
    claim = SweepClaim(
        *(_typed(fields.pair(key, RATES.minimum, RATES.maximum)) for key in ("breaks_from", "best")),
    )
    for key, ends in (("breaks_from", claim.breaks_from), ("best", claim.best)):
        if ends is not None and rates and not any(ends[0] <= rate <= ends[1] for rate in rates):
            fields.faults.add(fields.at(key), N_("No rate of the sweep lies within {key}."), key=key)
    return _unless_empty(fields, claim)


def of_range_test(fields: Fields) -> RangeClaim | None:
    """What is claimed of a range test."""
    claim = RangeClaim(*(_typed(fields.pair(key, RATES.minimum, RATES.maximum)) for key in ("suggested", "breaks")))
    return _unless_empty(fields, claim)


def _ranges(fields: Fields) -> Mapping[Measure, tuple[float, float]]:
    found: dict[Measure, tuple[float, float]] = {}
    for name in MEASURES:
        is_fraction = name.endswith("accuracy")
        ends = fields.pair(name, 0, 1 if is_fraction else LARGEST)
        if ends is not None:
            found[name] = ends
    return found


def _unless_empty(fields: Fields, claim: Some) -> Some | None:
    if claim != type(claim)():
        return claim
    if not fields.entries:
        fields.faults.add(fields.line, N_("Nothing is said here of what is to come."))
    return None


def _typed(value: Any) -> Any:
    """Words and pairs were checked against the type's own."""
    return value
