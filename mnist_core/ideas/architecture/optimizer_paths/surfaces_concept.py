"""Losses of two weights that tell optimizers apart: a long valley, a bent one, a saddle. With their gradients."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Valley:
    """A loss over (x, y), given as an array whose last axis has the two, and what is worth seeing of it."""

    loss: Callable[[Floats], Floats]
    gradient: Callable[[Floats], Floats]
    start: tuple[float, float]
    lowest: tuple[tuple[float, float], ...]  # places of its least loss
    minimum: float  # that loss
    across: tuple[float, float]  # ends of the picture
    up: tuple[float, float]


STEEP, FLAT = 10.0, 0.2  # curvatures of the long valley


def long_loss(p: Floats) -> Floats:
    """½ (0.2 x² + 10 y²): fifty times as steep across as along."""
    return np.asarray(0.5 * (FLAT * p[..., 0] ** 2 + STEEP * p[..., 1] ** 2))


def long_gradient(p: Floats) -> Floats:
    """(0.2 x, 10 y)."""
    return np.stack([FLAT * p[..., 0], STEEP * p[..., 1]], -1)


def bent_loss(p: Floats) -> Floats:
    """¼ (1 − x)² + 2 (y − x²)², after Rosenbrock 1960: steep walls, a floor that hardly falls and turns."""
    x, y = p[..., 0], p[..., 1]
    return np.asarray(0.25 * (1 - x) ** 2 + 2 * (y - x**2) ** 2)


def bent_gradient(p: Floats) -> Floats:
    """(−½ (1 − x) − 8 x (y − x²), 4 (y − x²))."""
    x, y = p[..., 0], p[..., 1]
    off = y - x**2
    return np.stack([-0.5 * (1 - x) - 8 * x * off, 4 * off], -1)


def saddle_loss(p: Floats) -> Floats:
    """½ x² − ½ y² + ⅛ y⁴ + ½: level at (0, 0), which is lowest along x and highest along y."""
    x, y = p[..., 0], p[..., 1]
    return np.asarray(0.5 * x**2 - 0.5 * y**2 + y**4 / 8 + 0.5)


def saddle_gradient(p: Floats) -> Floats:
    """(x, −y + ½ y³)."""
    x, y = p[..., 0], p[..., 1]
    return np.stack([x, -y + y**3 / 2], -1)


_ROOT = float(np.sqrt(2))
VALLEYS: Mapping[str, Valley] = {
    "long": Valley(long_loss, long_gradient, (-4.5, 1.0), ((0.0, 0.0),), 0.0, (-5.0, 2.0), (-1.5, 1.5)),
    "bent": Valley(bent_loss, bent_gradient, (-1.5, 1.0), ((1.0, 1.0),), 0.0, (-2.0, 2.0), (-1.0, 3.0)),
    "saddle": Valley(
        saddle_loss, saddle_gradient, (-2.0, 0.001), ((0.0, _ROOT), (0.0, -_ROOT)), 0.0, (-2.5, 1.5), (-2.0, 2.0)
    ),
}
