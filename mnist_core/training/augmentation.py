"""Augmentation while training: each image of a batch changed a little, otherwise in every update.

No mirror images: a mirrored 2 is no 2.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mnist_core.config import Augmentation, RunConfig
from mnist_core.data.augment import SCALE, SHIFT, SIDE, STREAM, TURN
from mnist_core.stacks import order_seed


def transforms(config: RunConfig, step: int, rows: range) -> torch.Tensor | None:
    """How the images at `rows` of the batch of update `step` (0-based) are changed: n×2×3, float32, as torch's `affine_grid` takes them.
    None: not at all.

    A function of the seed, the step and the image's place in its batch, as dropout is: no stream that would have to be saved,
    and the same changes however the batch is cut.
    """
    changes = transforms_of_updates(config, range(step, step + 1), rows)
    return None if changes is None else changes[0]


def transforms_of_updates(config: RunConfig, steps: range, rows: range) -> torch.Tensor | None:
    """The same of several updates: updates×n×2×3."""
    if config.augmentation == "off":
        return None
    numbers = np.concatenate([_drawn(config, step, rows) for step in steps])
    shifts = np.floor(numbers[:, :2] * (2 * SHIFT + 1)) - SHIFT  # whole pixels
    turned = np.broadcast_to(np.eye(2), (len(numbers), 2, 2))
    if config.augmentation == "affine":
        angles = np.radians(TURN) * (2 * numbers[:, 2] - 1)
        scales = 1 + SCALE * (2 * numbers[:, 3] - 1)
        cosines, sines = np.cos(angles) / scales, np.sin(angles) / scales
        turned = np.stack([cosines, sines, -sines, cosines], 1).reshape(-1, 2, 2)
    # A place of the new image to the place of the old one; the image's sides are 2 long.
    moved = -(turned @ (shifts[:, :, None] * 2 / SIDE))
    changes = np.concatenate([turned, moved], 2).astype(np.float32)
    return torch.from_numpy(changes).view(len(steps), len(rows), 2, 3)


def _drawn(config: RunConfig, step: int, rows: range) -> NDArray[np.float64]:
    """Four numbers in [0, 1) for each image of an update's batch."""
    # A count of Philox gives four numbers of 64 bits: those of one image.
    random = np.random.Philox(key=[order_seed(config), STREAM], counter=[rows.start, 0, step, 0])
    return np.random.Generator(random).random((len(rows), 4))


def augmented(augmentation: Augmentation, pixels: torch.Tensor, changes: torch.Tensor) -> torch.Tensor:
    """`pixels` (n×784, 0 is the ground) changed as `transforms` says: n×784. What comes in from outside is 0."""
    images = pixels.view(-1, 1, SIDE, SIDE)
    places = (changes.to(images).view(-1, 3) @ _coordinates(images)).view(-1, 2, SIDE, SIDE)
    mode = "nearest" if augmentation == "shift" else "bilinear"  # whole pixels stay what they are
    return F.grid_sample(images, places.permute(0, 2, 3, 1), mode=mode, align_corners=False).view(-1, 784)


def _coordinates(like: torch.Tensor) -> torch.Tensor:
    """x, y and 1 of each pixel's center, 3×784; made there, since nothing may be sent while an update is captured.

    `affine_grid` has the same, and takes three times as long for products of each image by itself.
    """
    line = torch.linspace(-1, 1, SIDE, dtype=like.dtype, device=like.device) * ((SIDE - 1) / SIDE)
    x = line.expand(SIDE, SIDE)
    return torch.stack([x, x.T, torch.ones_like(x)]).view(3, -1)
