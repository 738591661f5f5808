"""The difference against the step, and the times as bars."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.loss.gradient_check.concept import STEPS, Agreement, Cost
from mnist_core.ideas.loss.gradient_check.figure import difference_chart, duration, time_chart


def test_the_chosen_step_is_marked() -> None:
    found = Agreement(np.array([10.0**-n for n in range(2, 12)]), 0.1)
    figure = difference_chart(found, 1e-4, False, str)
    here = next(trace for trace in figure["data"] if trace["uid"] == "here")
    assert here["x"] == [STEPS[3]]
    assert here["y"] == pytest.approx([1e-5])


def test_bars_carry_their_times() -> None:
    costs = [("784-1-10", Cost(805, 20, 1e-4, 2e-3)), ("784-100-10", Cost(79_510, 20, 3e-4, 2e-2))]
    first, second = time_chart(costs, True, str)["data"]
    assert first["text"] == ["0.1 ms", "0.3 ms"]
    assert second["text"] == ["80 ms", "80 s"]


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0.00012, "0.12 ms"),
        (0.0999, "100 ms"),
        (0.25, "0.25 s"),
        (14.2, "14 s"),
        (119.0, "120 s"),
        (150.0, "2.5 min"),
        (9_000.0, "2.5 h"),
    ],
)
def test_times_in_words(seconds: float, said: str) -> None:
    assert duration(seconds, str) == said
