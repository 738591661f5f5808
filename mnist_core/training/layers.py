"""What goes on inside the layers of a network, on a few training images: signals, gradients, updates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.func import functional_call

from mnist_core.config import RunConfig
from mnist_core.records import LAYER_DTYPE, SPREAD_BINS, SPREAD_LOW, SPREAD_STEP
from mnist_core.training.batches import Feeder
from mnist_core.training.evaluate import alive, can_die, loss_of
from mnist_core.training.general import ACTIVATIONS

IMAGES = slice(0, 128)  # the training images that are looked at: a probe costs about one step
Parameters = dict[str, torch.Tensor]
WITH_WEIGHTS = (nn.Linear, nn.Conv2d)


def detached(model: nn.Sequential) -> Parameters:
    """The weights by name, apart from the model's, so that their gradients are nobody else's."""
    return {name: value.detach().requires_grad_() for name, value in model.named_parameters()}


def forward(
    model: nn.Sequential, parameters: Parameters, inputs: torch.Tensor
) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """(outputs, what each layer with weights puts out, after its activation), with these weights."""
    signals: list[torch.Tensor] = []
    signal = inputs
    for index, module in enumerate(model):
        prefix = f"{index}."
        own = {name.removeprefix(prefix): value for name, value in parameters.items() if name.startswith(prefix)}
        signal = functional_call(module, own, (signal,)) if own else module(signal)
        if isinstance(module, WITH_WEIGHTS):
            signals.append(signal)
        elif isinstance(module, ACTIVATIONS):
            signals[-1] = signal
    return signal, signals


def probe(
    config: RunConfig, model: nn.Sequential, feeder: Feeder, before: Sequence[torch.Tensor] | None
) -> NDArray[np.void]:
    """A row of LAYER_DTYPE for each layer with weights, step and time left 0. `before`: all weights before the last update."""
    was_training = model.training
    model.eval()
    try:
        parameters = detached(model)
        inputs, labels = feeder.rows(IMAGES)
        outputs, signals = forward(model, parameters, inputs)
        gradients = torch.autograd.grad(loss_of(config, outputs, labels), list(parameters.values()), allow_unused=True)
    finally:
        model.train(was_training)
    of_layer = _places(model, list(parameters))
    now = [value.detach() for value in parameters.values()]
    rows = np.zeros(len(signals), LAYER_DTYPE)
    for layer, (row, signal, places) in enumerate(zip(rows, signals, of_layer, strict=True)):
        row["layer"] = layer
        hidden = layer + 1 < len(signals)
        row["dead_units"] = _dead(config, signal) if hidden else np.nan
        row["activation"] = signal.square().mean().sqrt().item()
        found = [gradients[place] for place in places]
        gradient = torch.cat([value.flatten() for value in found if value is not None])
        weight = torch.cat([now[place].flatten() for place in places])
        row["gradient"], row["weight"] = gradient.norm().item(), weight.norm().item()
        moved = [now[place] - before[place] for place in places] if before is not None else []
        row["update"] = _share(torch.cat([value.flatten() for value in moved]), weight) if moved else np.nan
        row["activations"], row["gradients"] = spread(signal), spread(gradient)
    return rows


def _places(model: nn.Sequential, names: Sequence[str]) -> list[list[int]]:
    """For each layer with weights, where its own are among all parameters; batch normalisation's belong to no layer."""
    return [
        [place for place, name in enumerate(names) if name.startswith(f"{index}.")]
        for index, module in enumerate(model)
        if isinstance(module, WITH_WEIGHTS)
    ]


def _share(moved: torch.Tensor, weight: torch.Tensor) -> float:
    return float(moved.norm() / weight.norm())  # torch divides by 0 and infinity without a word


def _dead(config: RunConfig, signal: torch.Tensor) -> float:
    if not can_die(config):
        return 0.0
    lives = alive(config, signal).transpose(0, 1).flatten(1).any(dim=1)
    return 1.0 - lives.float().mean().item()


def spread(values: torch.Tensor) -> NDArray[np.uint8]:
    """Shares of |values| by half decades (records.SPREAD_…), 255 for all; NaN and infinity count to the last."""
    logs = torch.log10(values.detach().abs().flatten().float())
    bins = ((logs - SPREAD_LOW) / SPREAD_STEP).nan_to_num(SPREAD_BINS, SPREAD_BINS, -1).clamp(0, SPREAD_BINS - 1)
    counts = torch.bincount(bins.long(), minlength=SPREAD_BINS).double().cpu().numpy()
    shares: NDArray[np.uint8] = np.round(255 * counts / max(1.0, counts.sum())).astype(np.uint8)
    return shares
