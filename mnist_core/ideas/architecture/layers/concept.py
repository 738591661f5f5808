"""What the size of a dense network costs: parameters, multiplications, bytes of memory while it trains.

A dense layer from `inputs` to `outputs` has a weight for each pair and a bias for each output. Numbers are float32.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

BYTES = 4  # of a float32
# What an optimizer keeps for each parameter from one step to the next.
STATE_SIZES: Mapping[str, int] = {
    "sgd": 0,
    "momentum": 1,  # the velocity
    "nesterov": 1,
    "adagrad": 1,  # the sum of squared gradients
    "rmsprop": 1,  # their running mean
    "adam": 2,  # running means of gradients and of their squares
    "adamw": 2,
}


@dataclass(frozen=True)
class Dense:
    """One dense layer."""

    inputs: int
    outputs: int

    @property
    def parameters(self) -> int:
        """Weights and biases."""
        return self.inputs * self.outputs + self.outputs

    @property
    def multiplications(self) -> int:
        """For one example forward: one for each weight."""
        return self.inputs * self.outputs


@dataclass(frozen=True)
class Memory:
    """Bytes while a layer trains."""

    weights: int
    gradients: int
    optimizer: int  # what it keeps between steps
    activations: int  # outputs of the whole batch, kept for the backward pass

    @property
    def total(self) -> int:
        """All of it."""
        return self.weights + self.gradients + self.optimizer + self.activations


def dense_layers(nodes: Sequence[int]) -> list[Dense]:
    """The layers of a network whose columns have so many nodes, from the inputs to the outputs."""
    return [Dense(inputs, outputs) for inputs, outputs in pairwise(nodes)]


def memory(layer: Dense, batch: int, optimizer: str) -> Memory:
    """What `layer` takes while it trains on `batch` examples at a time."""
    weights = BYTES * layer.parameters
    return Memory(weights, weights, STATE_SIZES[optimizer] * weights, BYTES * batch * layer.outputs)


def parameters_of(inputs: int, width: int, depth: int, outputs: int) -> int:
    """Parameters of a network with `depth` hidden layers of `width` units each."""
    return sum(layer.parameters for layer in dense_layers((inputs, *(width,) * depth, outputs)))


def width_for(parameters: int, inputs: int, depth: int, outputs: int) -> int:
    """The width at which `depth` ≥ 1 hidden layers come nearest to so many parameters; at least 1.

    With n = depth − 1 the parameters are n w² + (inputs + 1 + n + outputs) w + outputs, which is solved for w.
    """
    n = depth - 1
    b, c = inputs + 1 + n + outputs, outputs - parameters
    exact = -c / b if n == 0 else (-b + math.sqrt(max(0, b * b - 4 * n * c))) / (2 * n)
    below = max(1, math.floor(exact))
    return min(below, below + 1, key=lambda width: abs(parameters_of(inputs, width, depth, outputs) - parameters))
