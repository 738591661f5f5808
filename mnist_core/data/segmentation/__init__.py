"""Where on a gray picture a digit is, whatever the light: what could be one, each as ink on a blank ground.

`contrast` takes light and shadow out, `groups` finds what stands out, `shapes` what of it could be a digit, `choice` what is meant.
A filled shape on an even ground, which has no lines, is found by `solid` before.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mnist_core.data.segmentation import solid
from mnist_core.data.segmentation.choice import Region, add, choose
from mnist_core.data.segmentation.components import Mask
from mnist_core.data.segmentation.contrast import LOGARITHMIC, LOGARITHMS, sides, smoothed
from mnist_core.data.segmentation.groups import Box
from mnist_core.data.segmentation.morphology import Gray, closing, dilated

NOISE = 0.25  # of the strongest ink: less is paper, shadow, grain
FAINT = 25  # of 255: less ink does not count when the box is drawn

__all__ = ["Box", "Cutout", "Gray", "find"]


@dataclass(frozen=True, eq=False)
class Cutout:
    """What could be a digit: its box in the picture that was searched, and its ink, 0 (ground) to 255, in that box."""

    box: Box
    ink: Gray


def find(gray: Gray) -> list[Cutout]:
    """All that could equally well be the digit meant on a gray picture (height×width, 0 black to 255), most prominent first.

    None where nothing stands out; more than one where the picture does not say which is meant.
    """
    if (shape := solid.find(gray)) is not None:
        return [Cutout(*shape)]
    logs = LOGARITHMS[smoothed(gray)]
    regions: list[Region] = []
    for side in sides(logs):
        add(regions, side)
    return [cutout for region in choose(regions) if (cutout := _cut(logs, region)) is not None]


def _cut(logs: Gray, region: Region) -> Cutout | None:
    """The ink of a group at the picture's own size, and nothing else that is near."""
    group = region.group
    height, width = logs.shape
    thickness = 2 * _thickness(region.mask)  # the map has half the picture's size
    margin = round(3 * thickness) + 4
    up, west = (max(0, 2 * start - margin) for start in group.box[:2])
    down, east = min(height, 2 * group.box[2] + margin), min(width, 2 * group.box[3] + margin)
    part = logs[up:down, west:east]
    dark = ~part if group.light else part
    window = min(3 * round(thickness), min(dark.shape) - 1) // 2 * 2 + 1
    depth = closing(dark, max(3, window)) - dark
    mask = np.zeros(dark.shape, np.uint8)
    places = mask[2 * group.box[0] - up :, 2 * group.box[1] - west :]
    large = region.mask.repeat(2, axis=0).repeat(2, axis=1)[: places.shape[0], : places.shape[1]]
    places[: large.shape[0], : large.shape[1]] = large
    strongest = max(1.0, float(np.percentile(depth[mask > 0], 90)))
    ink = _inks(strongest, group.light)[depth] * dilated(mask, 3)
    rows, columns = np.flatnonzero((ink > FAINT).any(1)), np.flatnonzero((ink > FAINT).any(0))
    if not len(rows):
        return None
    top, left, bottom, right = (int(edge) for edge in (rows[0], columns[0], rows[-1] + 1, columns[-1] + 1))
    return Cutout((up + top, west + left, up + bottom, west + right), ink[top:bottom, left:right])


def _inks(strongest: float, light: bool) -> Gray:
    """The ink, 0 to 255, of each depth below the ground's logarithm: in proportion to the light that it takes, or adds."""
    by = np.exp(np.append(np.arange(256), strongest) * (1 if light else -1) / LOGARITHMIC)
    ink = np.abs(by[:-1] - 1) / abs(by[-1] - 1)
    return np.asarray(np.clip((ink - NOISE) / (1 - NOISE), 0, 1) * 255, np.uint8)


def _thickness(mask: Mask) -> float:
    """The width of its lines, about: each pixel of length has two at the sides."""
    padded = np.pad(mask, 1)
    sides = (padded[1:] != padded[:-1]).sum() + (padded[:, 1:] != padded[:, :-1]).sum()
    return float(2 * mask.sum() / max(1, sides))
