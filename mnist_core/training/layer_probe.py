"""What goes on inside the layers of networks, on a few training images: signals, gradients, updates."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

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
from mnist_core.training.step import Inside, Step, Stop, never

PROBED_IMAGES = 128  # the first training images, that are looked at: a probe costs about one step
_COUNTED_AT_ONCE = 2**18  # numbers; what is made of them takes 3 MB
# Numbers of one sign are in the order of their bits, read as a whole number; NaN comes after infinity. The upper bits tell the
# eighth of an octave that a number is in: the half decade at its lower end, and where the next one begins, are looked up.
_EIGHTH = 20  # bits below those upper ones
_LIMITS = (10 ** (SPREAD_LOW + SPREAD_STEP * np.arange(1, SPREAD_BINS))).astype(np.float32).view(np.int32)
_BIN = np.searchsorted(_LIMITS, np.arange(2 ** (31 - _EIGHTH)) << _EIGHTH, side="right").astype(np.uint8)
_NEXT_LIMIT = np.append(_LIMITS, np.int32(2**31 - 1))[_BIN]


@dataclass(frozen=True)
class Probed:
    """A run that is looked into."""

    config: RunConfig
    model: nn.Sequential
    weights_before: Sequence[torch.Tensor] | None = None  # before its last update


class _LayerSums:
    """What is measured of one layer, added up over all pieces of the images."""

    def __init__(self) -> None:
        self.squares, self.numbers = 0.0, 0  # of its signals
        self.counts = np.zeros(SPREAD_BINS)
        self.live_units: torch.Tensor | None = None  # of each unit

    def add(self, signal: torch.Tensor, live_units: torch.Tensor | None) -> None:
        self.squares += float(torch.linalg.vector_norm(signal)) ** 2
        self.numbers += signal.numel()
        self.counts += magnitude_counts(signal)
        if live_units is not None:
            self.live_units = live_units if self.live_units is None else self.live_units | live_units

    def dead_units(self, config: RunConfig) -> float:
        if not can_die(config) or self.live_units is None:
            return 0.0
        return 1.0 - self.live_units.float().mean().item()


def probe_layers(
    step: Step, runs: Sequence[Probed], loader: BatchLoader, chunk: int, stop: Stop = never
) -> list[NDArray[np.void]] | None:
    """Of each of the runs of `step`, a row of LAYER_DTYPE for each layer with weights, step and time left 0.

    At most `chunk` images go through the networks at once. None where `stop()`, asked before each piece of them, said so.
    """
    images = min(PROBED_IMAGES, len(loader))
    layers: list[list[_LayerSums]] = []
    gradients: list[list[torch.Tensor]] = []
    for rows in pieces(images, chunk):
        if stop():
            return None
        insides = step.inside(loader, rows)
        layers = layers or [[_LayerSums() for _signal in inside.signals] for inside in insides]
        for sums_of_run, inside in zip(layers, insides, strict=True):
            for sums, signal, live_units in zip(sums_of_run, inside.signals, [*inside.live_units, None], strict=True):
                sums.add(signal, live_units)
        gradients = _added_up(gradients, insides, (rows.stop - rows.start) / images)
    return [_rows(*of_run) for of_run in zip(runs, layers, gradients, strict=True)]


def _added_up(
    sums: Sequence[list[torch.Tensor]], insides: Sequence[Inside], fraction: float
) -> list[list[torch.Tensor]]:
    """Each run's gradients, with those of a piece which has this fraction of the images."""
    if fraction == 1:
        return [list(inside.gradients) for inside in insides]
    of_piece = [[gradient * fraction for gradient in inside.gradients] for inside in insides]
    return [list(torch._foreach_add(*both)) for both in zip(sums, of_piece, strict=True)] if sums else of_piece


def _rows(run: Probed, layers: Sequence[_LayerSums], gradients: Sequence[torch.Tensor]) -> NDArray[np.void]:
    """The rows of one run."""
    parameters = [value.detach() for value in run.model.parameters()]
    norms = {"gradient": _norms(gradients), "weight": _norms(parameters)}
    moved = None if run.weights_before is None else _norms(torch._foreach_sub(parameters, list(run.weights_before)))
    rows = np.zeros(len(layers), LAYER_DTYPE)
    for layer, (row, sums, places) in enumerate(zip(rows, layers, _places(run.model), strict=True)):
        row["layer"] = layer
        row["dead_units"] = sums.dead_units(run.config) if layer + 1 < len(layers) else np.nan
        row["activation"] = math.sqrt(sums.squares / sums.numbers)
        for name, of_parameters in norms.items():
            row[name] = np.linalg.norm(of_parameters[places])
        with np.errstate(all="ignore"):
            row["update"] = np.nan if moved is None else np.linalg.norm(moved[places]) / row["weight"]
        row["activations"] = as_bytes(sums.counts)
        row["gradients"] = as_bytes(np.sum([magnitude_counts(gradients[place]) for place in places], axis=0))
    return rows


def _places(model: nn.Sequential) -> list[list[int]]:
    """For each layer with weights, where its own are among all parameters; batch normalization's belong to no layer."""
    names = [name for name, _value in model.named_parameters()]
    return [
        [place for place, name in enumerate(names) if name.startswith(f"{index}.")]
        for index, module in enumerate(model)
        if isinstance(module, WITH_WEIGHTS)
    ]


def _norms(values: Sequence[torch.Tensor]) -> NDArray[np.float64]:
    """Euclidean norm of each."""
    norms: NDArray[np.float64] = torch.stack(torch._foreach_norm(list(values))).cpu().numpy().astype(np.float64)
    return norms


def magnitude_counts(values: torch.Tensor) -> NDArray[np.float64]:
    """How many of |values| lie in each half decade (records.SPREAD_…); NaN and infinity count to the last."""
    counts = np.zeros(SPREAD_BINS)
    for part in torch.split(values.detach().flatten(), _COUNTED_AT_ONCE):
        bits = part.abs().float().cpu().numpy().view(np.int32)
        eighth = bits >> _EIGHTH
        bins = _BIN.take(eighth) + (bits >= _NEXT_LIMIT.take(eighth))
        counts += np.bincount(bins, minlength=SPREAD_BINS)
    return counts


def as_bytes(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The same as fractions of all, 255 for 1."""
    fractions: NDArray[np.uint8] = np.round(255 * counts / max(1.0, counts.sum())).astype(np.uint8)
    return fractions
