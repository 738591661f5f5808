"""Where a network errs, from its answers alone: confusions, accuracy by digit, sureness against truth. NumPy."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]  # n
Shares = NDArray[np.float32]  # n×10, probabilities
Counts = NDArray[np.int64]
BINS = 10


def confusion(labels: Labels, shares: Shares) -> Counts:
    """How many images of each digit (rows) were answered with each digit (columns): 10×10."""
    return np.bincount(labels.astype(np.int64) * 10 + shares.argmax(1), minlength=100).reshape(10, 10)


def per_digit(counts: Counts) -> NDArray[np.float64]:
    """The share of each digit's images that was answered right: 10; NaN where there are none."""
    with np.errstate(all="ignore"):
        return np.asarray(counts.diagonal() / counts.sum(1))


def cell(labels: Labels, shares: Shares, true: int, answer: int) -> NDArray[np.int64]:
    """The images of digit `true` answered with `answer`, the surest first."""
    return _surest(np.flatnonzero((labels == true) & (shares.argmax(1) == answer)), shares)


def wrong(labels: Labels, shares: Shares) -> NDArray[np.int64]:
    """The images answered wrong, the surest first."""
    return _surest(np.flatnonzero(shares.argmax(1) != labels), shares)


def only_first(labels: Labels, first: Shares, second: Shares) -> NDArray[np.int64]:
    """The images that the first network answers right and the second wrong, the second's surest mistakes first."""
    return _surest(np.flatnonzero((first.argmax(1) == labels) & (second.argmax(1) != labels)), second)


def _surest(rows: NDArray[np.int64], shares: Shares) -> NDArray[np.int64]:
    return rows[np.argsort(-shares[rows].max(1), kind="stable")]


@dataclass(frozen=True)
class Reliability:
    """How sure a network is against how often it is right, in bins of equal width of its greatest probability.

    Each array has BINS entries; NaN where no image is. `error`: the expected calibration error, the mean distance of
    the two, weighted by images (Guo et al. 2017, arXiv:1706.04599).
    """

    sure: NDArray[np.float64]
    right: NDArray[np.float64]
    images: Counts
    error: float


def reliability(labels: Labels, shares: Shares) -> Reliability:
    """The reliability of these answers; at least one image."""
    top = shares.max(1).astype(np.float64)
    hit = shares.argmax(1) == labels
    place = np.minimum((top * BINS).astype(np.int64), BINS - 1)
    images = np.bincount(place, minlength=BINS)
    with np.errstate(all="ignore"):
        sure = np.bincount(place, top, BINS) / images
        right = np.bincount(place, hit, BINS) / images
    error = float(np.nansum(images * abs(sure - right)) / images.sum())
    return Reliability(sure, right, images, error)
