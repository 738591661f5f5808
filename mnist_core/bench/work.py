"""What a contestant is given to do, and what it gives back. Shared by both ends."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.data import Dataset, affine

Pixels = NDArray[np.float32]
Logits = Callable[[Pixels], NDArray[np.floating]]  # n×784 pixels to n×10, the highest for the likeliest digit


@dataclass(frozen=True)
class Work:
    """One contestant's part: network, first weights, optimizer, batches and epochs are those of `config`.

    `rates`: one run for each of these learning rates, in place of the configuration's.
    """

    contestant: str
    config: RunConfig
    rates: tuple[float, ...] = ()

    @property
    def runs(self) -> list[RunConfig]:
        """The configurations to be run."""
        return [self.config.replace(learning_rate=rate) for rate in self.rates] or [self.config]

    @property
    def updates(self) -> int:
        """Updates of all runs together."""
        return self.config.total_steps * len(self.runs)

    def to_json(self) -> str:
        """One JSON object."""
        return json.dumps(
            {"contestant": self.contestant, "config": self.config.to_dict(), "rates": self.rates}, separators=(",", ":")
        )

    @classmethod
    def from_json(cls, text: str) -> Work:
        """The work that `to_json` wrote."""
        fields = json.loads(text)
        return cls(fields["contestant"], RunConfig.from_dict(fields["config"]), tuple(fields["rates"]))


@dataclass(frozen=True)
class Done:
    """What was done within the time measured: updates of weights; and how good the network is, asked afterwards."""

    updates: int
    accuracy: Callable[[], float] | None = None  # on the test images, 0 to 1


class AbsentError(Exception):
    """This work cannot be done here, for the reason told in a few words."""


Run = Callable[[], Done]  # timed
Begin = Callable[[int], Run]  # not timed: makes the run number 0, 1, … ready
Prepare = Callable[[Work, Dataset], Begin]  # not timed: once


def training_pixels(config: RunConfig, dataset: Dataset) -> tuple[Pixels, NDArray[np.int64]]:
    """The training part as most libraries want it: pixels n×784 (scaled 0 to 1), labels n."""
    size = config.train_size
    return pixels(config, dataset.train_images[:size]), dataset.train_labels[:size].astype(np.int64)


def pixels(config: RunConfig, images: NDArray[np.uint8]) -> Pixels:
    """Images n×28×28 as the network's input, n×784."""
    scale, shift = affine(config.preprocessing)
    return images.reshape(len(images), 784).astype(np.float32) * np.float32(scale) + np.float32(shift)


def accuracy(logits: Logits, config: RunConfig, dataset: Dataset) -> Callable[[], float]:
    """Asks for the accuracy on the test images."""

    def ask() -> float:
        digits = logits(pixels(config, dataset.test_images)).argmax(axis=1)
        return float((digits == dataset.test_labels).mean())

    return ask
