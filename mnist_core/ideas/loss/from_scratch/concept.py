"""A two-layer network from scratch: a class for each layer, forward and backward, and the loop that trains it. NumPy alone.

Shapes: a batch is images × pixels, weights are inputs × units. All numbers keep the precision that they come in: with
float32 the loss goes the way of MNIST Lab's own training to rounding (analysis/scratch_comparison.py), with float64 a numerical gradient
can be checked against it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Labels = NDArray[np.int64]


class Layer(Protocol):
    """What stands between pixels and scores."""

    def forward(self, x: Array) -> Array:
        """From the input to the output."""

    def backward(self, gradient: Array) -> Array:
        """From the loss's gradient for the output to that for the input."""


class Affine:
    """x·W + b."""

    def __init__(self, weights: Array, bias: Array) -> None:
        self.weights, self.bias = weights, bias
        self.weights_gradient, self.bias_gradient = np.zeros_like(weights), np.zeros_like(bias)

    def forward(self, x: Array) -> Array:
        """Images × inputs to images × units."""
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, gradient: Array) -> Array:
        """The gradient for the input; those for weights and bias are kept."""
        self.weights_gradient = self.x.T @ gradient
        self.bias_gradient = gradient.sum(axis=0)
        return gradient @ self.weights.T


class ReLU:
    """The greater of x and 0."""

    def forward(self, x: Array) -> Array:
        """Of any shape."""
        self.off = x <= 0
        out = x.copy()
        out[self.off] = 0
        return out

    def backward(self, gradient: Array) -> Array:
        """Nothing passes where the input was not above 0."""
        gradient[self.off] = 0
        return gradient


class SoftmaxWithLoss:
    """Softmax, and the mean cross-entropy of a batch."""

    def forward(self, scores: Array, labels: Labels) -> float:
        """Scores, images × classes, and the true classes to the loss."""
        scores = scores - scores.max(axis=1, keepdims=True)  # so that no exponential overflows
        exponentials = np.exp(scores)
        sums = exponentials.sum(axis=1, keepdims=True)
        self.shares: Array = exponentials / sums
        self.labels = labels
        # −log of the true class's share, from the scores: a share may be too small to be told from 0.
        return float((np.log(sums[:, 0]) - scores[np.arange(len(labels)), labels]).mean())

    def backward(self) -> Array:
        """The gradient for the scores: (shares − one-hot labels) / images."""
        gradient = self.shares.copy()
        gradient[np.arange(len(self.labels)), self.labels] -= 1
        gradient /= len(self.labels)
        return gradient


class TwoLayerNet:
    """Pixels, hidden ReLU units, a score for each class. The arrays that it is given are changed in place."""

    def __init__(self, w1: Array, b1: Array, w2: Array, b2: Array) -> None:
        self.affines = (Affine(w1, b1), Affine(w2, b2))
        self.layers: tuple[Layer, ...] = (self.affines[0], ReLU(), self.affines[1])
        self.last = SoftmaxWithLoss()

    def scores(self, x: Array) -> Array:
        """Images × pixels to images × classes."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def loss(self, x: Array, labels: Labels) -> float:
        """The mean cross-entropy of these images."""
        return self.last.forward(self.scores(x), labels)

    def loss_and_gradient(self, x: Array, labels: Labels) -> float:
        """The same; the gradient is left in the layers, found from the last to the first."""
        loss = self.loss(x, labels)
        gradient = self.last.backward()
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return loss

    def update(self, rate: float) -> None:
        """One step of gradient descent."""
        for layer in self.affines:
            layer.weights -= rate * layer.weights_gradient
            layer.bias -= rate * layer.bias_gradient


def train(net: TwoLayerNet, x: Array, labels: Labels, batches: Iterable[Labels], rate: float) -> list[float]:
    """An update for each of the batches (numbers of images); each batch's loss before its update."""
    losses = []
    for batch in batches:
        losses.append(net.loss_and_gradient(x[batch], labels[batch]))
        net.update(rate)
    return losses
