"""One unit with two inputs: a weighted sum, a bias, an activation."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

Activation = Literal["step", "sigmoid", "tanh", "relu", "leaky-relu", "softplus", "gelu"]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
LEAK = 0.01  # slope of the leaky ReLU below 0
_erf = np.vectorize(math.erf, otypes=[float])


def activate(activation: Activation, z: ArrayLike) -> NDArray[np.float64]:
    """The activation at z, number by number."""
    z = np.asarray(z, float)
    functions: dict[Activation, Callable[[], Any]] = {
        "step": lambda: np.where(z > 0, 1.0, 0.0),
        "sigmoid": lambda: 0.5 * (1 + np.tanh(z / 2)),  # 1 / (1 + e⁻ᶻ), without overflow
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0.0),
        "leaky-relu": lambda: np.maximum(z, LEAK * z),
        "softplus": lambda: np.logaddexp(0.0, z),  # ln (1 + eᶻ)
        "gelu": lambda: z * 0.5 * (1 + _erf(z / math.sqrt(2))),  # z times the normal distribution up to z
    }
    return np.asarray(functions[activation]())


def perceptron(x: ArrayLike, weights: tuple[float, float], bias: float, activation: Activation) -> NDArray[np.float64]:
    """activation(w₁ x₁ + w₂ x₂ + b) for inputs … × 2."""
    return activate(activation, np.asarray(x, float) @ np.array(weights) + bias)
