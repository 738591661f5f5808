"""How good networks are on the three parts, in evaluation mode, and how many of their units are dead."""

from __future__ import annotations

import math
from collections.abc import Sequence
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
    """Mean loss and accuracy over a part, and dead units there."""

    loss: float
    accuracy: float
    dead_units: float  # the greatest share of them among hidden layers; NaN where they were not looked for


def loss_of(config: RunConfig, outputs: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean loss of a batch: cross-entropy of the logits, or the summed squared error of the ten outputs to one-hot."""
    if config.loss == "cross-entropy":
        return F.cross_entropy(outputs, labels)
    target = F.one_hot(labels, 10).to(outputs.dtype)
    return (outputs - target).square().sum(dim=1).mean()


def sums_over(
    config: RunConfig, z: NDArray[np.floating], labels: NDArray[np.intp]
) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
    """(the same loss, hits) of each of several runs, summed over the images: `z` is runs × 10 × n."""
    places = at_labels(labels)
    at_label = z.reshape(len(z), -1).take(places, 1)
    highest = z.max(1, keepdims=True)
    if config.loss == "cross-entropy":
        total = np.exp(z - highest).sum(1)
        of_images = np.log(total) + highest[:, 0] - at_label
    else:  # Σ (z − y)² = Σ z² − 2 z_label + 1
        of_images = np.square(z).sum(1) - 2 * at_label + 1
    return sums_of(of_images.astype(np.float64)), hits_of(z, labels, z == highest, places)


def sums_of(values: NDArray[np.floating]) -> NDArray[np.floating]:
    """The sum over everything of each run, runs × …, in an order that no other run has to do with."""
    total: NDArray[np.floating] = np.add.reduce(np.ascontiguousarray(values).reshape(len(values), -1), 1)
    return total


def at_labels(labels: NDArray[np.intp]) -> NDArray[np.intp]:
    """Where the number at the label of each image is among a run's 10 × n, taken as one row."""
    return labels * len(labels) + np.arange(len(labels))


def hits_of(
    z: NDArray[np.floating], labels: NDArray[np.intp], greatest: NDArray[np.bool_], places: NDArray[np.intp]
) -> NDArray[np.int64]:
    """Images of each run whose greatest output is at their label; of equal ones the first counts as the greatest.

    `z` is runs × 10 × n, `greatest` where it is as great as the greatest of its image, `places` of `at_labels`.
    """
    if np.count_nonzero(greatest) == len(z) * len(labels):  # one in each image: the usual case, in a third of the time
        return np.asarray(greatest.reshape(len(z), -1).take(places, 1).sum(1))
    return np.asarray((z.argmax(1) == labels).sum(1))


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
