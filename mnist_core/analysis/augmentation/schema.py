"""An image of each class, changed in all ways and strengths: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.config import DatasetName
from mnist_core.data import augment
from mnist_core.records import AnalysisKind

MOST_SEED = 2**31 - 1
_CHANGED = ("classes", "strengths", "draws", 28, 28)


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """Which images; `seed` chooses them and how they are changed."""

    kind: ClassVar[AnalysisKind] = "augmentation"
    dataset: DatasetName
    seed: int

    def __post_init__(self) -> None:
        schema.check_number("seed", self.seed, 0, MOST_SEED)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """An image of each class, and for each kind of change (data.augment) what became of it."""

    SHAPES: ClassVar = {
        "originals": ("classes", 28, 28),
        "shift": _CHANGED,
        "rotate": _CHANGED,
        "elastic": _CHANGED,
        "all": _CHANGED,
    }
    originals: NDArray[np.uint8]
    shift: NDArray[np.uint8]
    rotate: NDArray[np.uint8]
    elastic: NDArray[np.uint8]
    all: NDArray[np.uint8]

    def of(self, kind: augment.Kind) -> NDArray[np.uint8]:
        """Classes × strengths × draws × 28 × 28, for a kind of change."""
        changed: dict[augment.Kind, NDArray[np.uint8]] = {
            "shift": self.shift,
            "rotate": self.rotate,
            "elastic": self.elastic,
            "all": self.all,
        }
        return changed[kind]
