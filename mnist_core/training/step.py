"""What one update of the weights is to the loop: the interface that `DenseStep` and `GeneralStep` share."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core.config import RunConfig

Stop = Callable[[], bool]
Chunks = Sequence[NDArray[np.int64]]  # indices of a batch's training images, cut so that memory stays bounded


class Made(NamedTuple):
    """What an update found before it changed the weights. NaN and infinity are results like any other."""

    loss: float  # mean over the batch
    hits: int  # images whose greatest output was at their label
    norm: float  # Euclidean norm of the whole gradient, weight decay left out


class Step(Protocol):
    """Makes updates of one model's weights, in place."""

    def make(self, number: int, chunks: Chunks, rate: float, stop: Stop) -> Made | None:
        """Update number `number` (0-based) on a batch of `chunks`, with this learning rate.

        None where `stop()`, asked between chunks, said so: nothing has changed then.
        """

    def state(self) -> dict[str, torch.Tensor]:
        """The optimizer's buffers by name, not copied."""

    def restore(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take the buffers that `state` gave. Raises KeyError where one is missing."""


def seed_dropout(config: RunConfig, step: int, chunk: int) -> None:
    """Units left out are a function of seed and step, not of a stream of numbers that would have to be saved."""
    if config.dropout:
        torch.manual_seed((config.seed * 1_000_003 + step) * 1_009 + chunk)
