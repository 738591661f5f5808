"""Gradient descent on a bowl: f(x) = ½ (a₁ x₁² + a₂ x₂²), whose gradient is a·x, with heavy-ball momentum.

Everything about it is known exactly. In each direction of curvature a a step is linear in (x, v), so it multiplies the
distance by the same factor each time; training breaks where that factor is above 1: at a rate above 2/a, with momentum
β above 2(1 + β)/a (Polyak 1964). For a network the greatest curvature of the loss, its sharpness, takes the place of a.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Behavior = Literal["creeps", "overshoots", "edge", "diverges"]
FAR = 1e30  # where a path that runs away is cut off


@dataclass(frozen=True)
class Bowl:
    """A bowl, and how gradient descent goes down in it."""

    curvatures: tuple[float, ...] = (1.0,)  # a, one for each direction, above 0
    rate: float = 0.5  # η, above 0
    momentum: float = 0.0  # β, from 0 to below 1
    start: tuple[float, ...] = (2.0,)

    @property
    def steepest(self) -> float:
        """The greatest curvature, which decides where the edge is."""
        return max(self.curvatures)

    @property
    def edge(self) -> float:
        """The rate above which descent leaves the bowl: 2(1 + β)/a."""
        return 2 * (1 + self.momentum) / self.steepest


def path(bowl: Bowl, steps: int) -> NDArray[np.float64]:
    """The weights before the first step and after each: (steps + 1) × directions; NaN once they are out of sight."""
    a = np.array(bowl.curvatures)
    x = np.array(bowl.start, float)
    v = np.zeros_like(x)
    trajectory = np.full((steps + 1, len(x)), np.nan)
    for step in range(steps + 1):
        trajectory[step] = x
        v = bowl.momentum * v - bowl.rate * a * x  # the gradient of ½ a x² is a x
        x = x + v
        if np.abs(x).max() > FAR:
            break
    return trajectory


def loss(bowl: Bowl, places: NDArray[np.float64]) -> NDArray[np.float64]:
    """Height of the bowl at each of the places."""
    height: NDArray[np.float64] = 0.5 * (np.array(bowl.curvatures) * places**2).sum(-1)
    return height


def factor(curvature: float, rate: float, momentum: float = 0.0) -> float:
    """What each step multiplies the distance by in the long run: the spectral radius of one step.

    Without momentum |1 − ηa|; with it the greatest root of z² − (1 + β − ηa) z + β.
    """
    b = 1 + momentum - rate * curvature
    under_the_root = b * b - 4 * momentum
    if under_the_root < 0:
        return math.sqrt(momentum)
    return (abs(b) + math.sqrt(under_the_root)) / 2


def factors(bowl: Bowl, rates: NDArray[np.float64]) -> NDArray[np.float64]:
    """The factor of the slowest, or of the first that breaks, of all directions at each of the rates."""
    return np.array([max(factor(a, rate, bowl.momentum) for a in bowl.curvatures) for rate in rates])


def behavior(bowl: Bowl) -> Behavior:
    """What descent does in the steepest direction: from one side, from side to side, for ever, or away."""
    if math.isclose(bowl.rate, bowl.edge, rel_tol=1e-9):
        return "edge"
    if bowl.rate > bowl.edge:
        return "diverges"
    b = 1 + bowl.momentum - bowl.rate * bowl.steepest
    swings = b < 0 or b * b < 4 * bowl.momentum
    return "overshoots" if swings else "creeps"
