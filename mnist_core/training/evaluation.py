"""How good networks are on the three parts, in evaluation mode, and how many of their units are dead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import pieces
from mnist_core.training.step import Step, Stop

TRAIN_EVALUATED = 10_000  # the fixed first training images that are evaluated
PROBED = 1_000  # the first training images, that dead units are looked for with


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


def losses_of(config: RunConfig, z: NDArray[np.floating], labels: NDArray[np.intp]) -> NDArray[np.floating]:
    """The same for each of several runs, summed over the images: `z` is runs × 10 × n."""
    at_label = z[:, labels, np.arange(len(labels))]
    if config.loss == "cross-entropy":
        highest = z.max(1, keepdims=True)
        total = np.exp(z - highest).sum(1)
        of_images = np.log(total) + highest[:, 0] - at_label
    else:  # Σ (z − y)² = Σ z² − 2 z_label + 1
        of_images = np.square(z).sum(1) - 2 * at_label + 1
    return sums_of(of_images.astype(np.float64))


def sums_of(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The sum over everything of each run, runs × …, in an order that no other run has to do with."""
    total: NDArray[np.floating] = np.add.reduce(np.ascontiguousarray(values).reshape(len(values), -1), 1)
    return total


def hits_of(z: NDArray[np.floating], labels: NDArray[np.intp]) -> NDArray[np.int64]:
    """Images of each run whose greatest output is at their label: `z` is runs × 10 × n."""
    return np.asarray((z.argmax(1) == labels).sum(1))


def score(
    step: Step, config: RunConfig, loader: BatchLoader, chunk: int, stop: Stop, *, count: int | None = None
) -> list[Score] | None:
    """Every run's score on the first `count` images (default: all), `chunk` at a time; None when `stop()` said so."""
    total = len(loader) if count is None else min(count, len(loader))
    losses: Any = 0.0
    hits: Any = 0
    for rows in pieces(total, chunk):
        if stop():
            return None
        z, labels = step.outputs(loader, rows)
        with np.errstate(all="ignore"):  # NaN and infinity are results
            losses += losses_of(config, z, labels)
        hits += hits_of(z, labels)
    return [Score(loss / total, hit / total) for loss, hit in zip(losses.tolist(), hits.tolist(), strict=True)]


def dead_units(
    step: Step, config: RunConfig, loader: BatchLoader, chunk: int, stop: Stop, *, runs: int
) -> list[float] | None:
    """Each of `runs` runs' greatest share, over hidden layers, of units that pass no gradient for any of 1,000 images,
    `chunk` at a time; None when `stop()` said so."""
    live_units: list[torch.Tensor] = []  # of each layer, runs × units
    for rows in pieces(min(PROBED, len(loader)), chunk) if can_die(config) else ():
        if stop():
            return None
        live_here = step.live_units(loader, rows)
        live_units = (
            [seen | here for seen, here in zip(live_units, live_here, strict=True)] if live_units else live_here
        )
    worst = torch.zeros(runs)
    for layer in live_units:
        worst = torch.maximum(worst, 1 - layer.float().mean(dim=1).cpu())
    return worst.tolist()


_GELU_FLAT = -4.41  # below it, the slope of GELU is between -1e-4 and 0


def can_die(config: RunConfig) -> bool:
    """Whether the units have states in which no gradient passes."""
    return config.activation not in ("identity", "leaky-relu")


def alive(config: RunConfig, z: torch.Tensor, a: torch.Tensor) -> torch.Tensor:
    """Where units with the weighted sums `z` and the outputs `a` = f(z) pass a gradient.

    ReLU: where the output is above 0. Sigmoid, tanh, GELU: where the slope is steeper than 1e-4. GELU's is told from `z`, since its
    output is 0 (with either sign, by the processor) both far below 0 and at 0, where the slope is a half. `z` matters to
    no other.
    """
    match config.activation:
        case "sigmoid":
            return a * (1 - a) > 1e-4
        case "tanh":
            return 1 - a.square() > 1e-4
        case "gelu":
            return z > _GELU_FLAT
    return a > 0
