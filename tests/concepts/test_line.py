"""The loss surface of a line: by hand, beside a least-squares fit, beside gradients by difference."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.data.pixel_scaling import concept as line

X, Y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 7.5])


def loss(a: float, b: float) -> float:
    return float(0.5 * ((a * X + b - Y) ** 2).mean())


def test_the_lowest_place_is_the_fitted_line() -> None:
    assert line.surface(X, Y).lowest == pytest.approx(np.polyfit(X, Y, 1))


def test_heights_are_losses_and_a_step_follows_the_gradient() -> None:
    bowl = line.surface(X, Y)
    places = np.array([[0.0, 0.0], [2.0, -1.0]])
    minimum = loss(*bowl.lowest)
    assert bowl.above(places) == pytest.approx([loss(0, 0) - minimum, loss(2, -1) - minimum])
    h = 1e-6
    gradient = [(loss(2 + h, -1) - loss(2 - h, -1)) / (2 * h), (loss(2, -1 + h) - loss(2, -1 - h)) / (2 * h)]
    stepped = line.descend(bowl, np.array([2.0, -1.0]), 0.1, 1)[1]
    assert stepped == pytest.approx([2 - 0.1 * gradient[0], -1 - 0.1 * gradient[1]], abs=1e-6)


def test_curvatures_by_hand() -> None:
    # x of mean 0 and deviation 2: the Hessian is diag(4, 1).
    bowl = line.surface(np.array([-2.0, 2.0]), np.array([0.0, 1.0]))
    assert bowl.curvatures == pytest.approx((4.0, 1.0))
    assert bowl.condition == pytest.approx(4.0)
    assert bowl.edge == pytest.approx(0.5)
    # At half the edge the slow direction keeps 1 − 0.25 of its distance: ln 0.01 / ln 0.75 = 16.008.
    assert line.steps_needed(bowl, 0.25) == 17
    walked = line.descend(bowl, bowl.lowest + np.array([0, 1]), 0.25, 17) - bowl.lowest
    assert abs(walked[16, 1]) > 0.01 > abs(walked[17, 1])
    assert line.steps_needed(bowl, 0.5) == float("inf")
    assert len(line.descend(bowl, bowl.lowest + np.array([1, 0]), 5.0, 60)) < 61  # ran away, cut off


def test_each_scale_makes_the_bowl_rounder() -> None:
    pixel = np.array([0, 0, 100, 255, 255], np.uint8)
    conditions = [
        line.surface(x, x).condition for x in (line.scaled(pixel, scale) for scale in ("raw", "scaled", "standardized"))
    ]
    assert conditions[0] > 1_000 > conditions[1] > conditions[2]
    assert conditions[2] == pytest.approx(1.0)
    centered = line.scaled(pixel, "centered")
    assert centered.mean() == pytest.approx(0)
    assert centered.max() - centered.min() == pytest.approx(1)


def test_a_pixel_that_never_changes_is_no_error() -> None:
    still = line.scaled(np.zeros(9, np.uint8), "standardized")
    assert not still.any()
    bowl = line.surface(still, still)
    assert bowl.condition == float("inf")
    assert np.isfinite(bowl.lowest).all()
