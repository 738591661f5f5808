"""What updates of the weights are to the loop: the interface that `DenseStep` and `AutogradStep` share.

The loop asks for a block of updates at a time, so that what a step measures stays where it is until the block is done.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
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


UNMEASURED = -1.0  # stands for the norm of a gradient that was not measured


@dataclass(frozen=True)
class Block:
    """Updates to make in one call, one for each of `batches`."""

    first: int  # number of the first of them, 0-based from the start of the run
    batches: Sequence[Chunks]
    rates: NDArray[np.float64]  # learning rates, updates × runs
    measured: NDArray[np.bool_]  # of each update, whether the norm of its gradient is wanted

    @cached_property
    def images(self) -> NDArray[np.int64]:
        """In the batch of each update."""
        return np.array([sum(map(len, chunks)) for chunks in self.batches])

    @classmethod
    def of_one(cls, number: int, chunks: Chunks, rates: Sequence[float], *, measured: bool = True) -> Block:
        """Update `number` alone, on a batch of `chunks`."""
        return cls(number, [chunks], np.array([rates], np.float64), np.array([measured]))


@dataclass(frozen=True)
class BlockResult:
    """What updates measured before they changed the weights, updates × runs. NaN and infinity are results like any other."""

    losses: NDArray[np.float64]  # means over the batch
    hits: NDArray[np.int64]  # images whose greatest output was at their label
    norms: NDArray[np.float64]  # Euclidean norms of whole gradients, weight decay left out; UNMEASURED where not wanted

    @classmethod
    def empty(cls, block: Block) -> BlockResult:
        """With room for all of the block's updates."""
        shape = block.rates.shape
        return cls(np.empty(shape), np.empty(shape, np.int64), np.full(shape, UNMEASURED))

    def __len__(self) -> int:
        return len(self.losses)

    def up_to(self, count: int) -> BlockResult:
        """The first `count` updates."""
        return BlockResult(self.losses[:count], self.hits[:count], self.norms[:count])


class Optimizer(Protocol):
    """Makes the changes of one run's weights out of its gradients, and keeps what it needs for that from step to step."""

    def state(self) -> dict[str, torch.Tensor]:
        """Its buffers by name: copies."""

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the buffers that `state` gave. Raises KeyError where one is missing."""


class Outputs(NamedTuple):
    """Of some images, in evaluation mode. Good until the next call."""

    z: NDArray[np.floating]  # what the models put out, runs × classes × n
    labels: NDArray[np.intp]
    # For each hidden layer the units that pass a gradient (`evaluation.alive`) for any of the images that were looked at: bool,
    # runs × units. A unit of a convolution is a filter, over all places of the image.
    live_units: list[torch.Tensor]


class Inside(NamedTuple):
    """What the layers of all runs hold of some images in evaluation mode. Good until the next call."""

    signals: Sequence[torch.Tensor]  # what each layer with weights puts out, runs × numbers, in any order
    live_units: Sequence[torch.Tensor]  # of each hidden layer, as in `Outputs`: bool, runs × units
    gradients: Sequence[torch.Tensor]  # of the mean loss over these images, for each parameter runs × its shape


class Step(Protocol):
    """Makes updates of the weights of one or more runs' models, in place."""

    @property
    def optimizers(self) -> Sequence[Optimizer]:
        """That of each run."""

    def make(self, block: Block, stop: Stop) -> BlockResult:
        """Make the updates of `block`, of every run on the same batches.

        Fewer where a run that ends at its first NaN or infinity has come to it: that update is the last one. Fewer, too, where
        `stop()`, asked between the chunks of a batch, said so: the update that it interrupts changes nothing. Where no norm is
        wanted an update may be faster, since it needs no gradient of its own.
        """

    def outputs(self, loader: BatchLoader, rows: slice, *, probed: int = 0) -> Outputs:
        """What the models say of these images in evaluation mode; the first `probed` are looked at for live units, too."""

    def inside(self, loader: BatchLoader, rows: slice) -> Inside:
        """What the layers hold of these images, and the gradients there."""

    def release_buffers(self) -> None:
        """Let go of what is kept from step to step for speed alone: no step may follow soon."""


def is_over(result: BlockResult, place: int, ending: Sequence[int]) -> bool:
    """Whether one of the runs at `ending`, which end at the first NaN or infinity, has come to it in the update at `place`."""
    losses, norms = result.losses[place].tolist(), result.norms[place].tolist()
    return not all(math.isfinite(losses[run]) and math.isfinite(norms[run]) for run in ending)


def updates_until_over(result: BlockResult, ending: Sequence[int]) -> int:
    """How many of the updates were made when one of the runs at `ending` came to its first NaN or infinity; all where none has."""
    finite = np.isfinite(result.losses[:, ending]) & np.isfinite(result.norms[:, ending])
    over = np.flatnonzero(~finite.all(axis=1))
    return int(over[0]) + 1 if len(over) else len(result)


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


def first_of_seed(configs: Sequence[RunConfig]) -> list[int]:
    """For each run the place of the first that has its seed: dropout leaves the same units out of both."""
    seeds = [config.seed for config in configs]
    return [seeds.index(seed) for seed in seeds]
