"""Which image excites a unit most: found by gradient ascent on the pixels, and among real images.

A unit's excitation is what it gives before its activation function (after batch normalization): there a gradient is never
lost in a flat part. That of a filter is the maximum of its map (its mean would be highest for all black or all
white). Pixels are ink, 0 (ground) to 1.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from mnist_core.analysis.inference import shaped
from mnist_core.config import RunConfig
from mnist_core.networks import forward
from mnist_core.training.chunks import Progress, chunk_size, nothing, pieces

STEPS = 96
RATE = 0.06  # of ink that the pixel with the largest gradient changes in a step
DECAY = 0.01  # of its ink that a pixel loses in a step
BLUR_EVERY = 4  # steps; weights of the blur along a row and a column:
BLUR = (0.1, 0.8, 0.1)
JITTER = 1  # pixels by which the image is moved at random before each step
NOISE = 0.05  # deviation of the ink, at the start
CHUNK = 250  # images at once, at most
Images = NDArray[np.float32]  # n×28×28


def excitations(config: RunConfig, model: torch.nn.Sequential, ink: torch.Tensor, layer: int) -> torch.Tensor:
    """How much each image (n×28×28) excites each unit of a layer, by its number in `describe(config)`: n×units."""
    index = forward.module_indices(config)[layer]
    is_output = layer == max(forward.module_indices(config))
    end = index + 1 + (config.batch_norm and not is_output)
    signal: torch.Tensor = model[:end](shaped(config, ink))
    return signal.amax((2, 3)) if signal.ndim == 4 else signal


def unit_excitations(
    config: RunConfig, model: torch.nn.Sequential, layer: int, units: list[int], images: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """How much image i (n×28×28, uint8) excites unit `units[i]`: n."""
    chunks = []
    with torch.inference_mode():
        for rows in pieces(len(images), min(CHUNK, chunk_size(config))):
            values = excitations(config, model, _ink(images[rows]), layer).numpy()
            chunks.append(values[range(len(values)), units[rows]])
    return np.concatenate(chunks)


def _ink(images: NDArray[np.uint8]) -> torch.Tensor:
    return torch.from_numpy(images.astype(np.float32) / np.float32(255))


def gradients(
    config: RunConfig,
    model: torch.nn.Sequential,
    images: torch.Tensor,
    layer: int,
    units: list[int],
    progress: Progress = nothing,
) -> torch.Tensor:
    """How the excitation of unit `units[i]` changes with each pixel of image i: n×28×28."""
    chunks = []
    for rows in pieces(len(images), chunk_size(config)):
        piece = images[rows].detach().clone().requires_grad_()
        values = excitations(config, model, piece, layer)[torch.arange(len(piece)), units[rows]]
        chunks.append(torch.autograd.grad(values.sum(), piece)[0])
        progress(rows.stop / len(images))
    return torch.cat(chunks)


def maximizing_images(
    config: RunConfig,
    model: torch.nn.Sequential,
    layer: int,
    units: list[int],
    start: Images,
    *,
    smooth: bool = True,
    seed: int = 0,
    progress: Progress = nothing,
) -> Images:
    """An image for each of these units that excites it as much as gradient ascent from `start` (28×28) finds.

    Erhan et al. 2009, Visualizing higher-layer features of a deep network. `smooth`: with decay, blur and jitter, so that
    neighbors have much the same ink, as in writing (Yosinski et al. 2015, arXiv:1506.06579). The same seed finds the same.
    """
    generator = np.random.default_rng(seed)
    noise = generator.normal(0, NOISE, (len(units), 28, 28))
    images = torch.from_numpy(np.clip(start + noise, 0, 1).astype(np.float32))
    for step in range(STEPS):

        def report(fraction: float, step: int = step) -> None:
            progress((step + fraction) / STEPS)

        shift = generator.integers(-JITTER, JITTER + 1, 2).tolist() if smooth else [0, 0]
        images = torch.roll(images, shift, (1, 2))
        slope = gradients(config, model, images, layer, units, report)
        images = images + RATE * slope / slope.abs().amax((1, 2), keepdim=True).clamp_min(1e-12)
        images = torch.roll(images, [-pixels for pixels in shift], (1, 2))
        if smooth:
            images = images * (1 - DECAY)
            if step % BLUR_EVERY == 0:
                images = _blurred(images)
        images = images.clamp(0, 1)
    return np.asarray(images.numpy(), np.float32)


def strongest(
    config: RunConfig,
    model: torch.nn.Sequential,
    layer: int,
    units: list[int],
    images: NDArray[np.uint8],
    most: int,
    progress: Progress = nothing,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The `most` of these images (n×28×28, uint8) that excite each unit most, in descending order.

    Returns their indices and excitations, units×most.
    """
    chunks = []
    with torch.inference_mode():
        for rows in pieces(len(images), min(CHUNK, chunk_size(config))):
            chunks.append(excitations(config, model, _ink(images[rows]), layer)[:, units])
            progress(rows.stop / len(images))
    values, places = torch.cat(chunks).topk(min(most, len(images)), 0)
    return places.T.numpy(), values.T.numpy()


def _blurred(images: torch.Tensor) -> torch.Tensor:
    line = torch.tensor(BLUR, dtype=images.dtype)
    kernel = (line[:, None] * line)[None, None]
    return F.conv2d(F.pad(images[:, None], (1, 1, 1, 1), mode="replicate"), kernel)[:, 0]
