"""A small data set of MNIST's form, drawn once for all tests of the jobs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mnist_core.data import datasets, digits, idx


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four files in their right sizes: 1,000 digits again and again."""
    folder = tmp_path_factory.mktemp("digits")
    images, labels = digits.draw_digits(1000, 5)
    for split, times in (("train", 60), ("test", 10)):
        idx.write(folder / datasets.FILES[f"{split}_images"][0], np.tile(images, (times, 1, 1)))
        idx.write(folder / datasets.FILES[f"{split}_labels"][0], np.tile(labels, times))
    return folder
