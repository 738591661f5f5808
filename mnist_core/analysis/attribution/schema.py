"""Which pixels a prediction depends on: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.records import AnalysisKind

PIXELS = 784


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """An image, and the run that answers."""

    kind: ClassVar[AnalysisKind] = "attribution"
    run: str
    image: tuple[int, ...]  # 784 pixels, 0 to 255, row by row

    def __post_init__(self) -> None:
        schema.check_id("run", self.run)
        schema.check_count("image", self.image, PIXELS, PIXELS)
        schema.check_number("image", min(self.image), 0, 255)
        schema.check_number("image", max(self.image), 0, 255)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """Three maps of the pixels: positive where ink speaks for the prediction."""

    SHAPES: ClassVar = {"gradient": (28, 28), "integrated_gradients": (28, 28), "occlusion": (28, 28)}
    step: int  # of the weights that answered
    reached: int | None  # step of the run's last weights
    digit: int  # the answer
    gradient: NDArray[np.float32]
    integrated_gradients: NDArray[np.float32]
    occlusion: NDArray[np.float32]
