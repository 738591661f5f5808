"""What a run answers to each image of a split: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.records import AnalysisKind


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """The images of a split, and the run that answers."""

    kind: ClassVar[AnalysisKind] = "answers"
    run: str
    split: Literal["validation", "test"]

    def __post_init__(self) -> None:
        schema.check_id("run", self.run)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """The probability of each digit for each image."""

    SHAPES: ClassVar = {"probabilities": ("images", "classes")}
    step: int  # of the weights that answered, the last with finite output
    reached: int | None  # step of the run's last weights
    probabilities: NDArray[np.float16]
