"""What a trained network answers to many images, in evaluation mode."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core import forward
from mnist_core.config import RunConfig
from mnist_core.models import build_model
from mnist_core.training.batches import Feeder

CHUNK = 1_000  # images at once


def answers(
    config: RunConfig,
    weights: Mapping[str, NDArray[np.float32]],
    images: NDArray[np.uint8],
    *,
    threads: int | None = None,
    progress: Callable[[float], None] | None = None,
) -> NDArray[np.float32]:
    """The probabilities that the network of `config` with `weights` gives each digit: n×10 for `images` (n×28×28, uint8).

    `progress(share)` is called now and then; what it raises ends the work.
    """
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)
    model = build_model(config)
    model.load_state_dict({name: torch.from_numpy(np.array(value)) for name, value in weights.items()})
    model.eval()
    feeder = Feeder(config, images, np.zeros(len(images), np.uint8))
    found: list[NDArray[np.float32]] = []
    with torch.inference_mode():
        for start in range(0, len(images), CHUNK):
            inputs, _labels = feeder.rows(slice(start, min(start + CHUNK, len(images))))
            found.append(forward.shares(config, model(inputs).numpy()).astype(np.float32))
            if progress is not None:
                progress(min(1.0, (start + CHUNK) / len(images)))
    return np.concatenate(found) if found else np.zeros((0, 10), np.float32)
