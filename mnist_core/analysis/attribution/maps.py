"""Which pixels a network's prediction depends on; always in evaluation mode.

Pixels are in units of ink here, 0 (ground) to 1 (ink), whatever the preprocessing.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core.analysis.inference import outputs
from mnist_core.config import RunConfig
from mnist_core.training.chunks import Progress, chunk_size, nothing, pieces

INTEGRAL_STEPS = 64  # points on the path from an empty image
PATCH = 5  # pixels along a side of the square that occlusion moves
Map = NDArray[np.float32]  # 28×28


def scores(config: RunConfig, model: torch.nn.Sequential, ink: torch.Tensor, digit: int) -> torch.Tensor:
    """The output before softmax for `digit`: n, for images of ink n×28×28, through which gradients pass."""
    return outputs(config, model, ink)[:, digit]


def gradient(config: RunConfig, model: torch.nn.Sequential, ink: Map, digit: int, progress: Progress = nothing) -> Map:
    """How much the score of `digit` rises for a little more ink at each pixel (Simonyan et al. 2013, arXiv:1312.6034)."""
    return np.asarray(_gradients(config, model, torch.from_numpy(ink)[None], digit, progress)[0])


def integrated_gradients(
    config: RunConfig, model: torch.nn.Sequential, ink: Map, digit: int, progress: Progress = nothing
) -> Map:
    """Each pixel's part in the score's rise from an empty image: ink times the mean gradient on the straight path.

    The parts add up to the rise, but for the rule's error (Sundararajan et al. 2017, arXiv:1703.01365).
    """
    places = (torch.arange(INTEGRAL_STEPS) + 0.5) / INTEGRAL_STEPS
    gradients = _gradients(config, model, places[:, None, None] * torch.from_numpy(ink), digit, progress)
    return np.asarray(ink * gradients.mean(0), np.float32)


def occlusion(config: RunConfig, model: torch.nn.Sequential, ink: Map, digit: int, progress: Progress = nothing) -> Map:
    """How far the score of `digit` falls where a square of PATCH pixels around each pixel is wiped out.

    After Zeiler & Fergus 2014 (arXiv:1311.2901), with ground in place of gray.
    """
    side, half = len(ink), PATCH // 2
    wiped = np.repeat(ink[None], side * side, 0)
    for row in range(side):
        for column in range(side):
            rows = slice(max(0, row - half), row + half + 1)
            wiped[row * side + column, rows, max(0, column - half) : column + half + 1] = 0
    with torch.inference_mode():
        whole = scores(config, model, torch.from_numpy(ink)[None], digit)
        without = scores_of_many(config, model, torch.from_numpy(wiped), digit, progress)
    return np.asarray((whole - without).numpy().reshape(side, side), np.float32)


def scores_of_many(
    config: RunConfig, model: torch.nn.Sequential, ink: torch.Tensor, digit: int, progress: Progress = nothing
) -> torch.Tensor:
    """`scores`, a chunk at a time; without gradients."""
    parts = []
    for rows in pieces(len(ink), chunk_size(config)):
        parts.append(scores(config, model, ink[rows], digit))
        progress(rows.stop / len(ink))
    return torch.cat(parts)


def _gradients(
    config: RunConfig, model: torch.nn.Sequential, images: torch.Tensor, digit: int, progress: Progress
) -> NDArray[np.float32]:
    gradients = []
    for rows in pieces(len(images), chunk_size(config)):
        piece = images[rows].detach().clone().requires_grad_()
        gradients.append(torch.autograd.grad(scores(config, model, piece, digit).sum(), piece)[0])
        progress(rows.stop / len(images))
    return np.asarray(torch.cat(gradients).numpy(), np.float32)
