"""One unit with two inputs: a weighted sum, a bias, an activation."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Activation = Literal["step", "sigmoid", "tanh", "relu"]
ACTIVATIONS: tuple[Activation, ...] = ("step", "sigmoid", "tanh", "relu")


def activate(activation: Activation, z: ArrayLike) -> NDArray[np.float64]:
    """The activation at z, number by number."""
    z = np.asarray(z, float)
    if activation == "step":
        return np.where(z > 0, 1.0, 0.0)
    if activation == "sigmoid":
        return np.asarray(0.5 * (1 + np.tanh(z / 2)))  # 1 / (1 + e⁻ᶻ), without overflow
    return np.asarray(np.tanh(z) if activation == "tanh" else np.maximum(z, 0.0))


def perceptron(x: ArrayLike, weights: tuple[float, float], bias: float, activation: Activation) -> NDArray[np.float64]:
    """activation(w₁ x₁ + w₂ x₂ + b) for inputs … × 2."""
    return activate(activation, np.asarray(x, float) @ np.array(weights) + bias)
