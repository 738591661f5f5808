"""The chart of the two valleys."""

from __future__ import annotations

import pytest

from mnist_core.ideas.loss.local_minima.concept import descend
from mnist_core.ideas.loss.local_minima.figure import VIEW, hills_chart
from tests.figures.test_bowl import numbers, trace


def test_the_walk_is_drawn_as_far_as_it_is_near() -> None:
    walk = trace(hills_chart(descend(1.0, 0.2, 1), False, str), "walk")
    assert numbers(walk["x"]).tolist() == pytest.approx([1.0, 1.15])
    away = trace(hills_chart(descend(2.5, 1.0, 60), True, str), "walk")
    assert abs(numbers(away["x"])).max() <= 3 * VIEW
    assert len(away["marker"]["size"]) == len(numbers(away["x"]))
