"""The loss on a plane around a run: parameters and result."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis import schema
from mnist_core.records import AnalysisKind

PlaneKind = Literal["path", "random"]


@dataclass(frozen=True)
class Parameters(schema.Parameters):
    """The plane of a run's path, or of random directions around its last weights."""

    kind: ClassVar[AnalysisKind] = "landscape"
    run: str
    plane: PlaneKind

    def __post_init__(self) -> None:
        schema.check_id("run", self.run)


@dataclass(frozen=True, eq=False)
class Result(schema.Result):
    """Losses on a grid of the plane: `losses[row, column]` at `ys[row]`, `xs[column]`."""

    SHAPES: ClassVar = {
        "xs": ("columns",),
        "ys": ("rows",),
        "losses": ("rows", "columns"),
        "path": ("snapshots", 2),
        "steps": ("snapshots",),
    }
    plane: PlaneKind  # that was drawn: random where the run left no path
    explained: tuple[float, float] | None  # of the path's extent along the two directions; None: random
    images: int  # training images that the losses are means of
    step: int  # of the plane's origin
    reached: int | None  # step of the run's last weights, which may be no numbers
    xs: NDArray[np.float64]
    ys: NDArray[np.float64]
    losses: NDArray[np.float64]  # NaN and infinity stay
    path: NDArray[np.float64]  # places of the snapshots on the plane
    steps: NDArray[np.int64]  # of the snapshots
