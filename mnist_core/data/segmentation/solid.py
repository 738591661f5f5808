"""The one filled shape on a ground that is the same everywhere, as a program draws it: a disk, a square, a heart.

What tells ink from shadow elsewhere (`contrast`) goes by lines, and takes the middle of a filled shape for ground.
"""

from __future__ import annotations

import numpy as np

from mnist_core.data.segmentation.components import Mask, components
from mnist_core.data.segmentation.groups import Box
from mnist_core.data.segmentation.morphology import Gray, dilated

EVEN = 12  # of 255: as much as a JPEG makes of an even ground
CLEAR = 60  # of 255: the least that ink differs from the ground
WIDE = 0.25  # of the shape's longer side: no line is so wide
SOFT = 0.1  # of the shape's longer side: how wide its rim may be, of both sides
FULL = 0.7  # of its ink: it has no less anywhere else
INK = 0.25  # of the strongest ink: less is ground


def find(gray: Gray) -> tuple[Box, Gray] | None:
    """Its box, and its ink, 0 (ground) to 255, in that box; None where the picture shows anything else."""
    rim = np.concatenate([gray[0], gray[-1], gray[:, 0], gray[:, -1]]).astype(np.int16)
    ground = int(np.median(rim))
    apart = np.abs(gray.astype(np.int16) - ground)
    strongest = int(apart.max())
    if np.abs(rim - ground).max() > EVEN or strongest < CLEAR:
        return None
    mask = apart > max(EVEN, INK * strongest)
    shapes, grounds = components(mask), components(~mask)
    if len(shapes) != 1:
        return None
    outside = int(grounds.areas.argmax())
    filled = ~grounds.mask(outside)  # with what is written on it
    top, left, bottom, right = map(int, shapes.boxes[0])
    longer = max(bottom - top, right - left)
    if not _without_rim(mask, WIDE * longer).any():
        return None
    inside = apart[_without_rim(filled, SOFT * longer)]
    if inside.min() < FULL * np.median(inside):
        return None  # something is drawn on it, or it is a photo in a frame
    part = apart[top:bottom, left:right] / strongest
    return (top, left, bottom, right), np.asarray(np.clip((part - INK) / (1 - INK), 0, 1) * 255, np.uint8)


def _without_rim(mask: Mask, width: float) -> Mask:
    """Where a square so wide, of 5 pixels at least, has room in the mask around each pixel."""
    window = max(5, round(width)) // 2 * 2 + 1
    return np.asarray(dilated((~mask).astype(np.uint8), window) == 0, np.bool_)
