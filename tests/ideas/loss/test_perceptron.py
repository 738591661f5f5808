"""One unit: gates by hand, activations beside torch's; its charts."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.ideas.loss.perceptron.concept import ACTIVATIONS, Activation, activate, perceptron
from mnist_core.ideas.loss.perceptron.figure import map_chart, surface_chart
from tests.charts import numbers, trace

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.mark.parametrize(
    ("weights", "bias", "outputs"),
    [((1, 1), -1.5, [0, 0, 0, 1]), ((1, 1), -0.5, [0, 1, 1, 1]), ((-1, -1), 1.5, [1, 1, 1, 0])],
)
def test_gates(weights: tuple[float, float], bias: float, outputs: list[float]) -> None:
    assert perceptron(CORNERS, weights, bias, "step").tolist() == outputs


TORCHS = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "relu": torch.relu,
    "leaky-relu": torch.nn.functional.leaky_relu,
    "softplus": torch.nn.functional.softplus,
    "gelu": torch.nn.functional.gelu,
}


@pytest.mark.parametrize("activation", [name for name in ACTIVATIONS if name != "step"])
def test_activations_are_torchs(activation: Activation) -> None:
    z = np.array([-1000.0, -2.0, -0.3, 0.0, 0.5, 3.0, 1000.0])
    expected = TORCHS[activation](torch.from_numpy(z)).numpy()
    assert activate(activation, z) == pytest.approx(expected, abs=1e-8)
    assert activate(activation, z.reshape(1, 7)).shape == (1, 7)


def test_the_map_tells_the_corners_and_its_edge_is_where_the_sum_is_0() -> None:
    for activation in ACTIVATIONS:
        figure = map_chart((1.0, -2.0), 0.5, activation, False, str)
        edge = trace(figure, "edge")
        for x1, x2 in zip(edge["x"], edge["y"], strict=True):
            assert x1 - 2 * x2 + 0.5 == pytest.approx(0, abs=1e-9)
            assert not -1 <= x1 <= 2 or not -1 <= x2 <= 2  # it crosses all of the picture
        values = [float(note["text"]) for note in figure["layout"]["annotations"]]
        expected = perceptron(((0, 0), (0, 1), (1, 0), (1, 1)), (1.0, -2.0), 0.5, activation)
        assert values == pytest.approx(expected.tolist(), abs=0.006)
    assert [trace["uid"] for trace in map_chart((0.0, 0.0), 1.0, "relu", True, str)["data"]] == ["surface", "corners"]


def test_the_surface_has_the_corners_on_it() -> None:
    figure = surface_chart((1.0, 1.0), -1.5, "relu", False, str)
    assert trace(figure, "surface")["z"]["shape"] == "61, 61"
    assert numbers(trace(figure, "corners")["z"]) == pytest.approx(
        [0.125, 0.125, 0.125, 0.625]
    )  # a little above it: 0.05 of its height, 2.5
