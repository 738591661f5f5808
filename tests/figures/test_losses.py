"""The charts of losses and of the perceptron."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.figures import losses as charts
from mnist_core.figures.perceptron import surface_chart
from tests.figures.test_bowl import numbers, trace


def test_bars_are_the_softmax_and_the_true_class_is_named() -> None:
    (bars,) = charts.probabilities_chart((2.0, 1.0, 0.1), 0, False, str)["data"]
    assert numbers(bars["y"]) == pytest.approx([0.6590, 0.2424, 0.0986], abs=1e-4)
    assert [("true class" in word) for word in bars["text"]] == [True, False, False]
    assert bars["marker"]["color"][0] != bars["marker"]["color"][1]


@pytest.mark.parametrize("log", [False, True])
def test_the_mark_lies_on_its_curve_and_in_the_chart(log: bool) -> None:
    here = trace(charts.binary_chart(0.5, 1, log, True, str), "here")
    assert here["y"] == pytest.approx([np.log(2)])
    sure_and_wrong = trace(charts.binary_chart(0.0, 1, log, True, str), "here")
    assert sure_and_wrong["y"] == [charts.HIGHEST]


def test_the_map_tells_the_corners() -> None:
    figure = surface_chart((1.0, 1.0), -1.5, "step", False, str)
    assert [note["text"] for note in figure["layout"]["annotations"]] == ["0.00", "0.00", "0.00", "1.00"]
    assert trace(figure, "surface")["z"]["shape"] == "121, 121"
