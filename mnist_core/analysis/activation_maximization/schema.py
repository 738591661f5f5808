"""Images that excite the units of a layer: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.records import AnalysisKind, Split

MOST_LAYERS = 1_000


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """A layer of a run's network, by its number in `models.describe`."""

    kind: ClassVar[AnalysisKind] = "activation-maximization"
    run: str
    layer: int

    def __post_init__(self) -> None:
        schema.check_id("run", self.run)
        schema.check_number("layer", self.layer, 0, MOST_LAYERS)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """For each of the layer's first units: an image found with smoothing, one without, and the real images that excite it most.

    `…_values`: how much an image excites its unit.
    """

    SHAPES: ClassVar = {
        "smooth": ("units", 28, 28),
        "smooth_values": ("units",),
        "plain": ("units", 28, 28),
        "plain_values": ("units",),
        "real": ("units", "strongest"),
        "real_values": ("units", "strongest"),
    }
    step: int  # of the weights that were excited
    reached: int | None  # step of the run's last weights
    images: int  # how many real images were looked through
    split: Split  # of these
    smooth: NDArray[np.uint8]
    smooth_values: NDArray[np.float32]
    plain: NDArray[np.uint8]
    plain_values: NDArray[np.float32]
    real: NDArray[np.int64]  # places in the split
    real_values: NDArray[np.float32]
