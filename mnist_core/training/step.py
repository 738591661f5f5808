"""What one update of the weights is to the loop: the interface that `DenseStep` and `AutogradStep` share."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.training.batches import BatchLoader

_DROPOUT_STREAM = 3
_NUMBERS = 8
Stop = Callable[[], bool]
Chunks = Sequence[NDArray[np.int64]]  # indices of a batch's training images, cut so that memory stays bounded


def never() -> bool:
    """Do not stop."""
    return False


class StoppedError(Exception):
    """`stop()` said so; caught by whoever gave `stop`."""


class StepResult(NamedTuple):
    """What an update measured before it changed the weights. NaN and infinity are results like any other."""

    loss: float  # mean over the batch
    hits: int  # images whose greatest output was at their label
    gradient_norm: (
        float | None
    )  # Euclidean norm of the whole gradient, weight decay left out; None where it was not measured


class Optimizer(Protocol):
    """Makes the changes of one run's weights out of its gradients, and keeps what it needs for that from step to step."""

    def state(self) -> dict[str, torch.Tensor]:
        """Its buffers by name: copies."""

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the buffers that `state` gave. Raises KeyError where one is missing."""


class Step(Protocol):
    """Makes updates of the weights of one or more runs' models, in place."""

    @property
    def optimizers(self) -> Sequence[Optimizer]:
        """That of each run."""

    def update(
        self, number: int, chunks: Chunks, rates: Sequence[float], stop: Stop, *, measure_norms: bool = True
    ) -> list[StepResult] | None:
        """Update number `number` (0-based) of every run on a batch of `chunks`, with these learning rates.

        Without `measure_norms` a step may be faster: it needs no gradient of its own.
        None where `stop()`, asked between chunks, said so: nothing has changed then.
        """

    def outputs(self, loader: BatchLoader, rows: slice) -> tuple[NDArray[np.floating], NDArray[np.intp]]:
        """What the models say of these images in evaluation mode, runs × 10 × n, and the labels.

        Good until the next call.
        """

    def live_units(self, loader: BatchLoader, rows: slice) -> list[torch.Tensor]:
        """For each hidden layer the units that pass a gradient for any of these images: bool, runs × units.

        See `evaluation.alive`. A unit of a convolution is a filter, over all places of the image.
        """

    def release_buffers(self) -> None:
        """Let go of what is kept from step to step for speed alone: no step may follow soon."""


def with_positions(chunks: Chunks) -> Iterator[tuple[range, NDArray[np.int64]]]:
    """Each chunk, after the places of its images in the batch."""
    start = 0
    for chunk in chunks:
        yield range(start, start + len(chunk)), chunk
        start += len(chunk)


def dropout_mask(config: RunConfig, step: int, rows: range, layer: int, units: int) -> torch.Tensor:
    """Which of a hidden layer's units dropout leaves in, for the images at `rows` of the batch: bool, rows × units.

    A function of the seed, the step (0-based), the hidden layer's number and the image's place in its batch: no stream that
    would have to be saved, and the same units however the batch is cut into chunks and whoever trains with it.
    """
    # NumPy's Philox counts: what it gives from a place on needs nothing from before. A count gives eight numbers of 32 bits.
    counts = -(-units // _NUMBERS)
    random = np.random.Philox(key=[config.seed, _DROPOUT_STREAM], counter=[rows.start * counts, layer, step, 0])
    numbers = random.random_raw(len(rows) * counts * _NUMBERS // 2).view(np.uint32)
    kept = numbers.reshape(len(rows), -1)[:, :units] >= np.uint32(config.dropout * 2**32)
    return torch.from_numpy(kept)
