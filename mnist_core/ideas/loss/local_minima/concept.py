"""Gradient descent in one dimension with two minima: f(x) = ¼ x⁴ − x² + ¼ x. Which one it ends in, the start decides."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

End = Literal["global", "local", "diverged", "not converged"]
FAR = 1e6  # where a trajectory that runs away is cut off
LEVEL = 0.01  # a slope below this counts as arrived


def height(x: ArrayLike) -> NDArray[np.float64]:
    """The loss at x."""
    x = np.asarray(x, float)
    return np.asarray(x**4 / 4 - x**2 + x / 4)


def slope(x: float) -> float:
    """The derivative of the loss at x."""
    return x**3 - 2 * x + 0.25


def descend(start: float, rate: float, steps: int) -> NDArray[np.float64]:
    """Where gradient descent is before the first step and after each; it ends early where it runs away."""
    trajectory = [start]
    for _step in range(steps):
        x = trajectory[-1] - rate * slope(trajectory[-1])
        trajectory.append(x)
        if abs(x) > FAR:
            break
    return np.array(trajectory)


def end(trajectory: NDArray[np.float64]) -> End:
    """Where the trajectory is at its end: in the global minimum (x < 0), the local one, gone, or still on its way."""
    x = float(trajectory[-1])
    if abs(x) > FAR:
        return "diverged"
    if abs(slope(x)) > LEVEL or 3 * x * x < 2:  # f'' = 3x² − 2: a hilltop is level, too
        return "not converged"
    return "global" if x < 0 else "local"
