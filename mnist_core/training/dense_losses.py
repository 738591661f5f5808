"""The losses of the dense step: δ = ∂L/∂z of the outputs, and what is said of every image of a block.

What is said is written down image by image while a block is made, and added up when it is done: a small operation on the numbers
of one batch takes almost as long as one on those of a hundred.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.training.batches import BatchLoader
from mnist_core.training.dense_buffers import Batch
from mnist_core.training.step import Block

# Below it, a sum of numbers of one sign says that each of them is finite, and any other sum of about them, too.
_SURELY_FINITE = 1e30


@dataclass
class Part:
    """What is said of the images of one chunk, each runs × n, of a run alone n: views of a block's arrays."""

    labels: NDArray[np.intp]  # n
    at_labels: NDArray[np.intp]  # where the output at its label is among all numbers of the chunk, (runs ×) classes × n
    below: NDArray[np.floating]  # z at the label less the greatest z of the image
    total: NDArray[np.floating]  # cross-entropy: Σ exp(z less the greatest); squared error: Σ (z − y)²
    hits: NDArray[np.bool_] | None = None  # where `below` does not tell them

    def note(self, batch: Batch) -> None:
        """Needs z less the greatest of each image in `batch.delta`."""
        batch.delta_numbers.take(self.at_labels, out=self.below, mode="clip")
        # Of equal outputs the first counts as the greatest. Most often there are none, and no NaN.
        if np.count_nonzero(batch.delta) != (batch.z.shape[-2] - 1) * self.below.size:
            self.hits = batch.z.argmax(-2) == self.labels


def part_of(labels: NDArray[np.intp], classes: int, leading: tuple[int, ...], dtype: np.dtype[Any]) -> Part:
    """Of images with these labels, as one chunk. `leading`: (runs,), of a run alone ()."""
    outputs = classes * np.arange(math.prod(leading)).reshape(*leading, 1) + labels
    below, total = np.empty((2, *leading, len(labels)), dtype)
    return Part(labels, outputs * len(labels) + np.arange(len(labels)), below, total)


class Seen:
    """What is said of the images of a block's batches. `leading`: (runs,), of a run alone ()."""

    def __init__(
        self, config: RunConfig, block: Block, loader: BatchLoader, leading: tuple[int, ...], dtype: np.dtype[Any]
    ) -> None:
        self._cross_entropy = config.loss == "cross-entropy"
        self._starts = block.images.cumsum() - block.images  # of each update's images
        chunks = [chunk for batch in block.batches for chunk in batch]
        labels, sizes = loader.labels(np.concatenate(chunks)), np.array([len(chunk) for chunk in chunks])
        starts = sizes.cumsum() - sizes
        outputs = config.classes * np.arange(math.prod(leading)).reshape(*leading, 1) + labels
        at_labels = outputs * np.repeat(sizes, sizes) + np.arange(len(labels)) - np.repeat(starts, sizes)
        self._below, self._total = np.empty((2, *leading, len(labels)), dtype)
        self._slices = [slice(start, start + size) for start, size in zip(starts.tolist(), sizes.tolist(), strict=True)]
        self._parts = [
            Part(labels[here], at_labels[..., here], self._below[..., here], self._total[..., here])
            for here in self._slices
        ]
        parts = iter(self._parts)
        self.updates = [list(islice(parts, len(batch))) for batch in block.batches]  # the parts of each

    def is_finite(self, place: int, runs: Sequence[int]) -> bool:
        """Whether the loss of the update at `place` is, for all these runs."""
        for part in self.updates[place]:
            rough = float(np.add.reduce(part.below if self._cross_entropy else part.total, None))
            if not abs(rough) < _SURELY_FINITE:
                losses, _hits = self.sums(place + 1)
                return bool(np.isfinite(losses[-1, runs]).all())
        return True

    def sums(self, updates: int) -> tuple[NDArray[np.floating], NDArray[np.int64]]:
        """(losses, hits) of the block's first updates, updates × runs. No sum has to do with another run or update."""
        images = sum(part.labels.size for parts in self.updates[:updates] for part in parts)
        hits = self._below == 0
        for here, part in zip(self._slices, self._parts, strict=True):
            if part.hits is not None:
                hits[..., here] = part.hits
        below, total = self._below[..., :images], self._total[..., :images]
        losses = np.log(total) - below if self._cross_entropy else total
        return self._of_updates(losses, updates), self._of_updates(hits[..., :images].astype(np.int64), updates)

    def _of_updates(self, of_images: NDArray[Any], updates: int) -> NDArray[Any]:
        """Sums, updates × runs."""
        runs = np.atleast_2d(of_images)
        if not updates:
            return np.empty((0, len(runs)), runs.dtype)
        added: NDArray[Any] = np.add.reduceat(runs, self._starts[:updates], axis=1).T
        return added


def _cross_entropy(batch: Batch, part: Part) -> None:
    """Leaves n δ = softmax(z) − y."""
    delta = batch.delta
    # softmax is the same for z less any number; the greatest keeps exp from overflow
    np.subtract(batch.z, np.maximum.reduce(batch.z, -2, keepdims=True), out=delta)
    part.note(batch)
    np.exp(delta, out=delta)
    np.divide(delta, np.add.reduce(delta, -2, out=part.total)[..., None, :], out=delta)
    batch.delta_numbers[part.at_labels] -= 1


def _squared_error(batch: Batch, part: Part) -> None:
    """Leaves n δ = 2 (z − y)."""
    delta = batch.delta
    np.subtract(batch.z, np.maximum.reduce(batch.z, -2, keepdims=True), out=delta)
    part.note(batch)
    np.copyto(delta, batch.z)
    batch.delta_numbers[part.at_labels] -= 1
    np.add.reduce(np.square(delta), -2, out=part.total)
    delta *= 2


LOSSES: Mapping[str, Callable[[Batch, Part], None]] = {
    "cross-entropy": _cross_entropy,
    "squared-error": _squared_error,
}
