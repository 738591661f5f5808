"""How perturbed images are answered: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.records import AnalysisKind, Split

Perturbation = Literal["noise", "shift", "rotation", "occlusion", "fgsm"]
# Deviation of the ink, pixels, degrees, pixels along a side, largest change of a pixel's ink.
STRENGTHS: dict[Perturbation, tuple[float, ...]] = {
    "noise": (0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8),
    "shift": (0, 1, 2, 3, 4, 6, 8),
    "rotation": (0, 10, 20, 30, 45, 60, 90),
    "occlusion": (0, 4, 6, 8, 10, 12, 16),
    "fgsm": (0, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3),
}
PERTURBATIONS: tuple[Perturbation, ...] = get_args(Perturbation)
MOST_RUNS = 6


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """A perturbation, and the runs that answer; the first is the one whose images are shown."""

    kind: ClassVar[AnalysisKind] = "robustness"
    runs: tuple[str, ...]
    perturbation: Perturbation

    def __post_init__(self) -> None:
        schema.check_count("runs", self.runs, 1, MOST_RUNS)
        for run in self.runs:
            schema.check_id("runs", run)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """The accuracy of each run at each strength, and some images as the first run got them.

    A run without weights with finite output has 0 `images`, the split "", no step, and an accuracy of NaN.
    """

    SHAPES: ClassVar = {
        "strengths": ("strengths",),
        "images": ("runs",),
        "splits": ("runs",),
        "steps": ("runs",),
        "reached": ("runs",),
        "accuracy": ("runs", "strengths"),
        "examples": ("strengths", "examples", 28, 28),
        "answers": ("strengths", "examples"),
        "labels": ("examples",),
    }
    strengths: tuple[float, ...]
    images: tuple[int, ...]  # how many each run was asked about
    splits: tuple[Split | Literal[""], ...]  # of these images
    steps: tuple[int | None, ...]  # of the weights that answered
    reached: tuple[int | None, ...]  # steps of the runs' last weights
    accuracy: NDArray[np.float32]
    examples: NDArray[np.uint8]
    answers: NDArray[np.uint8]  # of the first run, to the examples
    labels: NDArray[np.uint8]  # of the examples
