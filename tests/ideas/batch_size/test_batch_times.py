"""The charts of seconds per epoch and per update."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.batch_size.batch_times import figure as charts
from mnist_core.ideas.batch_size.batch_times.figure import Times
from tests.charts import numbers, trace


def times() -> Times:
    """An update on 1 image takes 1 ms, on 100 2 ms, on 1,000 10 ms."""
    return Times(1_000, (1, 100, 1_000), np.array([0.001, 0.002, 0.01]))


def test_seconds_per_epoch_are_updates_times_the_time_of_one() -> None:
    assert times().updates.tolist() == [1_000, 10, 1]
    assert times().epochs == pytest.approx([1.0, 0.02, 0.01])
    figure = charts.epochs_chart(times(), False, str)
    assert numbers(trace(figure, "epochs")["y"]) == pytest.approx([1.0, 0.02, 0.01])
    assert numbers(trace(figure, "same")["y"]) == pytest.approx([1.0, 0.01, 0.001])
    updates, update = (make(times(), False, str) for make in (charts.updates_chart, charts.update_chart))
    assert numbers(trace(updates, "updates")["y"]).tolist() == [1_000, 10, 1]
    assert numbers(trace(update, "update")["y"]) == pytest.approx([1, 2, 10])
