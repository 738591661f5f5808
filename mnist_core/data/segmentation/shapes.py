"""Which figures have a digit's shape: lines on a ground that is on all sides."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_core.data.segmentation.components import Components, Mask
from mnist_core.data.segmentation.contrast import Side
from mnist_core.data.segmentation.groups import Group
from mnist_core.data.segmentation.morphology import Gray, eroded

THINNEST, THICKEST = 0.015, 0.36  # a line's width by the longer side of its digit


def could_be_digit(side: Side, pieces: Components, group: Group) -> bool:
    """Whether the group has a digit's shape: a line, not a patch, on a ground that is the same all around."""
    parts = list(group.parts)
    if group.touches > 1 and len(parts) > 6:
        return False  # squares of paper between rules
    if 2 * group.area < THINNEST * group.longer * int(pieces.edges[parts].sum()):
        return False
    top, left, bottom, right = group.box
    height, width = side.contrast.shape
    if group.touches == 2 and ((bottom - top == height) or (right - left == width)):
        return False  # from one end of the picture to the other: a shadow, a rule, the rim of a desk
    if group.touches and _along_rim(pieces, parts) > 0.7 * (group.height + group.width):
        return False
    return not _is_patch(mask_of(pieces, group)) and _stands_out(side, group)


def _is_patch(mask: Mask) -> bool:
    """Whether it has room for a square that no line of a digit has room for."""
    window = round(THICKEST * max(mask.shape)) // 2 * 2 + 1
    padded = np.pad(mask, window // 2).astype(np.uint8)  # behind the rim is ground
    return bool(eroded(padded, window).any())


def _along_rim(pieces: Components, parts: list[int]) -> int:
    """How many of the components' pixels lie on the picture's rim."""
    height, width = pieces.shape
    runs = np.isin(pieces.label, parts)
    row, start, end = pieces.row[runs], pieces.start[runs], pieces.end[runs]
    at_ends = (row == 0) | (row == height - 1)
    return int((end - start)[at_ends].sum() + (start == 0).sum() + (end == width).sum())


def _stands_out(side: Side, group: Group) -> bool:
    """Whether it is darker than what lies beside it, on each side: the rim of a sheet is not.

    Each column is compared with what is above and below it, each row with what is left and right: there is the same light.
    """
    top, left, bottom, right = group.box
    margin = max(3, round(0.13 * group.longer))
    inside = side.logs[top:bottom, left:right].astype(np.float32)
    inside[side.contrast[top:bottom, left:right] <= group.level] = np.nan
    columns, rows = (np.fmin.reduce(inside, axis=axis) for axis in (0, 1))  # the darkest; NaN where there is no ink
    strips = (
        (side.logs[max(0, top - margin) : top, left:right], columns),
        (side.logs[bottom : bottom + margin, left:right], columns),
        (side.logs[top:bottom, max(0, left - margin) : left].T, rows),
        (side.logs[top:bottom, right : right + margin].T, rows),
    )
    failing = sum(not _lighter(strip, darkest, 0.5 * group.contrast) for strip, darkest in strips if len(strip))
    return failing <= (0 if group.light or group.touches else 1)  # a deep shadow may begin beside dark ink


def _lighter(strip: Gray, darkest: NDArray[np.float32], difference: float) -> bool:
    """Whether in most columns the middle of the strip is lighter than the darkest ink by `difference`."""
    at = (len(strip) - 1) // 2
    ground = np.partition(strip, at, axis=0)[at]
    return float(((ground - darkest)[~np.isnan(darkest)] >= difference).mean()) > 0.4


def mask_of(pieces: Components, group: Group) -> Mask:
    """The group's pixels in its box."""
    top, left, bottom, right = group.box
    mask = np.zeros((bottom - top, right - left), np.bool_)
    for part in group.parts:
        up, west, down, east = pieces.boxes[part]
        mask[up - top : down - top, west - left : east - left] |= pieces.mask(part)
    return mask
