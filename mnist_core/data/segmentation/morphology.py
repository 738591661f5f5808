"""Closings with squares of any size, on whole pictures. NumPy alone: SciPy would add 100 MB for this and the components."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Gray = NDArray[np.uint8]


def closing(values: Gray, window: int) -> Gray:
    """The values with every dark place filled in which no square of `window` (odd) pixels has room.

    Outside is light: ink that is cut by the picture's rim ends there.
    """
    return eroded(dilated(values, window, outside=255), window)


def dilated(values: Gray, window: int, outside: int = 0) -> Gray:
    """The maximum of the square of `window` (odd) pixels around each."""
    for axis in (0, 1):
        values = _running(values, window, axis, outside)
    return values


def eroded(values: Gray, window: int) -> Gray:
    """The minimum of the square of `window` (odd) pixels around each."""
    return ~dilated(~values, window)


def _running(values: Gray, window: int, axis: int, outside: int) -> Gray:
    """The maximum along one axis: windows of 1, 2, 4, … pixels, and two of the largest for the rest."""
    reach = window // 2
    padding = [(reach, reach) if dimension == axis else (0, 0) for dimension in (0, 1)]
    maxima = np.pad(values, padding, constant_values=outside)
    size = 1

    def part(start: int, length: int) -> Gray:
        return maxima[start : start + length] if axis == 0 else maxima[:, start : start + length]

    while 2 * size <= window:
        length = maxima.shape[axis] - size
        maxima = np.maximum(part(0, length), part(size, length))
        size *= 2
    length = values.shape[axis]
    return (
        np.maximum(part(0, length), part(window - size, length))
        if window > size
        else np.ascontiguousarray(part(0, length))
    )
