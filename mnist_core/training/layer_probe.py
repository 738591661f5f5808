"""What goes on inside the layers of networks, on a few training images: signals, gradients, updates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from mnist_core.config import RunConfig
from mnist_core.records import LAYER_DTYPE, SPREAD_BINS, SPREAD_LOW, SPREAD_STEP
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import pieces
from mnist_core.training.evaluation import can_die
from mnist_core.training.signals import WITH_WEIGHTS
from mnist_core.training.step import Step, Stop, never

PROBED_IMAGES = 128  # the first training images, that are looked at: a probe costs about one step
_COUNTED_AT_ONCE = 2**18  # numbers; what is made of them takes 3 MB
# Numbers of one sign are in the order of their bits, read as a whole number; NaN comes after infinity. The upper bits tell the
# eighth of an octave that a number is in: the half decade at its lower end, and where the next one begins, are looked up.
_EIGHTH = 20  # bits below those upper ones
# What is a rounding below a border counts as at it: a saturated tanh puts out 1 or a little less.
_ROUNDING = 5.5e-7
_BORDERS = 10 ** (SPREAD_LOW + SPREAD_STEP * np.arange(1, SPREAD_BINS)) * (1 - _ROUNDING)
_LIMITS = _BORDERS.astype(np.float32).view(np.int32)
_BIN = np.searchsorted(_LIMITS, np.arange(2 ** (31 - _EIGHTH)) << _EIGHTH, side="right").astype(np.uint8)
_NEXT_LIMIT = np.append(_LIMITS, np.int32(2**31 - 1))[_BIN]


@dataclass(frozen=True)
class Probed:
    """A run that is looked into."""

    config: RunConfig
    model: nn.Sequential
    weights_before: Sequence[torch.Tensor] | None = None  # before its last update


class _LayerSums:
    """What is measured of one layer of `runs` networks, added up over all pieces of the images."""

    def __init__(self, runs: int) -> None:
        self.squares, self.numbers = np.zeros(runs), 0  # of its signals
        self.counts = np.zeros((runs, SPREAD_BINS))
        self.live_units: torch.Tensor | None = None  # runs × units

    def add(self, signals: torch.Tensor, live_units: torch.Tensor | None) -> None:
        """Needs a row of `signals` for each run."""
        with np.errstate(all="ignore"):
            self.squares += _norms(list(signals)) ** 2
        self.numbers += signals.shape[1]
        self.counts += magnitude_counts(signals)
        if live_units is not None:
            self.live_units = live_units if self.live_units is None else self.live_units | live_units

    def dead_units(self, config: RunConfig) -> NDArray[np.float64]:
        if self.live_units is None:  # the outputs
            return np.full(len(self.squares), np.nan)
        if not can_die(config):
            return np.zeros(len(self.squares))
        return 1.0 - self.live_units.float().mean(1).cpu().numpy().astype(np.float64)


def probe_layers(
    step: Step, runs: Sequence[Probed], loader: BatchLoader, chunk: int, stop: Stop = never
) -> list[NDArray[np.void]] | None:
    """Of each of the runs of `step`, a row of LAYER_DTYPE for each layer with weights, step and time left 0.

    At most `chunk` images go through the networks at once. None where `stop()`, asked before each piece of them, said so.
    """
    images = min(PROBED_IMAGES, len(loader))
    layers: list[_LayerSums] = []
    gradients: list[torch.Tensor] = []
    for rows in pieces(images, chunk):
        if stop():
            return None
        inside = step.inside(loader, rows)
        layers = layers or [_LayerSums(len(runs)) for _signals in inside.signals]
        for sums, signals, live_units in zip(layers, inside.signals, [*inside.live_units, None], strict=True):
            sums.add(signals, live_units)
        gradients = _added_up(gradients, inside.gradients, (rows.stop - rows.start) / images)
    return list(_rows(runs, layers, gradients))


def _added_up(sums: Sequence[torch.Tensor], gradients: Sequence[torch.Tensor], fraction: float) -> list[torch.Tensor]:
    """The sums, with the gradients of a piece which has this fraction of the images."""
    if fraction == 1:
        return list(gradients)
    of_piece = [gradient * fraction for gradient in gradients]
    return list(torch._foreach_add(list(sums), of_piece)) if sums else of_piece


def _rows(runs: Sequence[Probed], layers: Sequence[_LayerSums], gradients: Sequence[torch.Tensor]) -> NDArray[np.void]:
    """Runs × layers."""
    gradient_norms, weight_norms, moved = _parameter_norms(runs, gradients)
    counts = [magnitude_counts(of_all.flatten(1)) for of_all in gradients]
    rows = np.zeros((len(runs), len(layers)), LAYER_DTYPE)
    for layer, (sums, places) in enumerate(zip(layers, _places(runs[0].model), strict=True)):
        of_layer = rows[:, layer]
        of_layer["layer"] = layer
        of_layer["dead_units"] = sums.dead_units(runs[0].config)
        with np.errstate(all="ignore"):  # NaN and infinity are results, and what float32 cannot hold is infinity
            of_layer["activation"] = np.sqrt(sums.squares / sums.numbers)
            of_layer["gradient"] = np.linalg.norm(gradient_norms[:, places], axis=1)
            of_layer["weight"] = np.linalg.norm(weight_norms[:, places], axis=1)
            of_layer["update"] = np.linalg.norm(moved[:, places], axis=1) / of_layer["weight"]
        of_layer["activations"] = as_bytes(sums.counts)
        of_layer["gradients"] = as_bytes(np.sum([counts[place] for place in places], axis=0))
    return rows


def _parameter_norms(runs: Sequence[Probed], gradients: Sequence[torch.Tensor]) -> tuple[NDArray[np.float64], ...]:
    """Of each run's parameters (runs × parameters) the norms of gradients, weights and last changes; those of a run whose last
    change is not known are NaN."""
    parameters = [[value.detach() for value in run.model.parameters()] for run in runs]
    of_gradients = [gradient[place] for place in range(len(runs)) for gradient in gradients]
    moved = [
        torch._foreach_sub(now, list(run.weights_before))
        for now, run in zip(parameters, runs, strict=True)
        if run.weights_before is not None
    ]
    norms = _norms([*of_gradients, *chain(*parameters), *chain(*moved)]).reshape(-1, len(gradients))
    changes = np.full((len(runs), len(gradients)), np.nan)
    changes[[run.weights_before is not None for run in runs]] = norms[2 * len(runs) :]
    return norms[: len(runs)], norms[len(runs) : 2 * len(runs)], changes


def _places(model: nn.Sequential) -> list[list[int]]:
    """For each layer with weights, where its own are among all parameters; batch normalization's belong to no layer."""
    names = [name for name, _value in model.named_parameters()]
    return [
        [place for place, name in enumerate(names) if name.startswith(f"{index}.")]
        for index, module in enumerate(model)
        if isinstance(module, WITH_WEIGHTS)
    ]


def _norms(values: list[torch.Tensor]) -> NDArray[np.float64]:
    """Euclidean norm of each. Of a convolution's many signals float32 would lose the fourth digit on the way; MPS has no other."""
    dtype = None if values[0].device.type == "mps" else torch.float64
    norms: NDArray[np.float64] = torch.stack(torch._foreach_norm(values, 2, dtype)).cpu().numpy().astype(np.float64)
    return norms


def magnitude_counts(values: torch.Tensor) -> NDArray[np.float64]:
    """How many of each row's |values| lie in each half decade (records.SPREAD_…), rows × half decades; NaN and infinity count to
    the last."""
    counts = np.zeros((len(values), SPREAD_BINS))
    numbers = values.detach()
    height = max(1, _COUNTED_AT_ONCE // max(1, values.shape[1]))
    for top in range(0, len(values), height):
        for part in torch.split(numbers[top : top + height], _COUNTED_AT_ONCE, dim=1):
            bits = part.abs().float().cpu().numpy().view(np.int32)
            eighth = bits >> _EIGHTH
            bins = _BIN.take(eighth) + (bits >= _NEXT_LIMIT.take(eighth))
            firsts = SPREAD_BINS * np.arange(len(bins))[:, None]
            found = np.bincount((bins + firsts).reshape(-1), minlength=SPREAD_BINS * len(bins))
            counts[top : top + height] += found.reshape(-1, SPREAD_BINS)
    return counts


def as_bytes(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The same as fractions of each row, 255 for 1."""
    totals = np.maximum(1.0, counts.sum(-1, keepdims=True))
    fractions: NDArray[np.uint8] = np.round(255 * counts / totals).astype(np.uint8)
    return fractions
