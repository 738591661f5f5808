"""Full batch, mini-batch and single examples on one contour: a line y = a·x + b fitted to points by gradient descent.

The loss is the mean of (a·x + b − y)², a bowl over (a, b). Each batch has a bowl of its own, whose slope is the mean
over its points only: the fewer they are, the farther it points past the lowest place of them all.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]
FAR = 1e6  # where a path that runs away is cut off
START = (-1.0, 2.6)  # (a, b)


@dataclass(frozen=True)
class Points:
    """What the line is fitted to: n values each."""

    x: Numbers
    y: Numbers

    def __len__(self) -> int:
        return len(self.x)


def sample_points(count: int = 32, seed: int = 0) -> Points:
    """Points around y = 1.2·x + 0.5, x from −0.6 to 1.6, with noise of deviation 0.5."""
    generator = np.random.default_rng(seed)
    x = generator.uniform(-0.6, 1.6, count)
    return Points(x, 1.2 * x + 0.5 + generator.normal(0, 0.5, count))


def loss(points: Points, a: ArrayLike, b: ArrayLike) -> Numbers:
    """Mean squared error of the line, for each of the (a, b)."""
    a, b = np.asarray(a, float)[..., None], np.asarray(b, float)[..., None]
    return np.asarray(((a * points.x + b - points.y) ** 2).mean(-1))


def gradient(x: Numbers, y: Numbers, line: Numbers) -> Numbers:
    """Slope of the loss at `line` = (a, b), the mean over these points."""
    off = line[0] * x + line[1] - y
    return np.array([2 * (off * x).mean(), 2 * off.mean()])


def descend(points: Points, batch: int, rate: float, steps: int, seed: int = 0) -> Numbers:
    """(a, b) before the first step and after each, (steps + 1) × 2; it ends early where it runs away.

    Each epoch shuffles the points anew and cuts them into batches, the last one smaller where they do not come out even.
    """
    generator = np.random.default_rng(seed)
    line = np.array(START)
    trajectory, order = [line], np.empty(0, int)
    while len(trajectory) <= steps and np.abs(line).max() < FAR:
        if not len(order):
            order = generator.permutation(len(points))
        indices, order = order[:batch], order[batch:]
        line = line - rate * gradient(points.x[indices], points.y[indices], line)
        trajectory.append(line)
    return np.array(trajectory)


def lowest(points: Points) -> Numbers:
    """The line of least squares, (a, b)."""
    a = np.cov(points.x, points.y, bias=True)[0, 1] / points.x.var()
    return np.array([a, points.y.mean() - a * points.x.mean()])


def edge(points: Points) -> float:
    """The rate above which full-batch descent leaves the bowl: 2 / greatest curvature."""
    rows = np.stack([points.x, np.ones(len(points))])
    return float(2 / np.linalg.eigvalsh(2 * rows @ rows.T / len(points))[-1])
