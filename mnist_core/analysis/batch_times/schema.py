"""Seconds of an update at several batch sizes: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.config import DatasetName, RunConfig
from mnist_core.records import AnalysisKind

MOST_SIZES = 20


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """An MLP, and the batch sizes to time. Raises ConfigError where there is no such network."""

    kind: ClassVar[AnalysisKind] = "batch-times"
    dataset: DatasetName
    hidden_layers: tuple[int, ...]  # units of each
    train_size: int  # images
    batch_sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        schema.check_count("batch_sizes", self.batch_sizes, 1, MOST_SIZES)
        for size in self.batch_sizes:
            schema.check_number("batch_sizes", size, 1, self.train_size)
        self.config  # noqa: B018 - whether there is one

    @property
    def config(self) -> RunConfig:
        """The network and its data; its batch size is one of `batch_sizes`."""
        return RunConfig(
            dataset=self.dataset,
            hidden_layers=self.hidden_layers,
            train_size=self.train_size,
            validation_size=0,
            epochs=1_000,
        )


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """How long one update takes at each batch size, on average."""

    SHAPES: ClassVar = {"updates": ("sizes",), "seconds": ("sizes",)}
    updates: tuple[int, ...]  # how many were timed
    cores: int
    seconds: NDArray[np.float64]
