"""How far the gradient of a mini-batch is from that of all images: exact, for any batch, without a new gradient.

In a dense layer the gradient of one image is the outer product of what comes in, a, and of δ = ∂L/∂z. The inner product
of the gradients of two images i and j is therefore (aᵢ·aⱼ)(δᵢ·δⱼ), plus δᵢ·δⱼ for the biases, summed over the layers
(Goodfellow 2015, arXiv:1510.01799, uses the same for norms). The n × n table of them, the Gram matrix, is computed
once; length and angle of every batch's mean then are sums over its rows and columns.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]
Layers = list[tuple[Array, Array]]  # weights (inputs × units) and biases of each layer


@dataclass(frozen=True)
class Directions:
    """The gradients of some batches, in lengths of the full gradient.

    `along` the full gradient; `across` it, with the sign of the side of the direction in which gradients differ most.
    """

    along: NDArray[np.float64]
    across: NDArray[np.float64]

    @property
    def angles(self) -> NDArray[np.float64]:
        """Between each of them and the full gradient, 0 to 180 degrees."""
        return np.asarray(np.degrees(np.arctan2(np.abs(self.across), self.along)))

    @property
    def spread(self) -> float:
        """Root of the mean squared distance from the full gradient."""
        return float(np.sqrt(((self.along - 1) ** 2 + self.across**2).mean()))


def network(hidden: int, seed: int, inputs: int = 784, classes: int = 10) -> Layers:
    """Weights of a network with one hidden layer of ReLU units (He's initialization), zero biases."""
    generator = np.random.default_rng(seed)
    sizes = ((inputs, hidden), (hidden, classes))
    return [
        (
            (generator.standard_normal((fan_in, units)) * np.sqrt(2 / fan_in)).astype(np.float32),
            np.zeros(units, np.float32),
        )
        for fan_in, units in sizes
    ]


def backward(layers: Layers, x: Array, labels: NDArray[np.integer]) -> tuple[list[Array], list[Array]]:
    """For each layer what comes in (n × inputs) and δ of each image's own cross-entropy (n × units)."""
    (first, bias), (second, top) = layers
    hidden = np.maximum(x @ first + bias, 0)
    z = hidden @ second + top
    shares = np.exp(z - z.max(1, keepdims=True))
    shares /= shares.sum(1, keepdims=True)
    shares[np.arange(len(labels)), labels] -= 1
    return [x, hidden], [(shares @ second.T) * (hidden > 0), shares]


def train(layers: Layers, x: Array, labels: NDArray[np.integer], steps: int, batch: int, rate: float) -> Layers:
    """The layers after so many steps of gradient descent on mini-batches drawn at random; `layers` stay as they are."""
    generator = np.random.default_rng(1)
    layers = [(weight.copy(), bias.copy()) for weight, bias in layers]
    for _step in range(steps):
        indices = generator.integers(0, len(labels), batch)
        inputs, deltas = backward(layers, x[indices], labels[indices])
        for (weight, bias), a, delta in zip(layers, inputs, deltas, strict=True):
            weight -= rate / batch * (a.T @ delta)
            bias -= rate / batch * delta.sum(0)
    return layers


def gram(layers: Layers, x: Array, labels: NDArray[np.integer]) -> Array:
    """Inner products of the gradients of all pairs of images, n × n."""
    inputs, deltas = backward(layers, x, labels)
    parts = [(a @ a.T + 1) * (delta @ delta.T) for a, delta in zip(inputs, deltas, strict=True)]
    return np.asarray(sum(parts), np.float32)


class Noise:
    """The noise of batches drawn from n images without repetition, from their Gram matrix (n × n)."""

    def __init__(self, table: Array) -> None:
        self._table = table
        self.images = len(table)
        rows = table.mean(1, dtype=np.float64)  # gᵢ·g with g the full gradient
        self._length = float(np.sqrt(rows.mean()))  # |g|
        self._along = rows / self._length**2
        # Of one image: the mean of |gᵢ − g|², in |g|².
        self.of_one = float(np.trace(table, dtype=np.float64) / self.images / self._length**2 - 1)
        self._side = _strongest(table - rows[:, None] - rows[None, :] + rows.mean())

    def batches(self, size: int, count: int, seed: int = 0) -> Directions:
        """`count` batches of so many images, each drawn from all of them."""
        generator = np.random.default_rng((seed, size))
        means = np.zeros((count, self.images), np.float32)
        for row in means:
            row[generator.choice(self.images, size, replace=False)] = 1 / size
        squares = ((means @ self._table) * means).sum(1, dtype=np.float64) / self._length**2
        along = means @ self._along
        side = np.where(means @ self._side < 0, -1.0, 1.0)
        return Directions(along, side * np.sqrt(np.maximum(squares - along**2, 0)))

    def expected(self, size: float) -> float:
        """The spread that batches of this size have on average: √(S/B), less what is known of all images (Cochran 1977)."""
        n = self.images
        return float(np.sqrt(self.of_one / size * (n - size) / max(1, n - 1)))

    def law(self, size: float) -> float:
        """The same without the limit of n images: one over the root of the batch size."""
        return float(np.sqrt(self.of_one / size))


def _strongest(centered: Array, rounds: int = 12) -> NDArray[np.float64]:
    """The direction among images in which their gradients differ most, by repeated multiplication."""
    direction = np.asarray(np.random.default_rng(0).standard_normal(len(centered)), np.float32)
    for _round in range(rounds):
        direction = centered @ direction
        direction /= np.linalg.norm(direction) or 1.0
    return (centered @ direction).astype(np.float64)
