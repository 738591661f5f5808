"""Plain NumPy, in the form that textbooks build a two-layer network: a class for each layer, forward and backward."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mnist_core.bench.work import Begin, Done, Run, Work, pixels, training_pixels
from mnist_core.config import RunConfig
from mnist_core.data import Dataset

Array = NDArray[Any]


class Affine:
    """x·W + b."""

    def __init__(self, weights: Array, bias: Array) -> None:
        self.weights, self.bias = weights, bias
        self.weights_gradient, self.bias_gradient = np.zeros_like(weights), np.zeros_like(bias)

    def forward(self, x: Array) -> Array:
        """Batch × units in, to batch × units out."""
        self.x = x
        return x @ self.weights + self.bias

    def backward(self, gradient: Array) -> Array:
        """From the gradient of the output to that of the input; keeps those of weights and bias."""
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
    """Softmax and the mean cross-entropy of a batch."""

    def forward(self, x: Array, labels: NDArray[np.int64]) -> float:
        """Logits, batch × 10, and labels to the loss."""
        exponentials = np.exp(x - x.max(axis=1, keepdims=True))
        self.shares: Array = exponentials / exponentials.sum(axis=1, keepdims=True)
        self.labels = labels
        return float(-np.log(self.shares[np.arange(len(labels)), labels] + 1e-7).mean())

    def backward(self) -> Array:
        """The gradient of the logits."""
        gradient = self.shares.copy()
        gradient[np.arange(len(self.labels)), self.labels] -= 1
        gradient /= len(self.labels)
        return gradient


class Layer(Protocol):
    """What stands between pixels and logits."""

    def forward(self, x: Array) -> Array:
        """From the input to the output."""

    def backward(self, gradient: Array) -> Array:
        """From the output's gradient to the input's."""


class TwoLayerNet:
    """784 pixels, hidden ReLU units, ten outputs."""

    def __init__(self, hidden: int, deviation: float, dtype: DTypeLike, seed: int) -> None:
        generator = np.random.default_rng(seed)

        def affine(units_in: int, units_out: int) -> Affine:
            weights = deviation * generator.standard_normal((units_in, units_out))
            return Affine(weights.astype(dtype), np.zeros(units_out, dtype))

        self.affines = (affine(784, hidden), affine(hidden, 10))
        self.layers: tuple[Layer, ...] = (self.affines[0], ReLU(), self.affines[1])
        self.last = SoftmaxWithLoss()

    def logits(self, x: Array) -> Array:
        """Pixels n×784 to n×10."""
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def accuracy(self, part: Part) -> float:
        """The share that it tells right."""
        return float((self.logits(part.x).argmax(axis=1) == part.labels).mean())

    def loss_and_gradient(self, x: Array, labels: NDArray[np.int64]) -> float:
        """The batch's loss; its gradient is left in the layers."""
        loss = self.last.forward(self.logits(x), labels)
        gradient = self.last.backward()
        for layer in reversed(self.layers):
            gradient = layer.backward(gradient)
        return loss

    def update(self, rate: float) -> None:
        """One step of gradient descent."""
        for layer in self.affines:
            layer.weights -= rate * layer.weights_gradient
            layer.bias -= rate * layer.bias_gradient


def float64(work: Work, dataset: Dataset) -> Begin:
    """In NumPy's own precision, evaluated as tutorials do: all training and test images, once in an epoch."""
    return _prepare(work, dataset, np.float64, evaluate=True)


def float32(work: Work, dataset: Dataset) -> Begin:
    """In half of that precision, as all others compute; evaluated the same."""
    return _prepare(work, dataset, np.float32, evaluate=True)


def float64_bare(work: Work, dataset: Dataset) -> Begin:
    """As `float64`, never evaluated."""
    return _prepare(work, dataset, np.float64, evaluate=False)


def float32_bare(work: Work, dataset: Dataset) -> Begin:
    """As `float32`, never evaluated."""
    return _prepare(work, dataset, np.float32, evaluate=False)


@dataclass(frozen=True)
class Part:
    """Pixels n×784 in the precision of the network, and labels n."""

    x: Array
    labels: NDArray[np.int64]


def _prepare(work: Work, dataset: Dataset, dtype: DTypeLike, *, evaluate: bool) -> Begin:
    """New networks at each round, run after run."""
    images, labels = training_pixels(work.config, dataset)
    training = Part(images.astype(dtype), labels)
    test = Part(pixels(work.config, dataset.test_images).astype(dtype), dataset.test_labels.astype(np.int64))
    evaluated = (training, test) if evaluate else ()

    def begin(number: int) -> Run:
        def run() -> Done:
            nets = [train(config, training, evaluated, number) for config in work.runs]
            return Done(work.updates, lambda: nets[-1].accuracy(test))

        return run

    return begin


def train(config: RunConfig, part: Part, evaluated: Sequence[Part], seed: int) -> TwoLayerNet:
    """A run with batches drawn with replacement: each batch's loss is kept, and the accuracies at each epoch's start."""
    net = TwoLayerNet(config.hidden_layers[0], config.init_std, part.x.dtype, seed)
    generator = np.random.default_rng(seed)
    losses, accuracies = [], []
    for iteration in range(config.total_steps):
        if iteration % config.steps_per_epoch == 0:
            accuracies.append([net.accuracy(one) for one in evaluated])
        chosen = generator.choice(len(part.x), config.batch_size)
        losses.append(net.loss_and_gradient(part.x[chosen], part.labels[chosen]))
        net.update(config.learning_rate)
    return net
