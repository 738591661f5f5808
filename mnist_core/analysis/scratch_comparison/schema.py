"""A network from scratch compared with MNIST Lab's own training: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.config import DatasetName
from mnist_core.records import AnalysisKind

BATCHES = 100  # of an epoch
MOST_ITERATIONS = 1_000  # each update has a record of its own in so short a run


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """How both train the two-layer net."""

    kind: ClassVar[AnalysisKind] = "scratch-comparison"
    dataset: DatasetName
    learning_rate: float
    iterations: int  # hundreds

    def __post_init__(self) -> None:
        schema.check_number("learning_rate", self.learning_rate, 1e-9, 1e3)
        schema.check_number("iterations", self.iterations, BATCHES, MOST_ITERATIONS)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """The loss at each iteration, before its update."""

    SHAPES: ClassVar = {"scratch": ("iterations",), "engine": ("iterations",)}
    seconds: tuple[float, float]  # of all updates: of the network from scratch, of MNIST Lab
    scratch: NDArray[np.float64]
    engine: NDArray[np.float64]
