"""Whether predictions came true."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics.predictions import came, tally
from mnist_core.records import Run


def run(outcome: str | None, prediction: str | None = None, **result: float | None) -> Run:
    state = "finished" if outcome else "running"
    return Run("r", "ann", RunConfig(), state, 1, 0.0, outcome=outcome, result=result, prediction=prediction)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (run("diverged"), "breaks"),
        (run("collapsed", test_accuracy=0.1), "breaks"),
        (run("completed", train_accuracy=0.8, test_accuracy=0.7), "learns"),
        (run("completed", train_accuracy=0.4, test_accuracy=0.85), "learns"),  # labels with noise
        (run("completed", train_accuracy=0.79, test_accuracy=0.78), "slow"),
        (run("completed", test_accuracy=None), "slow"),
        (run("stopped", train_accuracy=0.9), None),
        (run("failed"), None),
        (run(None), None),
    ],
)
def test_what_came(ended: Run, expected: str | None) -> None:
    assert came(ended) == expected


def test_the_tally_counts_what_has_shown_itself() -> None:
    runs = [
        run("diverged", "breaks"),
        run("diverged", "learns"),
        run("completed", "slow", test_accuracy=0.5),
        run("stopped", "learns"),
        run("completed", None, test_accuracy=0.9),
    ]
    counted = tally(runs, [1.0, 2.5])
    assert (counted.runs, counted.right, counted.off) == (3, 2, (1.0, 2.5))
    assert counted
    assert not tally([], [])
