"""Binary cross-entropy: the loss of an answer that is yes or no."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]


def binary_cross_entropy(probability: ArrayLike, target: int) -> Numbers:
    """−log p where the answer is yes (target 1), −log(1 − p) where it is no (0); infinite when sure and wrong."""
    p = np.asarray(probability, float)
    with np.errstate(divide="ignore"):
        loss: Numbers = -np.log(p if target else 1 - p)
    return np.abs(loss)  # −log 1 is −0
