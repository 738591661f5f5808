"""Two local minima: steps by hand, where descents end, and their chart."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.loss.local_minima.concept import descend, end, height, slope
from mnist_core.ideas.loss.local_minima.figure import VIEW, trajectory_chart
from tests.charts import numbers, trace


def test_steps_by_hand() -> None:
    # slope(1) = 1 − 2 + 0.25 = −0.75
    assert descend(1.0, 0.2, 1).tolist() == pytest.approx([1.0, 1.15])


@pytest.mark.parametrize("x", [-2.0, -0.3, 0.0, 1.7])
def test_the_slope_is_the_numerical_one(x: float) -> None:
    assert slope(x) == pytest.approx(float(height(x + 1e-4) - height(x - 1e-4)) / 2e-4, abs=1e-6)


def test_the_start_decides_where_it_ends_and_the_shallow_valley_is_higher() -> None:
    deep, shallow = descend(-0.5, 0.1, 300), descend(0.5, 0.1, 300)
    assert (end(deep), end(shallow)) == ("global", "local")
    assert height(deep[-1]) < height(shallow[-1]) - 0.5


def test_under_way_and_away() -> None:
    assert end(descend(2.0, 0.01, 2)) == "not converged"
    away = descend(2.5, 1.0, 60)
    assert end(away) == "diverged"
    assert np.isfinite(away).all()


def test_the_walk_is_drawn_as_far_as_it_is_near() -> None:
    path = trace(trajectory_chart(descend(1.0, 0.2, 1), False, str), "trajectory")
    assert numbers(path["x"]).tolist() == pytest.approx([1.0, 1.15])
    away = trace(trajectory_chart(descend(2.5, 1.0, 60), True, str), "trajectory")
    assert abs(numbers(away["x"])).max() <= 3 * VIEW
    assert len(away["marker"]["size"]) == len(numbers(away["x"]))
