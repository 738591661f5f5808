"""One unit: gates by hand, activations beside torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.ideas.loss.perceptron.concept import ACTIVATIONS, Activation, activate, perceptron

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


@pytest.mark.parametrize("activation", [one for one in ACTIVATIONS if one != "step"])
def test_activations_are_torchs(activation: Activation) -> None:
    z = np.array([-1000.0, -2.0, -0.3, 0.0, 0.5, 3.0, 1000.0])
    wanted = TORCHS[activation](torch.from_numpy(z)).numpy()
    assert activate(activation, z) == pytest.approx(wanted, abs=1e-8)
    assert activate(activation, z.reshape(1, 7)).shape == (1, 7)
