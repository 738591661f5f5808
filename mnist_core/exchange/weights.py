"""The weights of a run as a safetensors file of their own, and back from a file that anybody may have made. No pickle."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load, save

from mnist_core.config import RunConfig
from mnist_core.errors import CheckpointError
from mnist_core.messages import N_
from mnist_core.networks import forward
from mnist_core.networks.weights import Snapshot, Which, best, latest

HEAD = 200  # bytes for the name, type and shape of an array


def snapshot(run_id: str, which: Which) -> Snapshot:
    """The weights at the run's last checkpoint, or those with the best validation accuracy.

    Raises CheckpointError where there are none any more.
    """
    try:
        return best(run_id) if which == "best" else latest(run_id)
    except CheckpointError as error:
        raise CheckpointError(
            N_("The weights of run {run} are no longer available. Train it again."), run=run_id
        ) from error


def safetensors(snapshot: Snapshot) -> bytes:
    """Weights as a file, by torch's names (`0.weight`, …; of a `Sequential` as in the script); it says the step."""
    return save(dict(snapshot.weights), {"step": str(snapshot.step)})


def size(config: RunConfig) -> int:
    """Bytes of the file with a network's weights, its head included, at most."""
    shapes = forward.shapes(config)
    return sum(8 + 4 * math.prod(shape) for shape in shapes.values()) + HEAD * (1 + len(shapes))


def read(content: bytes, config: RunConfig) -> Mapping[str, NDArray[np.float32]]:
    """The weights in a file. Raises ValueError where it is none, or not of the network of `config`."""
    try:
        arrays = load(content)
    except (SafetensorError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ValueError("no safetensors file") from error
    expected = {
        name: (np.dtype(np.int64 if name.endswith(forward.COUNT) else np.float32), shape)
        for name, shape in forward.shapes(config).items()
    }
    if {name: (value.dtype, value.shape) for name, value in arrays.items()} != expected:
        raise ValueError("weights of another network")
    return arrays
