"""One update of a step, and what it measured of each run."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mnist_core.training.step import UNMEASURED, Block, Chunks, Step, Stop, never


class Measured(NamedTuple):
    """What an update measured of one run; no norm where none was asked for."""

    loss: float
    hits: int
    gradient_norm: float | None


def make_update(
    step: Step, number: int, chunks: Chunks, rates: Sequence[float], stop: Stop = never, *, norms: bool = True
) -> list[Measured] | None:
    """Update `number` of every run; None where `stop` interrupted it."""
    result = step.make(Block.of_one(number, chunks, rates, measured=norms), stop)
    if not len(result):
        return None
    columns = (values[0].tolist() for values in (result.losses, result.hits, result.norms))
    return [
        Measured(loss, hits, None if norm == UNMEASURED else norm) for loss, hits, norm in zip(*columns, strict=True)
    ]
