"""The optimizers on the weights of several runs at once, a row for each: a few kernels in all, whatever the number of runs and layers.

They are those of `optimizers.make_optimizer`, from the same papers, but for what must be where a step is captured and replayed:
rates and counts are numbers on the device, read when the step is replayed. Names and layout of the buffers are those of
`flat_optimizers.FlatOptimizer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch

from mnist_core.config import RunConfig
from mnist_core.training.flat_optimizers import BUFFERS


class WideOptimizer:
    """Changes `weights` (runs × numbers) by `gradients`; all stay where they are. Run number i goes by `configs[i]`."""

    def __init__(self, configs: Sequence[RunConfig], weights: torch.Tensor, gradients: torch.Tensor) -> None:
        kinds = [config.optimizer for config in configs]
        # Most often all runs have one kind, and one set of kernels changes all; else each run has its own.
        rows = [slice(0, len(kinds))] if len(set(kinds)) == 1 else [slice(run, run + 1) for run in range(len(kinds))]
        self._parts = [_Rows(configs[of], weights[of], gradients[of]) for of in rows]
        self._rows = rows
        self.of_runs = [RowOptimizer(part, row) for part in self._parts for row in range(len(part.weights))]

    def update(self, rates: torch.Tensor) -> None:
        """One update with these learning rates, runs × 1."""
        for part, of in zip(self._parts, self._rows, strict=True):
            part.update(rates[of])

    @property
    def buffers(self) -> list[torch.Tensor]:
        """All that changes from step to step besides the weights."""
        return [buffer for part in self._parts for buffer in part.buffers.values()]


class _Rows:
    """Runs with one kind of optimizer."""

    def __init__(self, configs: Sequence[RunConfig], weights: torch.Tensor, gradients: torch.Tensor) -> None:
        def column(name: str) -> torch.Tensor:
            return weights.new_tensor([getattr(config, name) for config in configs]).unsqueeze(1)

        self.kind, self.names = configs[0].optimizer, BUFFERS[configs[0].optimizer]
        self.weights, self.gradients = weights, gradients
        self._decay = column("weight_decay") if any(config.weight_decay for config in configs) else None
        self._momentum, self._epsilon, self._rho = column("momentum"), column("epsilon"), column("rho")
        self._beta1, self._beta2 = column("beta1"), column("beta2")
        # What a new gradient counts: worked out once, since each small kernel takes as long as a large one.
        self._new1, self._new2, self._new = 1 - self._beta1, 1 - self._beta2, 1 - self._rho
        self.buffers = {
            name: weights.new_zeros(len(weights), 1) if name == "count" else torch.zeros_like(weights)
            for name in self.names
        }

    def update(self, rates: torch.Tensor) -> None:
        if "count" in self.buffers:
            self.buffers["count"].add_(1)
        if self._decay is not None and self.kind == "adamw":
            self.weights.mul_(1 - rates * self._decay)
        elif self._decay is not None:
            self.gradients.addcmul_(self.weights, self._decay)
        self.weights.addcmul_(self._direction(), rates, value=-1)

    def _direction(self) -> torch.Tensor:
        gradients = self.gradients
        match self.kind:
            case "momentum" | "nesterov":
                mean = self.buffers["mean"].mul_(self._momentum).add_(gradients)
                return torch.addcmul(gradients, mean, self._momentum) if self.kind == "nesterov" else mean
            case "adagrad":
                square = self.buffers["square"].addcmul_(gradients, gradients)
                return gradients / square.sqrt().add_(self._epsilon)
            case "rmsprop":
                square = self._square(self._new)
                return gradients / square.sqrt().add_(self._epsilon)
            case "adam" | "adamw":
                count = self.buffers["count"]
                mean = self.buffers["mean"].lerp_(gradients, self._new1)
                square = self._square(self._new2)
                # What the running means lack at the start of a run (Kingma & Ba 2015, section 3).
                spread = (square.sqrt() / (1 - self._beta2**count).sqrt()).add_(self._epsilon)
                return mean / spread / (1 - self._beta1**count)
        return gradients

    def _square(self, new: torch.Tensor) -> torch.Tensor:
        """Running mean of the squared gradients, of which the new one counts so much."""
        squares = self.gradients * self.gradients
        return self.buffers["square"].lerp_(squares, new)


@dataclass(frozen=True)
class RowOptimizer:
    """That of one run; the contract is `step.Optimizer`'s."""

    _part: _Rows
    _row: int

    def state(self) -> dict[str, torch.Tensor]:
        """Its buffers by name: copies."""
        return {name: buffer[self._row].clone() for name, buffer in self._part.buffers.items()}

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the buffers that `state`, or that of torch's own optimizers, gave. Raises KeyError where one is missing."""
        flat = _flat(state)
        for name, buffer in self._part.buffers.items():
            buffer[self._row].copy_(flat[name].view_as(buffer[self._row]))


# What torch's optimizers call their buffers, parameter by parameter (`optimizers.ParameterOptimizer`).
_NAMES = {
    "momentum_buffer": "mean",
    "exp_avg": "mean",
    "exp_avg_sq": "square",
    "square_avg": "square",
    "sum": "square",
    "step": "count",
}


def _flat(state: Mapping[str, torch.Tensor]) -> Mapping[str, torch.Tensor]:
    """The state of a run that trained parameter by parameter, as flat vectors."""
    parts: dict[str, dict[int, torch.Tensor]] = {}
    for key, value in state.items():
        number, dot, name = key.partition(".")
        if dot and name in _NAMES:
            parts.setdefault(_NAMES[name], {})[int(number)] = value.reshape(-1)
    if not parts:
        return state
    vectors = {name: [of[number] for number in sorted(of)] for name, of in parts.items()}
    return {name: of[0] if name == "count" else torch.cat(of) for name, of in vectors.items()}
