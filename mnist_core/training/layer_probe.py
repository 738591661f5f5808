"""What goes on inside the layers of a network, on a few training images: signals, gradients, updates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.func import functional_call

from mnist_core.config import RunConfig
from mnist_core.records import LAYER_DTYPE, SPREAD_BINS, SPREAD_LOW, SPREAD_STEP
from mnist_core.training.autograd_step import ACTIVATIONS
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import chunk_size, pieces
from mnist_core.training.evaluation import alive, can_die, loss_of
from mnist_core.training.step import Stop, never

PROBED_IMAGES = 128  # the first training images, that are looked at: a probe costs about one step
COUNTED_AT_ONCE = 2**20  # numbers that are counted at once
Parameters = dict[str, torch.Tensor]
WITH_WEIGHTS = (nn.Linear, nn.Conv2d)


def detached(model: nn.Sequential) -> Parameters:
    """The weights by name, apart from the model's, so that their gradients are nobody else's."""
    return {name: value.detach().requires_grad_() for name, value in model.named_parameters()}


class Signal(NamedTuple):
    """What a layer with weights holds of some images, each n × units or n × filters × height × width."""

    z: torch.Tensor  # what its activation is given
    a: torch.Tensor  # what it puts out


def forward(model: nn.Sequential, parameters: Parameters, inputs: torch.Tensor) -> tuple[torch.Tensor, list[Signal]]:
    """(outputs, the signal of each layer with weights), with these weights."""
    signals: list[Signal] = []
    signal = inputs
    for index, module in enumerate(model):
        prefix = f"{index}."
        own = {name.removeprefix(prefix): value for name, value in parameters.items() if name.startswith(prefix)}
        z, signal = signal, functional_call(module, own, (signal,)) if own else module(signal)
        if isinstance(module, WITH_WEIGHTS):
            signals.append(Signal(signal, signal))
        elif isinstance(module, ACTIVATIONS):
            signals[-1] = Signal(z, signal)
    return signal, signals


class _LayerSums:
    """What is measured of one layer, added up over all pieces of the images."""

    def __init__(self) -> None:
        self.squares, self.numbers = 0.0, 0  # of its signals
        self.counts = np.zeros(SPREAD_BINS)
        self.live_units: torch.Tensor | None = None  # of each unit

    def add(self, config: RunConfig, z: torch.Tensor, signal: torch.Tensor) -> None:
        self.squares += signal.square().sum(dtype=torch.float64 if signal.device.type != "mps" else None).item()
        self.numbers += signal.numel()
        self.counts += magnitude_counts(signal)
        live = alive(config, z, signal).transpose(0, 1).flatten(1).any(dim=1)
        self.live_units = live if self.live_units is None else self.live_units | live

    def dead_units(self, config: RunConfig) -> float:
        if not can_die(config) or self.live_units is None:
            return 0.0
        return 1.0 - self.live_units.float().mean().item()


def probe_layers(
    config: RunConfig,
    model: nn.Sequential,
    loader: BatchLoader,
    weights_before: Sequence[torch.Tensor] | None,
    stop: Stop = never,
) -> NDArray[np.void] | None:
    """A row of LAYER_DTYPE for each layer with weights, step and time left 0. `weights_before`: before the last update.

    None where `stop()`, asked before each piece of the images, said so.
    """
    was_training = model.training
    model.eval()
    try:
        measured = _measure(config, model, loader, stop)
    finally:
        model.train(was_training)
    if measured is None:
        return None
    layers, parameters, gradients = measured
    of_layer = _places(model, list(parameters))
    now = [value.detach() for value in parameters.values()]
    rows = np.zeros(len(layers), LAYER_DTYPE)
    for layer, (row, sums, places) in enumerate(zip(rows, layers, of_layer, strict=True)):
        row["layer"] = layer
        hidden = layer + 1 < len(layers)
        row["dead_units"] = sums.dead_units(config) if hidden else np.nan
        row["activation"] = math.sqrt(sums.squares / sums.numbers)
        gradient, weight = [gradients[place] for place in places], [now[place] for place in places]
        row["gradient"], row["weight"] = _norm(gradient).item(), _norm(weight).item()
        if weights_before is not None:
            moved = _norm(now[place] - weights_before[place] for place in places)
            row["update"] = (moved / _norm(weight)).item()  # torch divides by 0 and infinity without a word
        else:
            row["update"] = np.nan
        row["activations"] = as_bytes(sums.counts)
        row["gradients"] = as_bytes(np.sum([magnitude_counts(value) for value in gradient], axis=0))
    return rows


def _measure(
    config: RunConfig, model: nn.Sequential, loader: BatchLoader, stop: Stop
) -> tuple[list[_LayerSums], Parameters, list[torch.Tensor]] | None:
    """(of each layer what its signals are, the weights, the gradient of the mean loss for each of them), in pieces."""
    parameters = detached(model)
    values = list(parameters.values())
    images = min(PROBED_IMAGES, len(loader))
    layers: list[_LayerSums] = []
    gradients: list[torch.Tensor] = []
    for rows in pieces(images, chunk_size(config)):
        if stop():
            return None
        inputs, labels = loader.rows(rows)
        outputs, signals = forward(model, parameters, inputs)
        loss = loss_of(config, outputs, labels) * (len(labels) / images)
        of_piece = torch.autograd.grad(loss, values, allow_unused=True, materialize_grads=True)
        gradients = (
            [total.add_(part) for total, part in zip(gradients, of_piece, strict=True)] if gradients else list(of_piece)
        )
        layers = layers or [_LayerSums() for _signal in signals]
        for sums, signal in zip(layers, signals, strict=True):
            sums.add(config, signal.z.detach(), signal.a.detach())
    return layers, parameters, gradients


def _places(model: nn.Sequential, names: Sequence[str]) -> list[list[int]]:
    """For each layer with weights, where its own are among all parameters; batch normalization's belong to no layer."""
    return [
        [place for place, name in enumerate(names) if name.startswith(f"{index}.")]
        for index, module in enumerate(model)
        if isinstance(module, WITH_WEIGHTS)
    ]


def _norm(values: Iterable[torch.Tensor]) -> torch.Tensor:
    """Euclidean norm of all these numbers as one vector, which of a large layer is never made."""
    norm: torch.Tensor = torch.linalg.vector_norm(torch.stack([torch.linalg.vector_norm(value) for value in values]))
    return norm


def magnitude_counts(values: torch.Tensor) -> NDArray[np.float64]:
    """How many of |values| lie in each half decade (records.SPREAD_…); NaN and infinity count to the last."""
    counts = np.zeros(SPREAD_BINS)
    for part in torch.split(values.detach().flatten(), COUNTED_AT_ONCE):
        logs = torch.log10(part.abs().float())
        bins = ((logs - SPREAD_LOW) / SPREAD_STEP).nan_to_num(SPREAD_BINS, SPREAD_BINS, -1).clamp(0, SPREAD_BINS - 1)
        counts += torch.bincount(bins.long(), minlength=SPREAD_BINS).cpu().numpy()
    return counts


def as_bytes(counts: NDArray[np.float64]) -> NDArray[np.uint8]:
    """The same as fractions of all, 255 for 1."""
    fractions: NDArray[np.uint8] = np.round(255 * counts / max(1.0, counts.sum())).astype(np.uint8)
    return fractions
