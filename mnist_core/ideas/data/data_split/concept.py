"""What a leak does to a test: a nearest-neighbor classifier that has test images in its memory.

It answers with the digit of the image in its memory that is nearest (Cover, Hart 1967), pixel by pixel. One that it has seen is
nearest to itself: on leaked images it is always right, and has learned nothing. Everything is computed once from one matrix of
distances; the share that leaks is then a look-up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

U8 = NDArray[np.uint8]
F32 = NDArray[np.float32]
Labeled = tuple[U8, U8]  # images n×28×28 and labels n
STEPS = 20  # shares that leak: 0, 1/20, … 1
CHUNK = 50  # images whose distances are computed at a time


@dataclass(frozen=True)
class Leak:
    """Shares of right answers for each leaked share (STEPS + 1): on the test images, and on images nobody has seen."""

    shares: NDArray[np.float64]
    test: NDArray[np.float64]
    unseen: NDArray[np.float64]


def leak(memory: Labeled, test: Labeled, unseen: Labeled, sizes: tuple[int, ...]) -> dict[int, Leak]:
    """For each size of the memory (its first images) what leaks do. Leaked are the first test images."""
    count = len(test[1])
    leaked = [round(count * step / STEPS) for step in range(STEPS + 1)]
    on_test = _right(memory, test, test, leaked, sizes)
    on_unseen = _right(memory, test, unseen, leaked, sizes)
    shares = np.array(leaked) / count
    return {size: Leak(shares, on_test[row], on_unseen[row]) for row, size in enumerate(sizes)}


def _right(
    memory: Labeled, test: Labeled, queries: Labeled, leaked: list[int], sizes: tuple[int, ...]
) -> NDArray[np.float64]:
    """Share of the queries answered right: sizes × leaks, with so many leaked test images in the memory besides."""
    right = np.zeros((len(sizes), len(leaked)))
    remembered, extra = _flat(memory[0]), _flat(test[0])
    for start in range(0, len(queries[1]), CHUNK):
        images, labels = _flat(queries[0][start : start + CHUNK]), queries[1][start : start + CHUNK]
        from_memory, from_leak = _distances(images, remembered), _distances(images, extra)
        # Nearest in the memory, and nearest of the leaked: the nearer of the two answers.
        memory_answers = [_nearest(from_memory, size, memory[1]) for size in sizes]
        leak_answers = [_nearest(from_leak, number, test[1]) for number in leaked]
        for row, (far, digit) in enumerate(memory_answers):
            for column, (leak_far, leak_digit) in enumerate(leak_answers):
                answers = np.where(leak_far < far, leak_digit, digit)
                right[row, column] += (answers == labels).sum()
    return right / len(queries[1])


def _nearest(distances: F32, among: int, labels: U8) -> tuple[F32, U8]:
    """How far the nearest of the first `among` is from each image, and its label; infinitely far where there is none."""
    if not among:
        return np.full(len(distances), np.inf, np.float32), np.zeros(len(distances), np.uint8)
    nearest = distances[:, :among].argmin(1)
    return distances[np.arange(len(distances)), nearest], labels[nearest]


def _distances(images: F32, others: F32) -> F32:
    """Squared distances, n×m."""
    squared: F32 = (images * images).sum(1)[:, None] - 2 * images @ others.T + (others * others).sum(1)
    return squared


def _flat(images: U8) -> F32:
    # In 16 steps of ink all sums stay below 2²⁴ and are exact: an image is at distance 0 from itself.
    return (images.reshape(len(images), 784) // 16).astype(np.float32)


def margin(fraction: float, images: int) -> float:
    """Half the width of the 95% interval of an accuracy measured on so many images: 1.96 standard errors."""
    return 1.96 * float(np.sqrt(fraction * (1 - fraction) / max(1, images)))
