"""Gradient descent in one dimension with two valleys: f(x) = ¼ x⁴ − x² + ¼ x. Which one it ends in, the start decides."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

End = Literal["deep", "shallow", "away", "under way"]
FAR = 1e6  # where a walk that runs away is cut off
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
    walked = [start]
    for _step in range(steps):
        x = walked[-1] - rate * slope(walked[-1])
        walked.append(x)
        if abs(x) > FAR:
            break
    return np.array(walked)


def end(walked: NDArray[np.float64]) -> End:
    """Where the walk is at its end: in the deep valley (x < 0), the shallow one, gone, or still on its way."""
    x = float(walked[-1])
    if abs(x) > FAR:
        return "away"
    if abs(slope(x)) > LEVEL or 3 * x * x < 2:  # f'' = 3x² − 2: a hilltop is level, too
        return "under way"
    return "deep" if x < 0 else "shallow"
