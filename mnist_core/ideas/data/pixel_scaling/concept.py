"""A line y = a·x + b through points, and the surface of its loss ½ · mean (a·x + b − y)² over a and b.

The surface is a bowl whose shape hangs on x alone: its curvatures are the eigenvalues of [[mean x², mean x], [mean x, 1]].
Gradient descent has to fit its rate to the greatest, and then waits for the least: their ratio, the condition
number, says how long.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]
Scale = Literal["raw", "scaled", "centered", "standardized"]
FAR = 1e6  # where a trajectory that runs away is cut off


def scaled(pixel: NDArray[np.uint8], scale: Scale) -> Numbers:
    """The values of one pixel (n, 0 to 255) in this scale; centered and standardized by its own mean and deviation."""
    x = pixel.astype(float)
    if scale == "raw":
        return x
    x /= 255
    if scale in ("centered", "standardized"):
        x = x - x.mean()
    if scale == "standardized":
        x = x / (x.std() or 1.0)  # a pixel that never changes stays 0
    return x


@dataclass(frozen=True)
class Surface:
    """The loss over (a, b): `lowest` (2), where it is least, and `hessian` (2×2), how it curves."""

    lowest: Numbers
    hessian: Numbers

    @property
    def curvatures(self) -> tuple[float, float]:
        """The greatest and the least."""
        minimum, maximum = np.linalg.eigvalsh(self.hessian)
        return float(maximum), float(max(minimum, 0.0))

    @property
    def condition(self) -> float:
        """Greatest by least curvature, at least 1; infinite where there is no slope in one direction."""
        maximum, minimum = self.curvatures
        return maximum / minimum if minimum > 1e-12 * maximum else float("inf")

    @property
    def edge(self) -> float:
        """The learning rate above which descent leaves the bowl: 2 / greatest curvature."""
        return 2 / self.curvatures[0]

    def above(self, places: Numbers) -> Numbers:
        """How much the loss at places (…×2) is above the lowest."""
        away = places - self.lowest
        height: Numbers = 0.5 * np.einsum("...i,ij,...j->...", away, self.hessian, away)
        return height


def surface(x: Numbers, y: Numbers) -> Surface:
    """The surface for these points (n each)."""
    hessian = np.array([[(x * x).mean(), x.mean()], [x.mean(), 1.0]])
    lowest = np.linalg.lstsq(hessian, np.array([(x * y).mean(), y.mean()]), rcond=1e-12)[0]
    return Surface(lowest, hessian)


def descend(bowl: Surface, start: Numbers, rate: float, steps: int) -> Numbers:
    """Gradient descent from `start` (a, b): (steps + 1)×2, shorter where it runs away."""
    place, trajectory = np.asarray(start, float), [np.asarray(start, float)]
    for _step in range(steps):
        place = place - rate * bowl.hessian @ (place - bowl.lowest)
        if np.abs(place - bowl.lowest).max() > FAR:
            break
        trajectory.append(place)
    return np.array(trajectory)


def steps_needed(bowl: Surface, rate: float, fraction: float = 0.01) -> float:
    """Steps until, in the slowest direction, `fraction` of the distance is left; infinite at the edge and beyond."""
    factor = max(abs(1 - rate * curvature) for curvature in bowl.curvatures)
    if factor >= 1 - 1e-12:
        return float("inf")
    return float(np.ceil(np.log(fraction) / np.log(factor))) if factor > 0 else 1.0
