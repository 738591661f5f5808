"""Digits as lines of a pen: the middle lines of images of 28×28 pixels, drawn anew at any size, width and turn."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from mnist_core.data.segmentation.components import components

FINE = 6  # pixels of the middle line for one of the image
FAINTEST = 50  # of 255: less is no ink of the image
F32 = NDArray[np.float32]


@dataclass(frozen=True)
class Lines:
    """Straight pieces (n×2×2: start and end, x and y), the longer side of their box 1, its middle at 0."""

    pieces: F32


def middle_lines(image: NDArray[np.uint8]) -> Lines:
    """The middle lines of a digit (28×28)."""
    picture = Image.fromarray(image).resize((28 * FINE, 28 * FINE), Image.Resampling.BICUBIC)
    large, near = np.asarray(picture), np.asarray(picture.filter(ImageFilter.MaxFilter(2 * FINE + 1)))
    all_ink = large > FAINTEST
    sharp = all_ink & (large > 0.45 * near)  # narrow loops stay open
    thin = _thinned(sharp if len(components(sharp)) == len(components(all_ink)) else all_ink)  # and faint lines whole
    rows, columns = np.nonzero(thin)
    places = _smoothed(thin)[rows, columns]
    number = np.full(thin.shape, -1)
    number[rows, columns] = np.arange(len(rows))
    pieces = [np.stack([places, places], 1)[:1]] if len(rows) else []
    for dy, dx in ((0, 1), (1, 0), (1, 1), (1, -1)):
        neighbor = number[np.clip(rows + dy, 0, len(thin) - 1), np.clip(columns + dx, 0, len(thin) - 1)]
        joined = (neighbor >= 0) & (neighbor != np.arange(len(rows)))
        pieces.append(np.stack([places[joined], places[neighbor[joined]]], 1))
    segments = np.concatenate(pieces) if pieces else np.zeros((0, 2, 2))
    low, high = segments.min((0, 1)), segments.max((0, 1))
    return Lines(((segments - (low + high) / 2) / max(1, (high - low).max())).astype(np.float32))


def _thinned(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The mask's lines one pixel thin (T. Y. Zhang and C. Y. Suen, "A fast parallel algorithm for thinning digital patterns", 1984)."""
    thin = np.pad(mask, 1).astype(np.uint8)
    while True:
        before = thin.sum()
        for first in (True, False):
            p2, p3, p4, p5, p6, p7, p8, p9 = _around(thin)
            ring = np.stack([p2, p3, p4, p5, p6, p7, p8, p9, p2])
            neighbors = ring[:8].sum(0)
            crossings = ((ring[:8] == 0) & (ring[1:] == 1)).sum(0)
            open_ = (p2 * p4 * p6 == 0) & (p4 * p6 * p8 == 0) if first else (p2 * p4 * p8 == 0) & (p2 * p6 * p8 == 0)
            thin[1:-1, 1:-1] &= ~((neighbors >= 2) & (neighbors <= 6) & (crossings == 1) & open_)
        if thin.sum() == before:
            return thin[1:-1, 1:-1].astype(bool)


def _around(thin: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], ...]:
    """The eight neighbors of each inner pixel, from above in the clock's sense."""
    places = ((0, 1), (0, 2), (1, 2), (2, 2), (2, 1), (2, 0), (1, 0), (0, 0))
    height, width = thin.shape
    return tuple(thin[y : height - 2 + y, x : width - 2 + x] for y, x in places)


def _smoothed(thin: NDArray[np.bool_], reach: int = 3) -> F32:
    """For each pixel (x, y) of the mean of the line's pixels near it: without the pixels' stairs."""
    height, width = thin.shape
    padded = np.pad(thin, reach).astype(np.float32)
    y, x = np.mgrid[-reach : height + reach, -reach : width + reach].astype(np.float32)
    sums = np.zeros((3, height, width), np.float32)
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            part = (slice(dy, dy + height), slice(dx, dx + width))
            sums += np.stack([padded[part], (padded * x)[part], (padded * y)[part]])
    return np.asarray(np.moveaxis(sums[1:] / np.maximum(sums[0], 1), 0, -1), np.float32)


def rendered(lines: Lines, size: float, width: float, degrees: float) -> F32:
    """The lines with a round pen, `size` the longer side of their box in pixels: a square patch, 0 (paper) to 1 (ink)."""
    finer = 2 if size < 600 else 1
    angle = np.deg2rad(degrees)
    matrix = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]]) * size * finer
    side = int(1.5 * size + 2 * width + 8) * finer
    pen = max(1.0, width * finer)
    patch = Image.new("L", (side, side))
    draw = ImageDraw.Draw(patch)
    pieces = lines.pieces @ matrix.T + side / 2
    for (ax, ay), (bx, by) in pieces:
        draw.line([ax, ay, bx, by], 255, round(pen))
    for x, y in pieces.reshape(-1, 2) if pen >= 3 else ():
        draw.ellipse([x - pen / 2, y - pen / 2, x + pen / 2, y + pen / 2], 255)
    return np.asarray(patch.reduce(finer) if finer > 1 else patch, np.float32) / np.float32(255)
