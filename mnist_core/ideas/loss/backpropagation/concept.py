"""One iteration of training in a network of 2, 2 and 2 units, with every number kept: forward, loss, backward, update.

Hidden units have a sigmoid or ReLU; the two outputs a softmax with cross-entropy, or the sum of squared errors of the bare scores,
each against a one-hot target. `w` and `v` are units × inputs of the two layers, `b` and `c` their biases.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Hidden = Literal["sigmoid", "relu"]
Loss = Literal["cross-entropy", "squared-error"]


@dataclass(frozen=True, eq=False)
class Net:
    """The weights of the first layer, of the second, and what stands between and behind them."""

    w: Numbers
    b: Numbers
    v: Numbers
    c: Numbers
    activation: Hidden = "sigmoid"
    loss: Loss = "cross-entropy"


FIRST = Net(
    w=np.array([[0.5, -0.4], [0.3, 0.8]]),
    b=np.array([0.1, -0.2]),
    v=np.array([[0.6, -0.5], [-0.3, 0.7]]),
    c=np.array([0.0, 0.1]),
)


@dataclass(frozen=True, eq=False)
class Forward:
    """What the forward pass finds, in this order."""

    z: Numbers  # sums of the hidden units
    h: Numbers  # what they give
    s: Numbers  # scores
    p: Numbers  # prediction: their softmax, or the scores themselves
    loss: float


@dataclass(frozen=True, eq=False)
class Backward:
    """Derivatives of the loss for everything, in the order in which the backward pass finds them."""

    s: Numbers
    v: Numbers
    c: Numbers
    h: Numbers
    z: Numbers
    w: Numbers
    b: Numbers

    @property
    def squared(self) -> float:
        """The squared length of the gradient: what a small step lowers the loss by, for each unit of the rate."""
        return float(sum((derivative**2).sum() for derivative in (self.w, self.b, self.v, self.c)))


def forward(net: Net, x: Numbers, target: Numbers) -> Forward:
    """From two inputs and a one-hot target to the loss."""
    z = net.w @ x + net.b
    # The sigmoid 1 / (1 + e⁻ᶻ), written so that no exponential overflows.
    h = (1 + np.tanh(z / 2)) / 2 if net.activation == "sigmoid" else np.maximum(z, 0)
    s = net.v @ h + net.c
    if net.loss == "squared-error":
        return Forward(z, h, s, s, float(((s - target) ** 2).sum()))
    e = np.exp(s - s.max())
    p = e / e.sum()
    # −ln of the target's share, from the scores: a share may be too small to be told from 0.
    return Forward(z, h, s, p, float(np.log(e.sum()) - target @ (s - s.max())))


def backward(net: Net, x: Numbers, target: Numbers, values: Forward) -> Backward:
    """The chain rule, from the loss back to the first weights."""
    s = values.p - target if net.loss == "cross-entropy" else 2 * (values.s - target)
    v, c = np.outer(s, values.h), s
    h = net.v.T @ s
    z = h * slope(net.activation, values)
    w, b = np.outer(z, x), z
    return Backward(s, v, c, h, z, w, b)


def slope(activation: Hidden, values: Forward) -> Numbers:
    """The derivative of the activation at the hidden sums."""
    return values.h * (1 - values.h) if activation == "sigmoid" else np.where(values.z > 0, 1.0, 0.0)


def update(net: Net, gradient: Backward, rate: float) -> Net:
    """Every weight and bias a step against its derivative."""
    return replace(
        net,
        w=net.w - rate * gradient.w,
        b=net.b - rate * gradient.b,
        v=net.v - rate * gradient.v,
        c=net.c - rate * gradient.c,
    )
