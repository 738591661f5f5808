"""Images that are perturbed, and what a network predicts for them.

Ink from 0 (ground) to 1 (ink), n×28×28. The same seed gives the same perturbation, so that networks can be compared.
"""

from __future__ import annotations

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mnist_core.analysis.inference import outputs
from mnist_core.analysis.robustness.schema import PERTURBATIONS, Perturbation
from mnist_core.config import RunConfig
from mnist_core.training.chunks import Progress, chunk_size, nothing, pieces
from mnist_core.training.evaluation import loss_of

Ink = NDArray[np.float32]


def perturbed(ink: Ink, kind: Perturbation, strength: float, *, seed: int = 0) -> Ink:
    """`ink` with this perturbation; all but fgsm, which needs a network. Strength 0 changes nothing."""
    generator = np.random.default_rng([seed, PERTURBATIONS.index(kind)])
    if not strength:
        return ink
    if kind == "noise":
        return np.asarray(np.clip(ink + strength * generator.normal(size=ink.shape), 0, 1), np.float32)
    if kind == "shift":
        return _shifted(ink, round(strength), generator)
    if kind == "rotation":
        return _rotated(ink, strength, generator)
    if kind == "occlusion":
        return _occluded(ink, round(strength), generator)
    raise ValueError(f"expected noise, shift, rotation or occlusion, got {kind!r}")


def _shifted(ink: Ink, pixels: int, generator: np.random.Generator) -> Ink:
    """Each image to the left, right, up or down, what leaves is lost."""
    moved = np.zeros_like(ink)
    direction = generator.integers(0, 4, len(ink))
    moved[direction == 0, :, pixels:] = ink[direction == 0, :, :-pixels]
    moved[direction == 1, :, :-pixels] = ink[direction == 1, :, pixels:]
    moved[direction == 2, pixels:] = ink[direction == 2, :-pixels]
    moved[direction == 3, :-pixels] = ink[direction == 3, pixels:]
    return moved


def _rotated(ink: Ink, degrees: float, generator: np.random.Generator) -> Ink:
    """Each image to the left or to the right, around its middle."""
    angles = math.radians(degrees) * generator.choice((-1.0, 1.0), len(ink))
    rotations = np.zeros((len(ink), 2, 3), np.float32)
    rotations[:, 0, 0] = rotations[:, 1, 1] = np.cos(angles)
    rotations[:, 0, 1], rotations[:, 1, 0] = -np.sin(angles), np.sin(angles)
    grid = F.affine_grid(torch.from_numpy(rotations), [len(ink), 1, 28, 28], align_corners=False)
    return np.asarray(
        F.grid_sample(torch.from_numpy(ink)[:, None], grid, align_corners=False)[:, 0].numpy(), np.float32
    )


def _occluded(ink: Ink, side: int, generator: np.random.Generator) -> Ink:
    """A square of ground somewhere on each image."""
    changed = ink.copy()
    for image, (row, column) in zip(changed, generator.integers(0, 29 - side, (len(ink), 2)), strict=True):
        image[row : row + side, column : column + side] = 0
    return changed


def fgsm(
    config: RunConfig,
    model: torch.nn.Sequential,
    ink: Ink,
    labels: NDArray[np.uint8],
    strength: float,
    progress: Progress = nothing,
) -> Ink:
    """One step of the fast gradient sign method: each pixel by `strength` to where the loss grows, within 0 to 1.

    Goodfellow et al. 2014 (arXiv:1412.6572).
    """
    attacked = np.empty_like(ink)
    for rows in pieces(len(ink), chunk_size(config)):
        images = torch.from_numpy(ink[rows]).clone().requires_grad_()
        digits = torch.from_numpy(labels[rows].astype(np.int64))
        loss = loss_of(config, outputs(config, model, images), digits) * len(digits)  # each image's own, however many
        (slope,) = torch.autograd.grad(loss, images)
        attacked[rows] = (images.detach() + strength * slope.sign()).clamp(0, 1).numpy()
        progress(rows.stop / len(ink))
    return attacked


def predicted(
    config: RunConfig, model: torch.nn.Sequential, ink: Ink, progress: Progress = nothing
) -> NDArray[np.int64]:
    """The digits that the network predicts: n."""
    digits = np.empty(len(ink), np.int64)
    with torch.inference_mode():
        for rows in pieces(len(ink), chunk_size(config)):
            digits[rows] = outputs(config, model, torch.from_numpy(ink[rows])).argmax(1).numpy()
            progress(rows.stop / len(ink))
    return digits
