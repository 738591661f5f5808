"""What a trained network answers, and which pixels its answer hangs on; always in evaluation mode.

Pixels are in units of ink here, 0 (ground) to 1 (ink), whatever the preprocessing.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.data import affine
from mnist_core.networks import forward
from mnist_core.networks.models import build_model
from mnist_core.training.batches import Feeder
from mnist_core.training.chunks import Progress, chunk_size, nothing, pieces

CHUNK = 1_000  # images at once, at most
INTEGRAL_STEPS = 64  # points on the way from an empty image
PATCH = 5  # pixels along a side of the square that occlusion moves
Map = NDArray[np.float32]  # 28×28


def network(config: RunConfig, weights: Mapping[str, NDArray[np.float32]]) -> torch.nn.Sequential:
    """The network of `config` with `weights`, by the names of its state, in evaluation mode."""
    model = build_model(config)
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    model.eval()
    return model


def answers(
    config: RunConfig,
    weights: Mapping[str, NDArray[np.float32]],
    images: NDArray[np.uint8],
    *,
    threads: int | None = None,
    progress: Progress = nothing,
) -> NDArray[np.float32]:
    """The probabilities that the network of `config` with `weights` gives each digit: n×10 for `images` (n×28×28, uint8).

    `progress(share)` is called now and then; what it raises ends the work.
    """
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    model = network(config, weights)
    feeder = Feeder(config, images, np.zeros(len(images), np.uint8))
    found: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for rows in pieces(len(images), min(CHUNK, chunk_size(config))):
            inputs, _labels = feeder.rows(rows)
            found.append(forward.shares(config, model(inputs).numpy()).astype(np.float32))
            progress(rows.stop / len(images))
    return np.concatenate(found) if found else np.zeros((0, 10), np.float32)


def scores(config: RunConfig, model: torch.nn.Sequential, ink: torch.Tensor, digit: int) -> torch.Tensor:
    """The output before softmax for `digit`: n, for images of ink n×28×28, through which gradients pass."""
    return outputs(config, model, ink)[:, digit]


def outputs(config: RunConfig, model: torch.nn.Sequential, ink: torch.Tensor) -> torch.Tensor:
    """All ten outputs before softmax: n×10, likewise."""
    found: torch.Tensor = model(shaped(config, ink))
    return found


def shaped(config: RunConfig, ink: torch.Tensor) -> torch.Tensor:
    """Images as the network of `config` takes them, preprocessed: n×784, of a CNN n×1×28×28."""
    scale, shift = affine(config.preprocessing)
    inputs = ink * (255 * scale) + shift
    return inputs[:, None] if config.model == "cnn" else inputs.flatten(1)


def gradient(config: RunConfig, model: torch.nn.Sequential, ink: Map, digit: int, progress: Progress = nothing) -> Map:
    """How much the score of `digit` rises for a little more ink at each pixel (Simonyan et al. 2013, arXiv:1312.6034)."""
    return np.asarray(_gradients(config, model, torch.from_numpy(ink)[None], digit, progress)[0])


def integrated_gradients(
    config: RunConfig, model: torch.nn.Sequential, ink: Map, digit: int, progress: Progress = nothing
) -> Map:
    """Each pixel's part in the score's rise from an empty image: ink times the mean gradient on the straight way.

    The parts add up to the rise, but for the rule's error (Sundararajan et al. 2017, arXiv:1703.01365).
    """
    places = (torch.arange(INTEGRAL_STEPS) + 0.5) / INTEGRAL_STEPS
    found = _gradients(config, model, places[:, None, None] * torch.from_numpy(ink), digit, progress)
    return np.asarray(ink * found.mean(0), np.float32)


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
    found = []
    for rows in pieces(len(ink), chunk_size(config)):
        found.append(scores(config, model, ink[rows], digit))
        progress(rows.stop / len(ink))
    return torch.cat(found)


def _gradients(
    config: RunConfig, model: torch.nn.Sequential, images: torch.Tensor, digit: int, progress: Progress
) -> NDArray[np.float32]:
    found = []
    for rows in pieces(len(images), chunk_size(config)):
        piece = images[rows].detach().clone().requires_grad_()
        found.append(torch.autograd.grad(scores(config, model, piece, digit).sum(), piece)[0])
        progress(rows.stop / len(images))
    return np.asarray(torch.cat(found).numpy(), np.float32)
