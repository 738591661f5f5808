"""What each snapshot of a run answers: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.records import AnalysisKind, Split


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """The run whose snapshots answer."""

    kind: ClassVar[AnalysisKind] = "snapshot-answers"
    run: str

    def __post_init__(self) -> None:
        schema.check_id("run", self.run)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """The digit that each snapshot answers to each of the first `images` of the split."""

    SHAPES: ClassVar = {"steps": ("snapshots",), "answers": ("snapshots", "images")}
    steps: tuple[int, ...]  # of the snapshots
    images: int
    split: Split  # validation, or train where the run kept no validation images
    reached: int | None  # step of the run's last weights
    answers: NDArray[np.uint8]
