"""Components of a map of contrasts as figures: the parts of a broken line are one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.data.segmentation.components import Components, components
from mnist_core.data.segmentation.contrast import Side

Box = tuple[int, int, int, int]  # top, left, bottom, right; the last two behind the last pixel
# Of one level, the largest components and the most prominent groups: more is a texture, or a page of text.
MOST_PARTS, MOST_GROUPS = 30, 12
NEAR = 0.16  # of the larger part: a gap in a line is no wider


def common(first: Box, second: Box) -> Box:
    """The part in common; empty (bottom ≤ top or right ≤ left) where they are apart."""
    return max(first[0], second[0]), max(first[1], second[1]), min(first[2], second[2]), min(first[3], second[3])


def overlap(first: Box, second: Box) -> int:
    """Pixels in common."""
    top, left, bottom, right = common(first, second)
    return max(0, bottom - top) * max(0, right - left)


def inside(inner: Box, outer: Box) -> bool:
    """Whether `inner` lies in `outer`, nearly at least."""
    area = (inner[2] - inner[0]) * (inner[3] - inner[1])
    return overlap(inner, outer) >= 0.8 * area


@dataclass(frozen=True)
class Group:
    """Components that are one figure, at one level of contrast. Lengths in pixels of the map."""

    parts: tuple[int, ...]
    box: Box
    area: int
    contrast: float  # mean, in 255 logarithms
    light: bool  # lighter than its ground
    wide: bool  # its lines are wider than most digits'
    level: int
    touches: int  # sides of the picture

    @property
    def height(self) -> int:
        """Of its box."""
        return self.box[2] - self.box[0]

    @property
    def width(self) -> int:
        """Of its box."""
        return self.box[3] - self.box[1]

    @property
    def longer(self) -> int:
        """The longer side of its box."""
        return max(self.height, self.width)


def groups(side: Side, level: int) -> tuple[Components, list[Group]]:
    """The figures of this level that are large enough, parts that lie close to each other as one."""
    pieces = components(side.contrast > level)
    longest = max(side.contrast.shape)
    extent = np.maximum(pieces.boxes[:, 2] - pieces.boxes[:, 0], pieces.boxes[:, 3] - pieces.boxes[:, 1])
    large = np.flatnonzero(extent >= max(4, 0.008 * longest))
    large = large[np.argsort(-extent[large], kind="stable")][:MOST_PARTS]
    strength = _strengths(side, pieces)
    figures = [_group(side, level, pieces, strength, parts) for parts in _grouped(pieces, large.tolist())]
    low = max(8, 0.012 * longest)
    fit = [figure for figure in figures if low <= figure.height and figure.width <= 2.2 * figure.height]
    return pieces, sorted(fit, key=lambda figure: -figure.contrast * figure.area**0.5)[:MOST_GROUPS]


def _group(side: Side, level: int, pieces: Components, strength: NDArray[np.float64], parts: list[int]) -> Group:
    boxes, areas = pieces.boxes[parts], pieces.areas[parts]
    top, left = (int(edge) for edge in boxes[:, :2].min(0))
    bottom, right = (int(edge) for edge in boxes[:, 2:].max(0))
    height, width = side.contrast.shape
    touches = (top == 0) + (left == 0) + (bottom == height) + (right == width)
    area = int(areas.sum())
    contrast = float((strength[parts] * areas).sum() / area)
    return Group(tuple(parts), (top, left, bottom, right), area, contrast, side.light, side.wide, level, touches)


def _strengths(side: Side, pieces: Components) -> NDArray[np.float64]:
    """Mean contrast of each component."""
    sums = np.pad(np.cumsum(side.contrast, axis=1, dtype=np.int64), ((0, 0), (1, 0)))
    mass = sums[pieces.row, pieces.end] - sums[pieces.row, pieces.start]
    return np.bincount(pieces.label, mass, len(pieces)) / np.maximum(pieces.areas, 1)


def _grouped(pieces: Components, numbers: list[int]) -> list[list[int]]:
    """The components in groups: the larger takes in what lies near it and is not a digit beside it."""
    grouped: list[list[int]] = []
    outlines = {number: _outline(pieces, number) for number in numbers}
    frames = {number for number in numbers if _is_frame(pieces, number)}
    for number in numbers:  # the largest first
        open_ = [group for group in grouped if group[0] not in frames or not _in_box(pieces, number, group[0])]
        home = next((group for group in open_ if _belongs(pieces, outlines, group, number)), None)
        if home is None:
            grouped.append([number])
        else:
            home.append(number)
    return grouped


def _is_frame(pieces: Components, number: int) -> bool:
    """Whether it runs along all four sides of its box, nearly from corner to corner."""
    mask = pieces.mask(number)
    height, width = mask.shape
    tall, wide = max(1, height // 6), max(1, width // 6)
    sides = (mask[:tall].any(0), mask[-tall:].any(0), mask[:, :wide].any(1), mask[:, -wide:].any(1))
    return all(float(side.mean()) > 0.8 for side in sides)


def _in_box(pieces: Components, inner: int, outer: int) -> bool:
    return inside(_box(pieces, inner), _box(pieces, outer))


def _box(pieces: Components, number: int) -> Box:
    top, left, bottom, right = (int(edge) for edge in pieces.boxes[number])
    return top, left, bottom, right


def _outline(pieces: Components, number: int, most: int = 200) -> NDArray[np.float64]:
    """Up to so many ends of the component's runs, (row, column)."""
    runs = np.flatnonzero(pieces.label == number)
    runs = runs[:: max(1, 2 * len(runs) // most)]
    rows, starts, ends = pieces.row[runs], pieces.start[runs], pieces.end[runs] - 1
    return np.stack([np.concatenate([rows, rows]), np.concatenate([starts, ends])], 1).astype(np.float64)


def _belongs(pieces: Components, outlines: dict[int, NDArray[np.float64]], group: list[int], number: int) -> bool:
    top, left, bottom, right = pieces.boxes[number]
    for other in group:
        up, west, down, east = pieces.boxes[other]
        larger = max(down - up, east - west)
        near = NEAR * larger + 2
        if top > down + near or bottom < up - near or left > east + near or right < west - near:
            continue
        shared = min(right, east) - max(left, west)
        if shared < 0.15 * min(right - left, east - west) and bottom - top >= 0.6 * (down - up):
            continue  # the next digit
        gaps = np.abs(outlines[number][:, None] - outlines[other][None]).max(2)
        if gaps.min() <= near:
            return True
    return False
