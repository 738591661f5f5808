"""How a convolution slides: a small kernel of numbers goes over an image; each stop gives one pixel of the output.

What deep learning calls a convolution is a cross-correlation: the kernel is not turned over (as in
`torch.nn.functional.conv2d`). Around the image lies a frame of zeros, `padding` pixels wide.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]
KernelName = Literal["upright", "level", "outline", "blur", "sharpen", "shift", "one"]
SIZES = (1, 3, 5, 7)  # sides of the kernels that have a name: odd, so that there is a middle
LARGEST = 7  # side of a kernel
GREATEST = 100.0  # number in a kernel, either sign


class KernelError(ValueError):
    """Text that is no kernel. `reason` says why, `text` what was there instead."""

    def __init__(self, reason: Literal["empty", "number", "range", "square", "large"], text: str = "") -> None:
        super().__init__(f"{reason}: {text}")
        self.reason = reason
        self.text = text


def output_side(side: int, kernel: int, stride: int, padding: int) -> int:
    """Pixels of the output along a side: ⌊(side + 2 · padding − kernel) / stride⌋ + 1."""
    return (side + 2 * padding - kernel) // stride + 1


def padded(image: Floats, padding: int) -> Floats:
    """The image in its frame of zeros."""
    result: Floats = np.pad(image, padding)
    return result


def window(image: Floats, kernel: int, stride: int, padding: int, row: int, column: int) -> Floats:
    """What the kernel lies on when it makes the output pixel at `row`, `column`."""
    top, left = row * stride, column * stride
    patch: Floats = padded(image, padding)[top : top + kernel, left : left + kernel]
    return patch


def convolve(image: Floats, kernel: Floats, stride: int, padding: int) -> Floats:
    """The output: at each stop of the kernel, the sum of the products of its numbers with the pixels beneath."""
    windows = sliding_window_view(padded(image, padding), kernel.shape)[::stride, ::stride]
    return np.asarray((windows * kernel).sum((2, 3)))


def kernel(name: KernelName, side: int) -> Floats:
    """A kernel with a name, of an odd side."""
    middle = side // 2
    identity: Floats = np.zeros((side, side))
    identity[middle, middle] = 1.0
    mean: Floats = np.full((side, side), 1.0 / side**2)
    slope = np.sign(np.arange(side) - middle).astype(float)  # −1 … 0 … 1
    rising: Floats = np.tile(slope, (side, 1))
    if name == "upright":
        return rising
    if name == "level":
        return rising.T
    if name == "outline":
        return identity * side**2 - np.ones_like(identity)
    if name == "blur":
        return mean
    if name == "sharpen":
        return 2 * identity - mean
    if name == "shift":
        return np.roll(identity, middle, axis=1)
    return identity


def parse_kernel(text: str) -> Floats:
    """A square of numbers, a row a line. Raises KernelError."""
    rows = [line.replace(",", " ").replace(";", " ").split() for line in text.splitlines() if line.strip()]
    if not rows:
        raise KernelError("empty")
    if len({len(row) for row in rows} | {len(rows)}) > 1:
        raise KernelError("square", " + ".join(str(len(row)) for row in rows[: LARGEST + 1]))
    if len(rows) > LARGEST:
        raise KernelError("large", f"{len(rows)} × {len(rows)}")
    numbers = [[_number(word) for word in row] for row in rows]
    return np.array(numbers, float)


def _number(word: str) -> float:
    try:
        value = float(word.replace("−", "-"))
    except ValueError:
        raise KernelError("number", word) from None
    if not abs(value) <= GREATEST:  # also for NaN
        raise KernelError("range", word)
    return value
