"""How good networks are on the three parts, in evaluation mode, and how many of their units are dead."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mnist_core.config import RunConfig
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import pieces
from mnist_core.training.step import Step, Stop

PROBED = 1_000  # the first training images, that dead units are looked for with
Numbers = TypeVar("Numbers", torch.Tensor, NDArray[Any])


@dataclass(frozen=True)
class Score:
    """Mean loss and accuracy over a part, and dead units there."""

    loss: float
    accuracy: float
    dead_units: float  # the greatest share of them among hidden layers; NaN where they were not looked for


def loss_of(config: RunConfig, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean loss of a batch: cross-entropy of the logits, or the summed squared error of the outputs to one-hot."""
    if config.loss == "cross-entropy":
        return F.cross_entropy(outputs, labels)
    target = F.one_hot(labels, config.classes).to(outputs.dtype)
    return (outputs - target).square().sum(dim=1).mean()


def sums_over(
    config: RunConfig, z: NDArray[np.floating], labels: NDArray[np.intp]
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """(the same loss, hits) of each of several runs, summed over the images: `z` is runs × classes × n."""
    count, classes = len(labels), z.shape[1]
    at_labels = (np.arange(0, classes * len(z), classes)[:, None] + labels) * count + np.arange(count)
    below = z - z.max(1, keepdims=True)
    at_label = below.reshape(-1).take(at_labels)
    one_in_each = (
        np.count_nonzero(below) == (classes - 1) * at_label.size
    )  # of equal outputs the first counts as the greatest
    hits = at_label == 0 if one_in_each else z.argmax(1) == labels
    if config.loss == "cross-entropy":
        of_images = np.log(np.exp(below, out=below).sum(1)) - at_label
    else:  # Σ (z − y)² = Σ z² − 2 z_label + 1
        of_images = np.square(z).sum(1) - 2 * z.reshape(-1).take(at_labels) + 1
    return np.add.reduce(of_images.astype(np.float64), 1), hits.sum(1)


def score(
    step: Step,
    config: RunConfig,
    loader: BatchLoader,
    chunk: int,
    stop: Stop,
    *,
    count: int | None = None,
    probed: bool = False,
) -> list[Score] | None:
    """Every run's score on the first `count` images (default: all), `chunk` at a time; None when `stop()` said so.

    `probed`: the first 1,000 of them, as far as they are `count`, are looked at for dead units, too.
    """
    total = len(loader) if count is None else min(count, len(loader))
    losses: Any = 0.0
    hits: Any = 0
    live_units: list[torch.Tensor] = []
    looked_at = PROBED if probed and can_die(config) else 0
    for rows in pieces(total, chunk):
        if stop():
            return None
        outputs = step.outputs(loader, rows, probed=max(0, min(rows.stop, looked_at) - rows.start))
        with np.errstate(all="ignore"):  # NaN and infinity are results
            of_chunk = sums_over(config, outputs.z, outputs.labels)
        losses, hits = losses + of_chunk[0], hits + of_chunk[1]
        live_units = _together(live_units, outputs.live_units)
    dead = _dead_units(live_units, len(hits)) if probed else [math.nan] * len(hits)
    columns = (losses / total).tolist(), (hits / total).tolist(), dead
    return [Score(*of_run) for of_run in zip(*columns, strict=True)]


def _together(seen: list[torch.Tensor], here: list[torch.Tensor]) -> list[torch.Tensor]:
    """The units that were live before or are here, of each layer; either may have looked at no image."""
    return [a | b for a, b in zip(seen, here, strict=True)] if seen and here else seen or here


def _dead_units(live_units: Sequence[torch.Tensor], runs: int) -> list[float]:
    """Each run's greatest share, over hidden layers, of units that are not live."""
    worst = torch.zeros(runs)
    for layer in live_units:
        worst = torch.maximum(worst, 1 - layer.float().mean(dim=1).cpu())
    return worst.tolist()


_GELU_FLAT = -4.41  # below it, the slope of GELU is between -1e-4 and 0


def can_die(config: RunConfig) -> bool:
    """Whether the units have states in which no gradient passes."""
    return config.activation not in ("identity", "leaky-relu")


def alive(config: RunConfig, z: Numbers, a: Numbers) -> Numbers:
    """Where units with the weighted sums `z` and the outputs `a` = f(z) pass a gradient.

    ReLU: where the output is above 0. Sigmoid, tanh, GELU: where the slope is steeper than 1e-4. GELU's is told from `z`, since its
    output is 0 (with either sign, by the processor) both far below 0 and at 0, where the slope is a half. `z` matters to
    no other.
    """
    match config.activation:
        case "sigmoid":
            passes: Numbers = a * (1 - a) > 1e-4
        case "tanh":
            passes = 1 - a * a > 1e-4
        case "gelu":
            passes = z > _GELU_FLAT
        case _:
            passes = a > 0
    return passes
