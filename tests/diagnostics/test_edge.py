"""Sharpness beside the edge, from hand-made records."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics.edge import edges, phase, sentence
from mnist_core.records import SHARPNESS_DTYPE, Curves, Run


def run(**changes: object) -> Run:
    config = RunConfig(**{"learning_rate": 0.1, "sharpness": True, **changes})  # type: ignore[arg-type]
    return Run("r", "ann", config, "running", 1, 0.0)


def measured(values: list[float], rate: float = 0.1) -> Curves:
    rows = np.zeros(len(values), SHARPNESS_DTYPE)
    rows["step"] = 10 * np.arange(len(values))
    rows["sharpness"], rows["learning_rate"] = values, rate
    return Curves(sharpness=rows)


@pytest.mark.parametrize(
    ("optimizer", "edge"), [("sgd", 20.0), ("momentum", 38.0), ("nesterov", 3.8 / 0.28), ("adam", None)]
)
def test_the_edge_of_each_optimizer(optimizer: str, edge: float | None) -> None:
    limit = edges(RunConfig(optimizer=optimizer, momentum=0.9), np.array([0.1], np.float32))  # type: ignore[arg-type]
    assert limit is None if edge is None else limit == pytest.approx(edge, rel=1e-5)


@pytest.mark.parametrize(
    ("values", "state", "part"),
    [
        ([5, 8, 12, 16, 19, 20, 21, 20, 21], "hovers", "reached the stability edge, 20, and stays close to it, at 21"),
        ([5, 6, 7, 8, 9, 10, 11, 12, 12], "sharpening", "grown from 5 to 12; the stability edge is at 20"),
        ([9, 8, 7, 6, 5, 5, 5, 5, 5], "below", "stays below the stability edge, 20"),
        ([40] * 9, "above", "40, is above the stability edge, 20"),
        ([5, 8, 12, 16, 19, 25, np.nan, np.nan, np.nan], "broke", "the weights diverged"),
    ],
)
def test_what_is_seen(values: list[float], state: str, part: str) -> None:
    assert phase(run(), measured(values)) == state
    assert part in str(sentence(run(), measured(values)))


def test_nothing_is_said_too_early_or_where_no_edge_is_known() -> None:
    assert sentence(run(), measured([5, 8])) is None
    assert sentence(run(optimizer="adam"), measured([20] * 9)) is None
    assert sentence(replace(run(optimizer="adam"), outcome="diverged"), Curves()) is None
    assert "the weights diverged" in str(sentence(replace(run(), outcome="diverged"), Curves()))
