"""Outcomes, from hand-made records."""

from __future__ import annotations

import math

import pytest

from mnist_core.config import RunConfig
from mnist_core.diagnostics import classify

CONFIG = RunConfig(learning_rate=0.5)


def point(loss: float, accuracy: float = 0.5, dead: float = 0.0) -> dict[str, float]:
    return {"train_loss": loss, "train_accuracy": accuracy, "dead_units": dead}


@pytest.mark.parametrize(
    ("last", "not_finite", "outcome"),
    [
        (point(0.1, 0.97), False, "completed"),
        (point(0.1, 0.97), True, "diverged"),  # it broke and training went on
        (point(math.nan, 0.1), False, "diverged"),
        (point(50.0, 0.1), False, "diverged"),  # far above 2 · 2.303
        (point(2.303, 0.11, 1.0), False, "collapsed"),
        (point(2.302, 0.11, 0.1), False, "completed"),  # alive: it has not learned yet
        (point(0.3, 0.9, 0.95), False, "completed"),  # many dead units, yet it learned
        (point(3.5, 0.1, 0.0), False, "completed"),
    ],
)
def test_rules(last: dict[str, float], not_finite: bool, outcome: str) -> None:
    assert classify(CONFIG, point(2.31, 0.1), last, not_finite=not_finite) == outcome


def test_wrong_labels_move_what_is_no_learning() -> None:
    """With 80 % wrong labels 20 % can be reached: a network that gets 18 % is alive, however many units are dead."""
    last = point(2.27, 0.18, 0.95)
    assert classify(CONFIG.replace(label_noise=0.8), point(2.31, 0.1), last, not_finite=False) == "completed"
    assert classify(CONFIG, point(2.31, 0.1), last, not_finite=False) == "collapsed"
