"""Principal component analysis: the few directions in which images differ most (Pearson 1901).

An image less the mean image is a sum of components, each with a number of its own; the first two numbers are a place on a
map, the first k a short description from which the image can be drawn again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

F32 = NDArray[np.float32]
CHUNK = 250  # images at a time


@dataclass(frozen=True)
class Components:
    """`mean` (784), `directions` (k×784, orthonormal, the greatest first) and `shares` (k) of the whole variance."""

    mean: F32
    directions: F32
    shares: F32

    def places(self, images: NDArray[np.uint8]) -> F32:
        """The numbers of each image: n×k."""
        return np.asarray((_flat(images) - self.mean) @ self.directions.T, np.float32)

    def reconstruct(self, places: F32, count: int) -> F32:
        """Images from the first `count` of their numbers, n×28×28, ink 0 to 1 (beyond it where too few are known)."""
        images = self.mean + places[:, :count] @ self.directions[:count]
        return np.asarray(images.reshape(len(places), 28, 28), np.float32)


def components(images: NDArray[np.uint8], keep: int) -> Components:
    """The first `keep` principal components of the images (n×28×28), by the eigenvectors of their covariance."""
    mean = _flat(images.mean(0)[None])[0]
    inked = np.flatnonzero(images.any(0))  # a pixel that is blank in all images has no part in any difference
    covariance = np.zeros((len(inked), len(inked)), np.float32)
    for start in range(0, len(images), CHUNK):  # no copy of all images as float32
        x = (_flat(images[start : start + CHUNK]) - mean)[:, inked]
        covariance += x.T @ x
    covariance /= len(images)
    variances, vectors = np.linalg.eigh(covariance)
    order = np.argsort(variances)[::-1][:keep]
    directions = np.zeros((len(order), 784), np.float32)
    directions[:, inked] = vectors[:, order].T
    # The sign of a direction is a matter of chance: its greatest part is positive, so that maps are always the same way round.
    maximum = np.abs(directions).argmax(1)
    directions *= np.sign(directions[np.arange(len(order)), maximum])[:, None]
    shares = np.maximum(variances[order], 0) / max(float(variances.sum()), 1e-12)
    return Components(mean, directions, shares.astype(np.float32))


def _flat(images: NDArray[Any]) -> F32:
    return images.reshape(len(images), 784).astype(np.float32) / np.float32(255)
