"""The loss surface of a line: by hand, beside a least-squares fit, beside gradients by difference; its charts."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.data.pixel_scaling import concept
from mnist_core.ideas.data.pixel_scaling import figure as charts
from tests.charts import numbers, trace

X, Y = np.array([0.0, 1.0, 2.0, 3.0]), np.array([1.0, 3.0, 5.0, 7.5])


def loss(a: float, b: float) -> float:
    return float(0.5 * ((a * X + b - Y) ** 2).mean())


def test_the_lowest_place_is_the_fitted_line() -> None:
    assert concept.surface(X, Y).lowest == pytest.approx(np.polyfit(X, Y, 1))


def test_heights_are_losses_and_a_step_follows_the_gradient() -> None:
    bowl = concept.surface(X, Y)
    places = np.array([[0.0, 0.0], [2.0, -1.0]])
    minimum = loss(*bowl.lowest)
    assert bowl.above(places) == pytest.approx([loss(0, 0) - minimum, loss(2, -1) - minimum])
    h = 1e-6
    gradient = [(loss(2 + h, -1) - loss(2 - h, -1)) / (2 * h), (loss(2, -1 + h) - loss(2, -1 - h)) / (2 * h)]
    stepped = concept.descend(bowl, np.array([2.0, -1.0]), 0.1, 1)[1]
    assert stepped == pytest.approx([2 - 0.1 * gradient[0], -1 - 0.1 * gradient[1]], abs=1e-6)


def test_curvatures_by_hand() -> None:
    # x of mean 0 and deviation 2: the Hessian is diag(4, 1).
    bowl = concept.surface(np.array([-2.0, 2.0]), np.array([0.0, 1.0]))
    assert bowl.curvatures == pytest.approx((4.0, 1.0))
    assert bowl.condition == pytest.approx(4.0)
    assert bowl.edge == pytest.approx(0.5)
    # At half the edge the slow direction keeps 1 − 0.25 of its distance: ln 0.01 / ln 0.75 = 16.008.
    assert concept.steps_needed(bowl, 0.25) == 17
    walked = concept.descend(bowl, bowl.lowest + np.array([0, 1]), 0.25, 17) - bowl.lowest
    assert abs(walked[16, 1]) > 0.01 > abs(walked[17, 1])
    assert concept.steps_needed(bowl, 0.5) == float("inf")
    assert len(concept.descend(bowl, bowl.lowest + np.array([1, 0]), 5.0, 60)) < 61  # ran away, cut off


def test_each_scale_makes_the_bowl_rounder() -> None:
    pixel = np.array([0, 0, 100, 255, 255], np.uint8)
    conditions = [
        concept.surface(x, x).condition
        for x in (concept.scaled(pixel, scale) for scale in ("raw", "scaled", "standardized"))
    ]
    assert conditions[0] > 1_000 > conditions[1] > conditions[2]
    assert conditions[2] == pytest.approx(1.0)
    centered = concept.scaled(pixel, "centered")
    assert centered.mean() == pytest.approx(0)
    assert centered.max() - centered.min() == pytest.approx(1)


def test_a_pixel_that_never_changes_is_no_error() -> None:
    still = concept.scaled(np.zeros(9, np.uint8), "standardized")
    assert not still.any()
    bowl = concept.surface(still, still)
    assert bowl.condition == float("inf")
    assert np.isfinite(bowl.lowest).all()


def test_the_surface_of_a_line_and_the_walk_on_it() -> None:
    x, y = np.array([-2.0, 2.0]), np.array([0.0, 1.0])
    bowl = concept.surface(x, y)
    walked = concept.descend(bowl, bowl.lowest + np.array([1.0, 0.0]), 0.25, 3)
    figure = charts.surface_chart(bowl, walked, "raw", False, str)
    z = numbers(trace(figure, "surface")["z"]).reshape(charts.GRID, charts.GRID)
    assert z[20, 20] == pytest.approx(0, abs=1e-6)
    # One away along the slope a: ½ · 4 · 1, drawn by its root; the other way only ½.
    assert z[20, -1] == pytest.approx(charts.WINDOW * np.sqrt(2), rel=1e-5)
    assert z[-1, 20] == pytest.approx(charts.WINDOW * np.sqrt(0.5), rel=1e-5)
    assert len(numbers(trace(figure, "trajectory")["x"])) == 4
    away = concept.descend(bowl, bowl.lowest + np.array([1.0, 0.0]), 3.0, 50)
    xs = numbers(trace(charts.surface_chart(bowl, away, "raw", False, str), "trajectory")["x"])
    assert np.abs(xs - bowl.lowest[0]).max() < 5  # what runs away leaves the axes as they are


def test_the_histogram_counts_every_value() -> None:
    figure = charts.histogram_chart(np.repeat([0.0, 1.0], [30, 10]), "scaled", False, str)
    counts = numbers(trace(figure, "histogram")["y"])
    assert (counts[0], counts[-1], np.nansum(counts)) == (30, 10, 40)
    assert [shape["x0"] for shape in figure["layout"]["shapes"]][1] == 0.25
