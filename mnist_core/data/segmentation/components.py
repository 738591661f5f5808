"""Connected components of a mask, as horizontal runs of pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]
Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Components:
    """The connected components of a mask, corners included, each as horizontal runs of pixels.

    Per run: `row`, `start`, `end` (behind its last pixel) and the number of its component. Per component: `boxes` (top, left,
    bottom, right; the last two behind the last pixel), `areas` in pixels, `edges`: sides of pixels at which the mask ends.
    """

    shape: tuple[int, int]
    row: Ints
    start: Ints
    end: Ints
    label: Ints
    boxes: Ints
    areas: Ints
    edges: Ints

    def __len__(self) -> int:
        return len(self.areas)

    def mask(self, number: int) -> Mask:
        """The pixels of one component, in its box."""
        top, left, bottom, right = self.boxes[number]
        mask = np.zeros((bottom - top, right - left), np.bool_)
        for run in np.flatnonzero(self.label == number):
            mask[self.row[run] - top, self.start[run] - left : self.end[run] - left] = True
        return mask


def components(mask: Mask) -> Components:
    """All components of the mask."""
    height, width = mask.shape
    change = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    row, start = np.nonzero(change == 1)
    end = np.nonzero(change == -1)[1]
    above, run, shared = _touching(row, start, end, width)
    label = _joined(len(row), above, run)
    count = int(label.max()) + 1 if len(label) else 0
    length = end - start
    areas = np.bincount(label, length, count).astype(np.int64)
    # Each run has two ends, and as much of its upper and lower side as no other run covers.
    sides = np.bincount(label, 2 + 2 * length, count) - 2 * np.bincount(label[run], shared, count)
    order = np.argsort(label, kind="stable")
    first = np.searchsorted(label[order], np.arange(count))
    boxes = np.zeros((count, 4), np.int64)
    if count:
        boxes[:, 0] = np.minimum.reduceat(row[order], first)
        boxes[:, 1] = np.minimum.reduceat(start[order], first)
        boxes[:, 2] = np.maximum.reduceat(row[order], first) + 1
        boxes[:, 3] = np.maximum.reduceat(end[order], first)
    return Components((height, width), row, start, end, label, boxes, areas, sides.astype(np.int64))


def _touching(row: Ints, start: Ints, end: Ints, width: int) -> tuple[Ints, Ints, Ints]:
    """Pairs of runs that touch: the upper one, the lower one, and how many columns they share."""
    stride = width + 2
    starts, ends = row * stride + start, row * stride + end
    low = np.searchsorted(ends, starts - stride)
    high = np.searchsorted(starts, ends - stride, side="right")
    counts = np.maximum(high - low, 0)
    run = np.repeat(np.arange(len(row)), counts)
    above = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts) + np.repeat(low, counts)
    shared = np.minimum(end[above], end[run]) - np.maximum(start[above], start[run])
    return above, run, np.maximum(shared, 0)


def _joined(count: int, first: Ints, second: Ints) -> Ints:
    """A number for each of `count` runs, the same for all that pairs join: each takes the least that it can reach."""
    label = np.arange(count)
    while True:
        minimum = np.minimum(label[first], label[second])
        changed = minimum < np.maximum(label[first], label[second])
        if not changed.any():
            break
        first, second, minimum = first[changed], second[changed], minimum[changed]
        np.minimum.at(label, label[first].copy(), minimum)
        np.minimum.at(label, label[second].copy(), minimum)
        while not np.array_equal(shorter := label[label], label):
            label = shorter
    return np.asarray(np.unique(label, return_inverse=True)[1], np.int64)
