"""Whether predictions came true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics.predictions import observed, tally
from mnist_core.records import RateChange, Run

ALL = RunConfig(train_size=60_000, validation_size=0)
SPLIT = RunConfig()


def run(outcome: str | None, prediction: str | None = None, config: RunConfig = ALL, **result: float | None) -> Run:
    state = "finished" if outcome else "running"
    return Run("r", "ann", config, state, 1, 0.0, outcome=outcome, result=result, prediction=prediction)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("ended", "expected"),
    [
        (run("diverged"), "breaks"),
        (run("collapsed", test_accuracy=0.1), "breaks"),
        (run("completed", train_accuracy=0.8, test_accuracy=0.7), "learns"),
        (run("completed", train_accuracy=0.4, test_accuracy=0.85), "learns"),  # labels with noise
        (run("completed", train_accuracy=0.79, test_accuracy=0.78), "slow"),
        (run("completed", train_accuracy=0.5), None),  # the test images are sealed, and may say otherwise
        (run("completed", train_accuracy=0.9), "learns"),
        (run("completed", config=SPLIT, train_accuracy=0.4, validation_accuracy=0.85), "learns"),
        (run("completed", config=SPLIT, train_accuracy=0.7, validation_accuracy=0.79, test_accuracy=0.81), "slow"),
        (replace(run("diverged"), rate_changes=(RateChange(9, 5.0),)), None),
        (run("stopped", train_accuracy=0.9), None),
        (run("failed"), None),
        (run(None), None),
    ],
)
def test_what_came(ended: Run, expected: str | None) -> None:
    assert observed(ended) == expected


def test_the_tally_counts_what_has_shown_itself() -> None:
    runs = [
        run("diverged", "breaks"),
        run("diverged", "learns"),
        run("completed", "slow", train_accuracy=0.6, test_accuracy=0.5),
        run("stopped", "learns"),
        run("completed", None, test_accuracy=0.9),
        run("completed", "90", test_accuracy=0.9),  # neither right nor wrong
        replace(run("diverged", "breaks"), group="sweep"),
    ]
    counted = tally(runs, [1.0, 2.5])
    assert (counted.runs, counted.right, counted.off) == (3, 2, (1.0, 2.5))
    assert counted
    assert not tally([], [])
