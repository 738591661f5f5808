"""Training, validation and test split of a data set, and label noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.config import RunConfig
from mnist_core.data.datasets import Dataset
from mnist_core.errors import DataMissingError
from mnist_core.image_sets import own_id
from mnist_core.messages import N_

_NOISE_STREAM = 7  # keeps label noise apart from other uses of the same seed


@dataclass(frozen=True)
class Part:
    """Images (n×28×28, uint8, a view of the mapped file) and labels (n, uint8)."""

    images: NDArray[np.uint8]
    labels: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Parts:
    """Training, validation and test split: to train on, to choose with, to judge by."""

    train: Part
    validation: Part
    test: Part


def split(dataset: Dataset, config: RunConfig) -> Parts:
    """The first `train_size` training images, the last `validation_size`, and the test images.

    Label noise replaces that fraction of the training labels by another class, each equally likely. Raises DataMissingError where
    there are fewer images, or, of one's own, other classes.
    """
    count = len(dataset.train_labels)
    wanted = config.train_size + config.validation_size
    if own_id(config.dataset) is not None and (wanted > count or config.classes != dataset.classes):
        raise DataMissingError(
            N_("These images are {classes} classes with {train} images to train and choose with. Choose them again."),
            classes=dataset.classes,
            train=count,
        )
    if wanted > count:
        template = N_("There are {count} images to train and choose with, but {wanted} are needed.")
        raise DataMissingError(template, count=f"{count:,}", wanted=f"{wanted:,}")
    start = count - config.validation_size
    labels = dataset.train_labels[: config.train_size]
    return Parts(
        Part(dataset.train_images[: config.train_size], noisy(labels, config)),
        Part(dataset.train_images[start:], dataset.train_labels[start:]),
        Part(dataset.test_images, dataset.test_labels),
    )


def analysis_split(config: RunConfig) -> Literal["validation", "train"]:
    """The split whose images a network is analyzed with: validation, which it has not seen, else those it was trained on."""
    return "validation" if config.validation_size else "train"


def noisy(labels: NDArray[np.uint8], config: RunConfig) -> NDArray[np.uint8]:
    """`labels` with round(fraction · n) of them replaced by another class."""
    wrong = round(config.label_noise * len(labels))
    if not wrong:
        return labels
    seed = config.seed if config.batch_seed is None else config.batch_seed
    generator = np.random.Generator(np.random.Philox(key=[seed, _NOISE_STREAM]))
    chosen = generator.choice(len(labels), wrong, replace=False)
    changed = labels.copy()
    changed[chosen] = (changed[chosen] + generator.integers(1, config.classes, wrong)) % config.classes
    return changed
