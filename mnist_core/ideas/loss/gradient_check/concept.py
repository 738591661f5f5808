"""The numerical gradient of the network from scratch beside backpropagation: how well both agree, and what each costs."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.ideas.loss.from_scratch.concept import Array, Labels, TwoLayerNet

Places = Sequence[tuple[int, int]]  # which of the four arrays, and which of its numbers
STEPS = tuple(10.0**-power for power in range(1, 11))
TIMES = 5  # that a short computation is timed


def network(hidden: int, pixels: int = 784, classes: int = 10) -> TwoLayerNet:
    """In double precision, with He's normal first weights, the same every time."""
    generator = np.random.default_rng(hidden)
    first = generator.normal(0, np.sqrt(2 / pixels), (pixels, hidden))
    second = generator.normal(0, np.sqrt(2 / hidden), (hidden, classes))
    return TwoLayerNet(first, np.zeros(hidden), second, np.zeros(classes))


def size(hidden: int, pixels: int = 784, classes: int = 10) -> int:
    """Weights and biases of such a network: 79,510 with 100 hidden units."""
    return (pixels + 1) * hidden + (hidden + 1) * classes


def weights(net: TwoLayerNet) -> list[Array]:
    """Its four arrays, each as one row of numbers that may be changed."""
    return [array.reshape(-1) for layer in net.affines for array in (layer.weights, layer.bias)]


def backpropagation(net: TwoLayerNet, x: Array, labels: Labels) -> list[Array]:
    """The whole gradient, in the same order: one pass forward, one back."""
    net.loss_and_gradient(x, labels)
    return [array.reshape(-1) for layer in net.affines for array in (layer.weights_gradient, layer.bias_gradient)]


def numerical_gradient(
    net: TwoLayerNet, x: Array, labels: Labels, places: Places, step: float = 1e-4
) -> NDArray[np.float64]:
    """The derivatives at these places by central differences: two passes forward for each."""
    arrays, derivatives = weights(net), []
    for index, place in places:
        weight = arrays[index][place]
        arrays[index][place] = weight + step
        above = net.loss(x, labels)
        arrays[index][place] = weight - step
        below = net.loss(x, labels)
        arrays[index][place] = weight
        derivatives.append((above - below) / (2 * step))
    return np.array(derivatives)


def sample(net: TwoLayerNet, x: Array, count: int) -> Places:
    """`count` places of weights, half in each layer, in the first only where some image has ink; the same every time."""
    generator = np.random.default_rng(0)
    first, second = (layer.weights.shape for layer in net.affines)
    ink = np.flatnonzero(x.any(axis=0))
    units = generator.integers(0, first[1], count // 2)
    of_first = generator.choice(ink, count // 2) * first[1] + units
    of_second = generator.integers(0, second[0] * second[1], count - count // 2)
    return [(0, int(place)) for place in of_first] + [(2, int(place)) for place in of_second]


@dataclass(frozen=True, eq=False)
class Agreement:
    """For each of STEPS, the greatest difference of both gradients at the places; and the gradient's size there."""

    differences: NDArray[np.float64]
    size: float


def agreement(net: TwoLayerNet, x: Array, labels: Labels, places: Places) -> Agreement:
    """How well both agree, at every step."""
    gradient = backpropagation(net, x, labels)
    exact = np.array([gradient[index][place] for index, place in places])
    differences = [np.abs(numerical_gradient(net, x, labels, places, step) - exact).max() for step in STEPS]
    return Agreement(np.array(differences), float(np.abs(exact).mean()))


@dataclass(frozen=True)
class Cost:
    """Seconds, measured here and now; `numerical` of so many `places` of all `weights`."""

    weights: int
    places: int
    backpropagation: float
    numerical: float

    @property
    def all_numerical(self) -> float:
        """What all weights would take."""
        return self.numerical * self.weights / self.places


def cost(net: TwoLayerNet, x: Array, labels: Labels, places: Places) -> Cost:
    """Time both: the median of some times, since the machine does other work as well."""
    return Cost(
        sum(len(array) for array in weights(net)),
        len(places),
        _seconds(lambda: backpropagation(net, x, labels)),
        len(places) * _seconds(*(lambda place=place: numerical_gradient(net, x, labels, [place]) for place in places)),
    )


def _seconds(*works: Callable[[], object]) -> float:
    """The median time of these works; a single one is done some times."""
    times = []
    for work in works if len(works) > 1 else works * TIMES:
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return float(np.median(times))
