"""How many images go through a network at once: so many that memory stays bounded and a request to stop is heard within a
fraction of a second, whoever sends them."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import torch

from mnist_core.config import RunConfig
from mnist_core.networks.models import describe

CHUNK_BYTES = 64 * 2**20  # what all layers hold of a chunk
MULTIPLICATIONS = 2e9  # forward, for a chunk
MOST = 10_000
ROOM_ON_A_CARD = (
    32.0  # of both, on CUDA, that a chunk may take as against the CPU: many small kernels leave a card idle
)
Progress = Callable[[float], None]  # told the share that is done, again and again; what it raises ends the work


def nothing(_share: float) -> None:
    """Nobody wants to know."""


def room_of(device: torch.device) -> float:
    """By how much more of memory and time a chunk may take there than on the CPU."""
    return ROOM_ON_A_CARD if device.type == "cuda" else 1.0


def chunk_size(config: RunConfig, fraction: float = 1.0) -> int:
    """Images of a chunk, at least 1. `fraction`: of the memory and time that one chunk may take, for what needs more of it."""
    layers = describe(config).layers
    numbers = sum(math.prod(layer.output_shape) for layer in layers) * 4  # signals, gradients, work space
    multiplications = sum(layer.multiplications for layer in layers)
    return max(
        1, min(MOST, int(fraction * CHUNK_BYTES / 4 / numbers), int(fraction * MULTIPLICATIONS / multiplications))
    )


def even_size(images: int, size: int) -> int:
    """At most `size`, so that as few pieces of so many images are about equal; a multiple of four where that can be.

    With rows of four images a network's numbers begin at places in memory that matrix products treat alike.
    """
    equal = math.ceil(images / math.ceil(images / size))
    rounded = math.ceil(equal / 4) * 4
    return rounded if rounded <= size and equal < images else equal


def pieces(images: int, size: int) -> Iterator[slice]:
    """The places of so many images, `size` at a time."""
    for start in range(0, images, size):
        yield slice(start, min(start + size, images))
