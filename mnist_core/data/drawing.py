"""Drawn digits to 28×28 pixels as MNIST's were made: scaled into a box of 20×20, centered by the mass of the ink.

MNIST's authors scaled each digit into 20×20 pixels, its proportions kept, with gray pixels from anti-aliasing, and laid
the ink's center of mass at the center of 28×28 (Y. LeCun, C. Cortes, C. Burges, "The MNIST database").
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Ink = NDArray[np.float32]  # height × width, 0 (ground) to 1 (ink)
PAD = 280  # units of the drawing pad, both ways: ten a pixel of the network's input
SIDE, BOX = 28, 20  # pixels of an image, and of the box that its ink fills
LINE = 0.1  # width of MNIST's lines by the longer side of the digit: 2 of 20 pixels, the median of its images
FAINT = 0.1  # less ink than this counts as ground when the drawing is cut out


@dataclass(frozen=True)
class Stroke:
    """A line of the pen: its width and its points (x, y), x to the right and y down, in units of the pad."""

    width: float
    points: tuple[tuple[float, float], ...]


def paint(strokes: Sequence[Stroke]) -> Ink:
    """The drawing on the pad, PAD×PAD: round pens, one unit of anti-aliasing at their rims. A single point is a dot."""
    ink = np.zeros((PAD, PAD), np.float32)
    for stroke in strokes:
        ends = [*stroke.points[1:], stroke.points[-1]] if stroke.points else []
        for start, end in zip(stroke.points, ends, strict=True):
            _segment(ink, start, end, stroke.width / 2)
    return ink


def _segment(ink: Ink, start: tuple[float, float], end: tuple[float, float], radius: float) -> None:
    """Add the ink of one straight piece, where it can reach."""
    low = [max(0, int(min(a, b) - radius - 1)) for a, b in zip(start, end, strict=True)]
    high = [min(PAD, int(max(a, b) + radius + 2)) for a, b in zip(start, end, strict=True)]
    if low[0] >= high[0] or low[1] >= high[1]:
        return
    x = np.arange(low[0], high[0], dtype=np.float32)[None] + np.float32(0.5 - start[0])
    y = np.arange(low[1], high[1], dtype=np.float32)[:, None] + np.float32(0.5 - start[1])
    dx, dy = end[0] - start[0], end[1] - start[1]
    length = dx * dx + dy * dy
    along = np.clip((x * dx + y * dy) / length, 0, 1) if length else np.float32(0)
    distance = np.hypot(x - along * dx, y - along * dy)
    part = ink[low[1] : high[1], low[0] : high[0]]
    np.maximum(part, np.clip(radius + 0.5 - distance, 0, 1), out=part)


def like_mnist(ink: Ink) -> NDArray[np.uint8]:
    """The drawing as MNIST has its digits: 28×28, 0 (ground) to 255 (ink). Without ink: all ground."""
    rows, columns = np.flatnonzero((ink > FAINT).any(1)), np.flatnonzero((ink > FAINT).any(0))
    image = np.zeros((SIDE, SIDE), np.float32)
    if not len(rows):
        return image.astype(np.uint8)
    cut = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = BOX / max(cut.shape)
    small = _resized(cut, max(1, round(cut.shape[0] * scale)), max(1, round(cut.shape[1] * scale)))
    for axis, size in enumerate(small.shape):
        mass = small.sum(1 - axis)
        center = float((mass * np.arange(size)).sum() / mass.sum())
        # The pixel at 14 is the first of the lower right quarter: MNIST's digits have their center of mass there.
        start = min(SIDE - size, max(0, round(SIDE / 2 - center)))
        small = np.pad(small, [(start, SIDE - size - start) if dimension == axis else (0, 0) for dimension in (0, 1)])
    return _pixels(small)


def thickened(ink: Ink) -> Ink:
    """The ink with its lines as thick as MNIST's where they are thinner; on all sides there is room for that."""
    mask = np.pad(ink > 0.5, 1)
    sides = int((mask[1:] != mask[:-1]).sum() + (mask[:, 1:] != mask[:, :-1]).sum())
    radius = (LINE * max(ink.shape) - 2 * float(mask.sum()) / max(1, sides)) / 2
    if radius < 0.5:
        return ink
    reach = int(radius)
    height, width = ink.shape
    page = np.pad(ink, 2 * reach)
    thick = np.zeros((height + 2 * reach, width + 2 * reach), np.float32)
    for down in range(-reach, reach + 1):
        half = int(np.sqrt(radius**2 - down**2))
        for across in range(-half, half + 1):
            top, left = reach + down, reach + across
            np.maximum(thick, page[top : top + thick.shape[0], left : left + thick.shape[1]], out=thick)
    return thick


def as_drawn(ink: Ink) -> NDArray[np.uint8]:
    """The whole drawing shrunk to 28×28 as it lies, neither scaled nor centered."""
    return _pixels(_resized(ink, SIDE, SIDE))


def _resized(ink: Ink, height: int, width: int) -> Ink:
    """By the mean of what falls on each pixel where it shrinks, smoothly where it grows."""
    shrinks = height <= ink.shape[0] and width <= ink.shape[1]
    resampling = Image.Resampling.BOX if shrinks else Image.Resampling.BILINEAR
    return np.asarray(
        Image.fromarray(np.ascontiguousarray(ink, np.float32)).resize((width, height), resampling), np.float32
    )


def _pixels(ink: Ink) -> NDArray[np.uint8]:
    return np.asarray(np.clip(ink * 255, 0, 255).round(), np.uint8)
