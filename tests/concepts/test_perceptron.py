"""One unit: gates by hand, activations beside torch's."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from mnist_core.concepts.perceptron import Activation, activate, perceptron

CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


@pytest.mark.parametrize(
    ("weights", "bias", "outputs"),
    [((1, 1), -1.5, [0, 0, 0, 1]), ((1, 1), -0.5, [0, 1, 1, 1]), ((-1, -1), 1.5, [1, 1, 1, 0])],
)
def test_gates(weights: tuple[float, float], bias: float, outputs: list[float]) -> None:
    assert perceptron(CORNERS, weights, bias, "step").tolist() == outputs


@pytest.mark.parametrize("activation", ["sigmoid", "tanh", "relu"])
def test_activations_are_torchs(activation: Activation) -> None:
    z = np.array([-1000.0, -2.0, 0.0, 0.5, 1000.0])
    wanted = getattr(torch, activation)(torch.from_numpy(z)).numpy()
    assert activate(activation, z) == pytest.approx(wanted, abs=1e-12)
