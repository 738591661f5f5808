"""How the ten digits are written: several styles each, as strokes through control points.

A point is (x, y) in a box of width and height 1, x to the right, y down. A stroke is a smooth curve (Catmull–Rom)
through its points; a point that stands twice is a corner. `weight` says how common a style is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Point = tuple[float, float]


@dataclass(frozen=True)
class Style:
    """One way to write a digit."""

    weight: float
    strokes: tuple[tuple[Point, ...], ...]


def _style(weight: float, *strokes: str) -> Style:
    """Strokes as text: `x,y x,y …` in hundredths; `!` after a point makes it a corner."""
    parsed = []
    for stroke in strokes:
        points: list[Point] = []
        for word in stroke.split():
            x, y = word.rstrip("!").split(",")
            points += [(int(x) / 100, int(y) / 100)] * (2 if word.endswith("!") else 1)
        parsed.append(tuple(points))
    return Style(weight, tuple(parsed))


STYLES: tuple[tuple[Style, ...], ...] = (
    (
        _style(4, "55,2 25,14 8,50 22,88 52,99 82,80 92,45 78,12 50,3"),
        _style(2, "62,3 35,8 16,40 18,78 42,98 70,84 84,50 80,18 58,2 48,8"),
        _style(2, "40,6 12,30 6,62 28,96 64,97 94,66 90,30 62,4 30,4 22,14"),
        _style(1, "72,12 50,0 22,22 10,62 30,96 58,94 80,64 84,26 66,4"),
    ),
    (
        _style(6, "50,0 50,50 50,100"),
        _style(3, "58,0 50,50 42,100"),
        _style(2, "26,24 44,12 54,0! 53,50 52,100"),
        _style(0.7, "28,24 52,0! 52,50 52,100!", "24,100 52,99 82,100"),
        _style(1, "54,0 48,34 50,66 46,100"),
    ),
    (
        _style(4, "12,24 28,5 58,1 78,20 70,48 40,78 8,98! 48,95 96,98"),
        _style(3, "14,28 34,3 66,4 78,28 62,60 30,90 8,94 8,80 26,78 56,92 96,92"),
        _style(2, "8,18 40,0 76,10 82,36 52,66 10,99! 60,97 98,90"),
        _style(1, "22,12 52,2 74,18 64,46 36,74 10,88 18,99 34,84 62,92 94,99"),
    ),
    (
        _style(4, "14,14 42,0 76,12 72,36 40,46! 76,56 86,78 58,99 26,98 8,86"),
        _style(2, "12,5 44,2 80,4! 60,24 42,40! 78,54 84,80 54,100 12,94"),
        _style(2, "20,18 46,2 72,16 66,36 44,44 40,46 60,48 82,64 76,90 44,100 12,84"),
        _style(1, "10,8 50,0 82,18 62,40 34,48! 72,50 92,72 70,96 30,99 4,92"),
    ),
    (
        _style(4, "18,2 14,30 12,52! 50,54 94,50", "76,4 72,50 66,100"),
        _style(3, "24,6 12,46 22,60 54,56 80,44", "84,0 74,48 64,100"),
        _style(2, "70,0 40,30 8,62! 50,64 96,62", "68,2 68,50 66,100"),
        _style(1.5, "14,6 10,44 30,58 62,50 82,8! 76,54 70,100"),
    ),
    (
        _style(4, "26,4 22,26 18,44! 48,36 80,50 84,78 56,99 10,94", "26,4 56,5 92,0"),
        _style(3, "88,4 56,4 28,6! 22,28 18,46! 50,40 80,56 78,84 48,100 8,90"),
        _style(2, "94,0 60,6 38,8! 28,28 24,40 46,46 70,60 68,84 42,99 10,96"),
        _style(1, "32,6 24,44! 60,42 86,62 72,92 36,100 6,84", "34,6 64,10 96,8"),
    ),
    (
        _style(4, "68,0 40,18 16,52 14,82 40,99 72,90 78,66 52,56 24,70 16,86"),
        _style(3, "52,0 30,30 16,66 26,95 58,98 80,78 68,58 40,62 20,82"),
        _style(2, "80,4 46,12 18,44 12,80 44,100 80,84 80,60 48,50 18,70"),
        _style(1, "46,0 26,40 22,80 44,99 70,86 68,66 46,64 26,86"),
    ),
    (
        _style(5, "6,8 46,6 88,4! 66,42 42,100"),
        _style(2, "8,8 50,5 90,4! 62,48 40,100", "28,52 54,50 82,48"),
        _style(2, "6,24 10,6! 50,7 86,8! 70,40 56,66 50,100"),
        _style(2, "10,14 30,4 62,10 84,6! 72,34 58,66 52,100"),
    ),
    (
        _style(4, "78,14 48,0 22,16 36,38 70,62 76,88 46,100 20,86 30,62 62,40 82,22 74,8"),
        _style(2, "48,2 24,14 28,38 50,46 72,36 74,12 50,2", "50,46 22,62 18,86 48,100 78,86 76,62 50,46"),
        _style(2, "70,4 36,2 20,22 44,42 74,66 62,96 28,96 18,74 46,48 80,22 66,4"),
        _style(1, "84,10 54,4 34,20 50,40 62,62 56,92 30,98 18,80 40,56 72,36 90,16"),
    ),
    (
        _style(4, "80,18 54,2 22,16 18,42 44,52 72,36 80,16! 78,56 70,100"),
        _style(2, "78,22 50,2 20,20 26,46 58,46 80,18! 82,58 64,92 32,100 12,90"),
        _style(2, "72,10 40,4 18,30 36,50 66,38 78,10 72,56 62,100"),
        _style(1, "82,20 56,0 22,10 16,38 50,48 82,22! 68,60 46,100"),
    ),
)


def basis(points: int, samples: int) -> NDArray[np.float32]:
    """Catmull–Rom as a matrix: (samples, points) · control points = points of the curve, evenly in the parameter."""
    parameter = np.linspace(0, points - 1, samples)
    left = np.minimum(parameter.astype(int), points - 2)
    t = parameter - left
    weights = (
        (-t + 2 * t**2 - t**3) / 2,
        (2 - 5 * t**2 + 3 * t**3) / 2,
        (t + 4 * t**2 - 3 * t**3) / 2,
        (-(t**2) + t**3) / 2,
    )
    matrix = np.zeros((samples, points), np.float32)
    for offset, weight in zip((-1, 0, 1, 2), weights, strict=True):
        # Past an end the end point stands in for its neighbor.
        np.add.at(matrix, (np.arange(samples), np.clip(left + offset, 0, points - 1)), weight)
    return matrix
