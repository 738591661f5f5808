"""What the dense step keeps from update to update: weights and gradients of all runs, and the numbers of a batch.

Most names of a class are views of the same memory, made once: making one takes as long as a small operation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import torch

_GROUP = 64  # numbers: a multiple of what torch takes at once on any CPU


class Weights:
    """A layer's weights (runs × units × inputs) and biases (runs × units), or the gradients of both, of all runs.

    `matrix` and `column` are without the first axis for a run alone; `…_rows` have the units of all runs below one another.
    """

    def __init__(self, weight: torch.Tensor, bias: torch.Tensor, *, stacked: bool) -> None:
        self.weight_rows, self.bias_rows = weight.flatten(0, 1), bias.view(-1, 1)
        self.matrix, self.column = (weight, bias.unsqueeze(2)) if stacked else (self.weight_rows, self.bias_rows)
        self.transposed = self.matrix.mT
        self.bias_numbers = bias.view(-1).numpy()
        self.of_runs = weight, bias


@dataclass(frozen=True)
class Layer:
    """One layer of all runs."""

    weights: Weights
    gradients: Weights


class Flat(NamedTuple):
    """Numbers of a signal, one after the other."""

    z: torch.Tensor
    a: torch.Tensor
    delta: torch.Tensor


class Signal:
    """What a layer holds of one batch, each runs × units × n, of a run alone units × n. Tensors that need not be kept apart are
    the same one.

    `flat`: z, a and ∂L/∂z once more, as vectors that are a little longer (`_rounded_up`), for what goes element by element.
    """

    def __init__(self, shape: torch.Size, dtype: torch.dtype, *, in_place: bool, dropout: bool) -> None:
        z, delta = (_rounded_up(shape, dtype) for _kind in range(2))
        self.flat = Flat(z, z if in_place else _rounded_up(shape, dtype), delta)
        # a = f(z); delta = ∂L/∂z
        self.z, self.a, self.delta = (vector[: shape.numel()].view(shape) for vector in self.flat)
        self.given = torch.empty_like(self.z) if dropout else self.a  # a, after dropout
        self.mask = torch.empty_like(self.z) if dropout else self.a  # 0, or 1 / (1 − share)
        self.z_rows, self.delta_rows = (kind.view(-1, shape[-1]) for kind in (self.z, self.delta))
        self.delta_numbers = self.delta_rows.numpy()
        self.transposed = self.given.mT


def _rounded_up(shape: torch.Size, dtype: torch.dtype) -> torch.Tensor:
    """Zeros for that shape and some more: torch goes through vectors in groups and computes the rest of one by one, with
    other last digits. Without a rest a network's numbers are the same beside others and alone."""
    return torch.zeros(-(-shape.numel() // _GROUP) * _GROUP, dtype=dtype)


class Batch:
    """The buffers of a batch of n images: the input, and what each layer holds.

    The output layer is small and its steps are many: NumPy takes less time for one than torch. `z` and `delta` are
    NumPy's names for the memory of the last signal.
    """

    def __init__(self, inputs: torch.Tensor, signals: Sequence[Signal]) -> None:
        self.n = len(inputs)
        self.inputs, self.transposed = inputs, inputs.T  # n × 784
        self.signals = signals  # layer after layer
        self.z, self.delta = (kind.numpy() for kind in (signals[-1].z, signals[-1].delta))
        self.delta_numbers = self.delta.reshape(-1)


def of_runs(parts: Sequence[torch.Tensor]) -> list[list[torch.Tensor]]:
    """Each run's numbers as vectors, one for each parameter."""
    return [[part[place].view(-1) for part in parts] for place in range(len(parts[0]))]
