"""How good a network is on the three parts, in evaluation mode, and how many of its units are dead."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import nn
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.training.batches import Feeder

TRAIN_EVALUATED = 10_000  # the fixed first training images that are evaluated
Stop = Callable[[], bool]
_ACTIVATIONS = (nn.ReLU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.GELU)


@dataclass(frozen=True)
class Score:
    """Mean loss and accuracy over a part."""

    loss: float
    accuracy: float


def loss_of(config: RunConfig, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean loss of a batch: cross-entropy of the logits, or the summed squared error of the ten outputs to one-hot."""
    if config.loss == "cross-entropy":
        return F.cross_entropy(outputs, labels)
    target = F.one_hot(labels, 10).to(outputs.dtype)
    return (outputs - target).square().sum(dim=1).mean()


def score(
    model: nn.Sequential, config: RunConfig, feeder: Feeder, chunk: int, stop: Stop, *, count: int | None = None
) -> Score | None:
    """The score on the first `count` images (default: all), `chunk` at a time; None when `stop()` said so."""
    total = len(feeder) if count is None else min(count, len(feeder))
    loss = hits = 0.0
    for start in range(0, total, chunk):
        if stop():
            return None
        inputs, labels = feeder.rows(slice(start, min(start + chunk, total)))
        outputs = model(inputs)
        loss += loss_of(config, outputs, labels).item() * len(labels)
        hits += (outputs.argmax(dim=1) == labels).sum().item()
    return Score(loss / total, hits / total)


def dead_units(model: nn.Sequential, config: RunConfig, feeder: Feeder, count: int = 1_000) -> float:
    """The greatest share, over hidden layers, of units that pass no gradient for any of `count` training images.

    ReLU: never above 0. Sigmoid, tanh: a slope below 1e-4 everywhere. GELU: never more than 1e-3 from 0. A unit of a
    convolution is a filter, over all places of the image. Identity and leaky ReLU have none.
    """
    if config.activation in ("identity", "leaky-relu"):
        return 0.0
    signal, _labels = feeder.rows(slice(0, min(count, len(feeder))))
    worst = 0.0
    for module in model:
        signal = module(signal)
        if isinstance(module, _ACTIVATIONS):
            # n × units, or n × filters × height × width
            alive = _alive(module, signal).flatten(2) if signal.dim() > 2 else _alive(module, signal).unsqueeze(2)
            worst = max(worst, 1.0 - alive.any(dim=2).any(dim=0).float().mean().item())
    return worst


def _alive(module: nn.Module, output: torch.Tensor) -> torch.Tensor:
    if isinstance(module, nn.Sigmoid):
        return output * (1 - output) > 1e-4
    if isinstance(module, nn.Tanh):
        return 1 - output.square() > 1e-4
    if isinstance(module, nn.GELU):
        return output.abs() > 1e-3
    return output > 0
