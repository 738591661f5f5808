"""The charts of losses and of the perceptron."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.ideas.loss.binary_cross_entropy.figure import HIGHEST, binary_chart
from mnist_core.ideas.loss.cross_entropy import figure as charts
from mnist_core.ideas.loss.perceptron.concept import ACTIVATIONS, perceptron
from mnist_core.ideas.loss.perceptron.figure import map_chart, surface_chart
from tests.figures.test_bowl import numbers, trace


def test_bars_are_the_softmax_and_the_true_class_is_named() -> None:
    (bars,) = charts.probabilities_chart((2.0, 1.0, 0.1), 0, False, str)["data"]
    assert numbers(bars["y"]) == pytest.approx([0.6590, 0.2424, 0.0986], abs=1e-4)
    assert [("true class" in word) for word in bars["text"]] == [True, False, False]
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1]


@pytest.mark.parametrize("log", [False, True])
def test_the_mark_lies_on_its_curve_and_in_the_chart(log: bool) -> None:
    here = trace(binary_chart(0.5, 1, log, True, str), "here")
    assert here["y"] == pytest.approx([np.log(2)])
    sure_and_wrong = trace(binary_chart(0.0, 1, log, True, str), "here")
    assert sure_and_wrong["y"] == [HIGHEST]


def test_the_map_tells_the_corners_and_its_edge_is_where_the_sum_is_0() -> None:
    for activation in ACTIVATIONS:
        figure = map_chart((1.0, -2.0), 0.5, activation, False, str)
        edge = trace(figure, "edge")
        for x1, x2 in zip(edge["x"], edge["y"], strict=True):
            assert x1 - 2 * x2 + 0.5 == pytest.approx(0, abs=1e-9)
            assert not -1 <= x1 <= 2 or not -1 <= x2 <= 2  # it crosses all of the picture
        told = [float(note["text"]) for note in figure["layout"]["annotations"]]
        wanted = perceptron(((0, 0), (0, 1), (1, 0), (1, 1)), (1.0, -2.0), 0.5, activation)
        assert told == pytest.approx(wanted.tolist(), abs=0.006)
    assert [one["uid"] for one in map_chart((0.0, 0.0), 1.0, "relu", True, str)["data"]] == ["surface", "corners"]


def test_the_surface_has_the_corners_on_it() -> None:
    figure = surface_chart((1.0, 1.0), -1.5, "relu", False, str)
    assert trace(figure, "surface")["z"]["shape"] == "61, 61"
    assert numbers(trace(figure, "corners")["z"]) == pytest.approx(
        [0.125, 0.125, 0.125, 0.625]
    )  # a little above it: 0.05 of its height, 2.5


def test_both_losses_meet_their_marks() -> None:
    figure = charts.both_losses_chart((2.0, 1.0, 0.1), 0, False, str)
    assert trace(figure, "here0")["y"] == pytest.approx([0.4170], abs=1e-4)
    assert trace(figure, "here1")["y"] == pytest.approx([0.185], abs=1e-3)
    for number in (0, 1):
        curve = trace(figure, f"loss{number}")
        x, y = numbers(curve["x"]), numbers(curve["y"])
        assert y[np.abs(np.array(x) - 2.0).argmin()] == pytest.approx(trace(figure, f"here{number}")["y"][0], abs=1e-5)
    assert (
        max(numbers(trace(charts.both_losses_chart((0, 5.0, 5.0), 0, False, str), "loss0")["y"])) < charts.MOST_ENTROPY
    )
