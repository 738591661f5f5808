"""What pages say of a whole data set, computed once for the process. A few MB are kept; the images stay in their files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import DatasetName
from mnist_core.ideas.data.classes import concept as digits
from mnist_core.memo import MB, kept


@dataclass(frozen=True)
class Facts:
    """Of the training images: statistics, how hard each is (n), and how many the nearest mean image tells rightly."""

    statistics: digits.Statistics
    hardness: NDArray[np.float32]
    nearest_right: float  # share of the training images


def facts(dataset: data.Dataset) -> Facts:
    """The facts of this data set."""
    return _facts(dataset.name, dataset.source)


def fewest(dataset: data.Dataset) -> int:
    """Training images of the rarest class, at least 1; of MNIST thousands, of one's own images often a few."""
    return max(1, int(np.bincount(dataset.train_labels, minlength=dataset.classes).min()))


@kept(16 * MB)
def _facts(name: DatasetName, source: Path) -> Facts:
    dataset = data.load_dataset(name, source)
    statistics = digits.statistics(dataset.train_images, dataset.train_labels, dataset.classes)
    distances = digits.distances(dataset.train_images, statistics.mean)
    hardness = digits.hardness(distances, dataset.train_labels)
    return Facts(statistics, hardness, float((distances.argmin(1) == dataset.train_labels).mean()))
