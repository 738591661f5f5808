"""A network from scratch that tells points of the plane apart: forward, backward, one step of SGD, and the sharpness.

The page trains in the browser (scripts/network.js); this is the same arithmetic, which tests hold it to.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Weights = list[tuple[Array, Array]]  # of each layer: units × inputs, and the biases
Activation = Literal["tanh", "relu", "sigmoid", "linear"]
Loss = Literal["cross-entropy", "squared-error"]
ACTIVATIONS: tuple[Activation, ...] = get_args(Activation)
LOSSES: tuple[Loss, ...] = get_args(Loss)
FEATURES: Mapping[str, Callable[[Array, Array], Array]] = {
    "x": lambda x, y: x,
    "y": lambda x, y: y,
    "x2": lambda x, y: x * x,
    "y2": lambda x, y: y * y,
    "xy": lambda x, y: x * y,
    "sin-x": lambda x, y: np.sin(x),
    "sin-y": lambda x, y: np.sin(y),
}


@dataclass(frozen=True)
class Rule:
    """What is minimized: activation of the hidden units, loss, and how much L1 and L2 weigh."""

    activation: Activation = "tanh"
    loss: Loss = "cross-entropy"
    l1: float = 0.0
    l2: float = 0.0


def inputs(points: Array, names: Sequence[str]) -> Array:
    """The features `names` of points … × 2, a column each."""
    return np.stack([FEATURES[name](points[:, 0], points[:, 1]) for name in names], axis=1)


def forward(weights: Weights, x: Array, rule: Rule) -> list[Array]:
    """The values of all layers for rows of inputs: the inputs themselves first, one column of outputs last."""
    layers = [x]
    for number, (weight, bias) in enumerate(weights, 1):
        z = layers[-1] @ weight.T + bias
        layers.append(z if number == len(weights) else _activate(rule.activation, z))
    return layers


def loss(weights: Weights, x: Array, target: Array, rule: Rule) -> float:
    """The mean loss (without penalty) where `target` is 0 or 1."""
    z = forward(weights, x, rule)[-1][:, 0]
    if rule.loss == "squared-error":
        return float(np.mean(0.5 * (z - (2 * target - 1)) ** 2))
    return float(np.mean(np.logaddexp(0.0, z) - target * z))


def gradient(weights: Weights, x: Array, target: Array, rule: Rule) -> Weights:
    """The gradient of the mean loss with its penalty, by backpropagation."""
    layers = forward(weights, x, rule)
    z = layers[-1][:, 0]
    error = z - (2 * target - 1) if rule.loss == "squared-error" else _activate("sigmoid", z) - target
    delta = error[:, None] / len(x)
    gradients: Weights = []
    for (weight, _bias), below in zip(reversed(weights), reversed(layers[:-1]), strict=True):
        penalty = rule.l1 * np.sign(weight) + rule.l2 * weight
        gradients.insert(0, (delta.T @ below + penalty, delta.sum(axis=0)))
        delta = (delta @ weight) * _slope(rule.activation, below)
    return gradients


def step(weights: Weights, x: Array, target: Array, rule: Rule, rate: float) -> Weights:
    """The weights after one update from a batch."""
    gradients = gradient(weights, x, target, rule)
    return [(w - rate * dw, b - rate * db) for (w, b), (dw, db) in zip(weights, gradients, strict=True)]


def sharpness(weights: Weights, x: Array, target: Array, rule: Rule, reach: float = 1e-5) -> float:
    """The largest eigenvalue of the loss's Hessian, whose columns are differences of two gradients."""
    center = flat(weights)
    columns = []
    for direction in np.eye(len(center)):
        ahead, behind = (unflat(center + sign * reach * direction, weights) for sign in (1, -1))
        difference = flat(gradient(ahead, x, target, rule)) - flat(gradient(behind, x, target, rule))
        columns.append(difference / (2 * reach))
    hessian = np.array(columns)
    return float(np.linalg.eigvalsh((hessian + hessian.T) / 2)[-1])


def flat(weights: Weights) -> Array:
    """All weights as one vector: of each layer a row for each unit, then the biases."""
    return np.concatenate([part.ravel() for layer in weights for part in layer])


def unflat(vector: Array, like: Weights) -> Weights:
    """The weights that such a vector has, in the shapes of `like`."""
    parts, start = [], 0
    for weight, bias in like:
        middle, end = start + weight.size, start + weight.size + bias.size
        parts.append((vector[start:middle].reshape(weight.shape), vector[middle:end]))
        start = end
    return parts


def _activate(activation: Activation, z: Array) -> Array:
    functions: dict[Activation, Callable[[], Array]] = {
        "tanh": lambda: np.tanh(z),
        "relu": lambda: np.maximum(z, 0.0),
        "sigmoid": lambda: 0.5 * (1 + np.tanh(z / 2)),  # 1 / (1 + e⁻ᶻ), without overflow
        "linear": lambda: z,
    }
    return functions[activation]()


def _slope(activation: Activation, a: Array) -> Array:
    """The activation's slope where its value is `a`."""
    functions: dict[Activation, Callable[[], Array]] = {
        "tanh": lambda: 1 - a * a,
        "relu": lambda: np.where(a > 0, 1.0, 0.0),
        "sigmoid": lambda: a * (1 - a),
        "linear": lambda: np.ones_like(a),
    }
    return functions[activation]()
