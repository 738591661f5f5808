"""The landscape's charts: contours, surface, what is no number, and the path at its height."""

from __future__ import annotations

import json

import numpy as np
import pytest

from mnist_core.ideas.stability.landscape import figure as charts
from mnist_core.ideas.stability.landscape.figure import Plane


def plane(explained: tuple[float, float] | None = (0.8, 0.15)) -> Plane:
    """A bowl whose loss is 0.01 · 10^(x + y)."""
    xs, ys = np.linspace(-2, 1, 7), np.linspace(-1, 1, 5)
    losses = 10 ** (xs[None] + ys[:, None] - 2)
    path = np.array([[-1.75, 0.25], [-1.0, 0.5], [0.0, 0.0]]) if explained else np.zeros((1, 2))
    return Plane(xs, ys, losses, path, np.array([0, 5, 10])[-len(path) :], explained, 500)


def test_heights_between_the_points_of_the_grid() -> None:
    heights = plane().height_at(np.array([[-1.75, 0.25], [1.0, 1.0], [-2.0, -1.0]]))
    np.testing.assert_allclose(heights, [-3.5, 0.0, -5.0], atol=1e-9)


@pytest.mark.parametrize("make", [charts.contours, charts.surface])
@pytest.mark.parametrize("dark", [False, True])
def test_the_path_with_its_ends_lies_on_the_ground(make: object, dark: bool) -> None:
    figure = make("id", plane(), dark, str)  # type: ignore[operator]
    uids = [trace["uid"] for trace in figure["data"] if trace["uid"] != "casing"]
    assert uids == ["ground", "path", "start", "end"]
    json.dumps(figure)
    alone = make("id", plane(None), dark, str)  # type: ignore[operator]
    assert [trace["uid"] for trace in alone["data"]] == ["ground", "end"]


def test_the_axes_say_how_much_of_the_path_they_hold() -> None:
    layout = charts.contours("id", plane(), False, str)["layout"]
    assert "80%" in layout["xaxis"]["title"]["text"]
    assert "15.0%" in layout["yaxis"]["title"]["text"]
    assert "random" in charts.contours("id", plane(None), False, str)["layout"]["xaxis"]["title"]["text"]


def test_what_is_no_number_is_drawn_at_the_greatest_and_counted() -> None:
    whole = plane()
    losses = whole.losses.copy()
    losses[0, 0], losses[1, 1], losses[2, 2] = np.nan, np.inf, 0.0
    broken = Plane(whole.xs, whole.ys, losses, whole.path, whole.steps, whole.explained, 500)
    assert broken.broken == 2
    assert broken.heights[0, 0] == broken.heights[1, 1] == pytest.approx(0.0)
    assert np.isfinite(broken.heights).all()
    nothing = Plane(whole.xs, whole.ys, losses * np.nan, whole.path, whole.steps, None, 500)
    json.dumps(charts.contours("id", nothing, False, str))


def test_the_charts_in_words() -> None:
    assert (
        str(charts.describe(plane()))
        == "The loss on a plane of weights, from 1e-5 to 1; at the end of the run it is 0.01."
    )
