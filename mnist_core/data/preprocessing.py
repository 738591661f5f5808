"""Pixels to numbers: each preprocessing is one scale and one shift."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import Preprocessing

# Of MNIST's training pixels after scaling to 0–1.
MEAN = 0.1307
STD = 0.3081


def affine(preprocessing: Preprocessing) -> tuple[float, float]:
    """(scale, shift) such that input = pixel · scale + shift, pixel 0–255."""
    return {
        "raw": (1.0, 0.0),
        "scaled": (1 / 255, 0.0),
        "centered": (1 / 255, -MEAN),
        "standardized": (1 / (255 * STD), -MEAN / STD),
    }[preprocessing]


def preprocess(images: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """The network's input for `images`, same shape, float32."""
    scale, shift = affine(preprocessing)
    return images.astype(np.float32) * np.float32(scale) + np.float32(shift)
