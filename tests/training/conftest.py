"""A small data set that needs no file."""

from __future__ import annotations

from pathlib import Path

import pytest

from mnist_core.data import Dataset
from mnist_core.data.digits import draw_digits


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """1,200 + 300 built-in digits in memory."""
    images, labels = draw_digits(1_200, 11)
    test_images, test_labels = draw_digits(300, 12)
    return Dataset("built-in", Path(), images, labels, test_images, test_labels)
