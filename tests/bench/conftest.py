"""A small data set in memory and in files, as torchvision wants it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from mnist_core.data import Dataset
from mnist_core.data.digits import draw_digits
from mnist_core.data.folders import FILES


@pytest.fixture(scope="session")
def few(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """1,000 + 200 built-in digits, and the four files of them."""
    images, labels = draw_digits(1_000, 11)
    test_images, test_labels = draw_digits(200, 12)
    folder = tmp_path_factory.mktemp("few")
    for part, array in zip(FILES, (images, labels, test_images, test_labels), strict=True):
        write_idx(folder / FILES[part][0], array)
    return Dataset("mnist", folder, images, labels, test_images, test_labels)


def write_idx(file: Path, array: NDArray[np.uint8]) -> None:
    """The array as an IDX file of bytes."""
    header = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">i4").tobytes()
    file.write_bytes(header + array.tobytes())
