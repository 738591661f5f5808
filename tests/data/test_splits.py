"""Three honest parts, and labels that are wrong on purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core.config import RunConfig
from mnist_core.data import Dataset, affine, split
from mnist_core.data.splits import noisy
from mnist_core.errors import DataMissingError


@pytest.fixture
def dataset() -> Dataset:
    """60,000 + 10,000 tiny stand-ins whose label tells their place."""
    places = np.arange(60_000, dtype=np.uint32)
    images = places.view(np.uint8).reshape(60_000, 4)
    return Dataset(
        "mnist",
        Path(),
        images,
        (places % 10).astype(np.uint8),
        images[:10_000],
        (places[:10_000] % 10).astype(np.uint8),
    )


def test_parts_do_not_overlap(dataset: Dataset) -> None:
    parts = split(dataset, RunConfig(train_size=50_000, validation_size=10_000))
    assert [len(part) for part in (parts.train, parts.validation, parts.test)] == [50_000, 10_000, 10_000]
    first = parts.validation.images[0].copy().view(np.uint32)[0]
    assert first == 50_000


def test_validation_may_be_empty(dataset: Dataset) -> None:
    assert len(split(dataset, RunConfig(train_size=60_000, validation_size=0)).validation) == 0


def test_label_noise_changes_just_that_share_and_only_training_labels(dataset: Dataset) -> None:
    config = RunConfig(label_noise=0.25, train_size=1_000)
    parts = split(dataset, config)
    assert (parts.train.labels != dataset.train_labels[:1_000]).sum() == 250
    assert (parts.validation.labels == dataset.train_labels[50_000:]).all()
    assert (noisy(dataset.train_labels[:1_000], config) == parts.train.labels).all()
    assert (noisy(dataset.train_labels[:1_000], config.replace(seed=1)) != parts.train.labels).any()
    assert parts.train.labels.max() <= 9


@pytest.mark.parametrize(
    ("kind", "black", "white"),
    [("raw", 0, 255), ("scaled", 0, 1), ("centered", -0.1307, 0.8693), ("standardized", -0.4242, 2.8215)],
)
def test_pixels(kind: str, black: float, white: float) -> None:
    scale, shift = affine(kind)
    assert shift == pytest.approx(black, abs=1e-4)
    assert 255 * scale + shift == pytest.approx(white, abs=1e-4)


def test_fewer_images_than_the_configuration_needs_are_a_sentence(tiny: Dataset) -> None:
    config = RunConfig(dataset="built-in", train_size=1_000, validation_size=201, batch_size=10)
    with pytest.raises(
        DataMissingError, match=r"There are 1,200 images to train and choose with, but 1,201 are needed\."
    ):
        split(tiny, config)
    assert len(split(tiny, config.replace(validation_size=200)).validation) == 200
