"""A trained network asked about images; always in evaluation mode.

Pixels are in units of ink where they are floats, 0 (ground) to 1 (ink), whatever the preprocessing.
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
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import Progress, chunk_size, nothing, pieces

CHUNK = 1_000  # images at once, at most


def network(config: RunConfig, weights: Mapping[str, NDArray[np.float32]]) -> torch.nn.Sequential:
    """The network of `config` with `weights`, by the names of its state, in evaluation mode."""
    model = build_model(config)
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    model.eval()
    return model


def probabilities(
    config: RunConfig,
    weights: Mapping[str, NDArray[np.float32]],
    images: NDArray[np.uint8],
    *,
    threads: int | None = None,
    progress: Progress = nothing,
) -> NDArray[np.float32]:
    """The probabilities that the network of `config` with `weights` gives each class: n×classes for `images` (n×28×28, uint8).

    `progress(fraction)` is called now and then; what it raises ends the work.
    """
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    model = network(config, weights)
    loader = BatchLoader(config, images, np.zeros(len(images), np.uint8))
    chunks: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for rows in pieces(len(images), min(CHUNK, chunk_size(config))):
            inputs, _labels = loader.rows(rows)
            chunks.append(forward.to_probabilities(config, model(inputs).numpy()).astype(np.float32))
            progress(rows.stop / len(images))
    return np.concatenate(chunks) if chunks else np.zeros((0, config.classes), np.float32)


def outputs(config: RunConfig, model: torch.nn.Sequential, ink: torch.Tensor) -> torch.Tensor:
    """All outputs before softmax: n×classes."""
    logits: torch.Tensor = model(shaped(config, ink))
    return logits


def shaped(config: RunConfig, ink: torch.Tensor) -> torch.Tensor:
    """Images as the network of `config` takes them, preprocessed: n×784, of a CNN n×1×28×28."""
    scale, shift = affine(config.preprocessing)
    inputs = ink * (255 * scale) + shift
    return inputs[:, None] if config.model == "cnn" else inputs.flatten(1)
