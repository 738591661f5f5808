"""Where a network errs, from its answers alone: confusions, accuracy by class, calibration."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Labels = NDArray[np.uint8]  # n
Probabilities = NDArray[np.float32]  # n×classes
Counts = NDArray[np.int64]
BINS = 10


def confusion(labels: Labels, probabilities: Probabilities) -> Counts:
    """How many images of each class (rows) were answered with each class (columns)."""
    classes = probabilities.shape[1]
    counts = np.bincount(labels.astype(np.int64) * classes + probabilities.argmax(1), minlength=classes**2)
    return counts.reshape(classes, classes)


def per_class(counts: Counts) -> NDArray[np.float64]:
    """The accuracy on each class's images; NaN where there are none."""
    with np.errstate(all="ignore"):
        return np.asarray(counts.diagonal() / counts.sum(1))


def cell(labels: Labels, probabilities: Probabilities, true: int, answer: int) -> NDArray[np.int64]:
    """The images of class `true` answered with `answer`, the most confident first."""
    return _by_confidence(np.flatnonzero((labels == true) & (probabilities.argmax(1) == answer)), probabilities)


def wrong(labels: Labels, probabilities: Probabilities) -> NDArray[np.int64]:
    """The images answered wrong, the most confident first."""
    return _by_confidence(np.flatnonzero(probabilities.argmax(1) != labels), probabilities)


def only_first(labels: Labels, first: Probabilities, second: Probabilities) -> NDArray[np.int64]:
    """Images that the first network answers right and the second wrong, the second's most confident mistakes first."""
    return _by_confidence(np.flatnonzero((first.argmax(1) == labels) & (second.argmax(1) != labels)), second)


def _by_confidence(rows: NDArray[np.int64], probabilities: Probabilities) -> NDArray[np.int64]:
    return rows[np.argsort(-probabilities[rows].max(1), kind="stable")]


@dataclass(frozen=True)
class Reliability:
    """A network's confidence (its highest probability) and its accuracy, in bins of equal width of the confidence.

    Each array has BINS entries; NaN where no image is. `error`: the expected calibration error, the mean distance of
    the two, weighted by images (Guo et al. 2017, arXiv:1706.04599).
    """

    confidence: NDArray[np.float64]
    accuracy: NDArray[np.float64]
    images: Counts
    error: float


def reliability(labels: Labels, probabilities: Probabilities) -> Reliability:
    """The reliability of these answers; at least one image."""
    top = probabilities.max(1).astype(np.float64)
    correct = probabilities.argmax(1) == labels
    bins = np.minimum((top * BINS).astype(np.int64), BINS - 1)
    images = np.bincount(bins, minlength=BINS)
    with np.errstate(all="ignore"):
        confidence = np.bincount(bins, top, BINS) / images
        accuracy = np.bincount(bins, correct, BINS) / images
    error = float(np.nansum(images * abs(confidence - accuracy)) / images.sum())
    return Reliability(confidence, accuracy, images, error)
