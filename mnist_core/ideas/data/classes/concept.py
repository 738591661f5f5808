"""What can be told of the classes without a network: mean and spread of each, and which images are hard.

Images are n×28×28, uint8, labels n, uint8. They are read in pieces, so that a mapped file is never in memory as a whole.
"""

from __future__ import annotations

import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
CHUNK = 1_000  # images at a time: 3 MB as float32


@dataclass(frozen=True)
class Statistics:
    """Of pixels 0 to 255: `counts`, `mean` and `spread` (classes×28×28, spread: standard deviation) of each class."""

    counts: NDArray[np.int64]
    mean: F32
    spread: F32
    pixel_mean: float  # of all pixels of all images
    pixel_deviation: float


def statistics(images: U8, labels: U8, classes: int = 10) -> Statistics:
    """Mean and standard deviation of each pixel, class by class; a class that is not there counts as blank."""
    counts = np.bincount(labels, minlength=classes)
    sums, squares = np.zeros((2, classes, 784))
    for part in _chunks(images):
        x = _flat(images[part])
        one_hot = np.eye(classes, dtype=np.float32)[labels[part]]
        sums += one_hot.T @ x
        squares += one_hot.T @ (x * x)
    n = np.maximum(counts, 1)[:, None]
    mean = sums / n
    spread = np.sqrt(np.maximum(squares / n - mean**2, 0))
    overall = float(sums.sum()) / images.size
    deviation = float(np.sqrt(squares.sum() / images.size - overall**2))
    shape = (classes, 28, 28)
    return Statistics(
        counts, mean.reshape(shape).astype(np.float32), spread.reshape(shape).astype(np.float32), overall, deviation
    )


def distances(images: U8, means: F32) -> F32:
    """How far each image is from the mean image of each class: n×classes, in pixel values (Euclidean)."""
    centers = means.reshape(-1, 784)
    result = np.empty((len(images), len(centers)), np.float32)
    for part in _chunks(images):
        x = _flat(images[part])
        # |x − m|² = |x|² − 2 x·m + |m|²: one product of matrices
        squared = (x * x).sum(1)[:, None] - 2 * x @ centers.T + (centers * centers).sum(1)
        result[part] = np.sqrt(np.maximum(squared, 0))
    return result


def hardness(distance: F32, labels: U8) -> F32:
    """How much farther each image is from the mean of its own class than from the nearest other: above 0 it is mistaken."""
    rows = np.arange(len(labels))
    own = distance[rows, labels]
    others = distance.copy()
    others[rows, labels] = np.inf
    harder: F32 = own - others.min(1)
    return harder


def by_hardness(harder: F32, labels: U8, fraction: float, count: int) -> NDArray[np.int64]:
    """`count` images of each class around this share of its images, 0 the easiest, 1 the hardest: that of label 0 first."""
    chosen = []
    for label in range(int(labels.max()) + 1):
        rows = np.flatnonzero(labels == label)
        rows = rows[np.argsort(harder[rows], kind="stable")]
        start = round(fraction * max(0, len(rows) - count))
        chosen.append(rows[start : start + count])
    return np.concatenate(chosen)


def mean_of(images: U8, labels: U8, count: int, classes: int = 10) -> tuple[F32, F32]:
    """Mean and spread of the first `count` images of each class: classes×28×28 each."""
    mean, spread = np.zeros((2, classes, 28, 28), np.float32)
    for label in range(classes):
        first = images[np.flatnonzero(labels == label)[:count]].astype(np.float32)
        if len(first):
            mean[label], spread[label] = first.mean(0), first.std(0)
    return mean, spread


def _chunks(images: U8) -> Iterator[slice]:
    for start in range(0, len(images), CHUNK):
        yield slice(start, start + CHUNK)
        _release(images)


def _release(images: U8) -> None:
    """Let go of what was read of a mapped file, where the system can: it counts to a process's memory till then."""
    base: Any = images
    while isinstance(base, np.ndarray):
        base = base.base
    if isinstance(base, mmap.mmap) and hasattr(mmap, "MADV_DONTNEED"):
        base.madvise(mmap.MADV_DONTNEED)


def _flat(images: U8) -> F32:
    return images.reshape(len(images), 784).astype(np.float32)
