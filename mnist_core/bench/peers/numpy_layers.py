"""Plain NumPy, in the form that textbooks build a two-layer network: the very layers that the page Loss and gradients shows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import DTypeLike, NDArray

from mnist_core.bench.work import Begin, Done, Run, Work, pixels, training_pixels
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.ideas.loss.from_scratch.concept import Array, TwoLayerNet


@dataclass(frozen=True)
class Part:
    """Pixels n×784 in the precision of the network, and labels n."""

    x: Array
    labels: NDArray[np.int64]


def network(hidden: int, deviation: float, dtype: DTypeLike, seed: int) -> TwoLayerNet:
    """784 pixels, hidden ReLU units, ten outputs; normal weights, no biases."""
    generator = np.random.default_rng(seed)

    def weights(units_in: int, units_out: int) -> Array:
        return (deviation * generator.standard_normal((units_in, units_out))).astype(dtype)

    return TwoLayerNet(weights(784, hidden), np.zeros(hidden, dtype), weights(hidden, 10), np.zeros(10, dtype))


def accuracy(net: TwoLayerNet, part: Part) -> float:
    """The share that the network tells right."""
    return float((net.scores(part.x).argmax(axis=1) == part.labels).mean())


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


def _prepare(work: Work, dataset: Dataset, dtype: DTypeLike, *, evaluate: bool) -> Begin:
    """New networks at each round, run after run."""
    images, labels = training_pixels(work.config, dataset)
    training = Part(images.astype(dtype), labels)
    test = Part(pixels(work.config, dataset.test_images).astype(dtype), dataset.test_labels.astype(np.int64))
    evaluated = (training, test) if evaluate else ()

    def begin(number: int) -> Run:
        def run() -> Done:
            nets = [train(config, training, evaluated, number) for config in work.runs]
            return Done(work.updates, lambda: accuracy(nets[-1], test))

        return run

    return begin


def train(config: RunConfig, part: Part, evaluated: Sequence[Part], seed: int) -> TwoLayerNet:
    """A run with batches drawn with replacement: each batch's loss is kept, and the accuracies at each epoch's start."""
    net = network(config.hidden_layers[0], config.init_std, part.x.dtype, seed)
    generator = np.random.default_rng(seed)
    losses, accuracies = [], []
    for iteration in range(config.total_steps):
        if iteration % config.steps_per_epoch == 0:
            accuracies.append([accuracy(net, split) for split in evaluated])
        rows = generator.choice(len(part.x), config.batch_size)
        losses.append(net.loss_and_gradient(part.x[rows], part.labels[rows]))
        net.update(config.learning_rate)
    return net
