"""Data sets on this machine: where they lie, whether they are whole, and their arrays, shared by all processes.

Both data sets lie as four unpacked IDX files, and are mapped, never copied: however many workers read them, the
machine holds them once.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mnist_core import settings
from mnist_core.config import TEST_FILES, TRAIN_FILES, DatasetName
from mnist_core.data import idx
from mnist_core.errors import DataMissingError
from mnist_core.messages import N_

FILES = {
    "train_images": ("train-images-idx3-ubyte", (TRAIN_FILES, 28, 28)),
    "train_labels": ("train-labels-idx1-ubyte", (TRAIN_FILES,)),
    "test_images": ("t10k-images-idx3-ubyte", (TEST_FILES, 28, 28)),
    "test_labels": ("t10k-labels-idx1-ubyte", (TEST_FILES,)),
}


@dataclass(frozen=True)
class Dataset:
    """A data set, memory-mapped and read-only.

    Images: uint8, 0 (ground) to 255 (ink), 60,000×28×28 and 10,000×28×28; labels: uint8, 0 to 9.
    """

    name: DatasetName
    source: Path  # folder of its files
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]


def load_dataset(name: DatasetName = "mnist", folder: Path | str | None = None) -> Dataset:
    """The data set `name`, from `folder`, else from MNIST_LAB_DATA, else from this installation's home.

    A folder is one in torchvision's layout (with `MNIST/raw` in it) or the one with the four files.
    Raises DataMissingError, DataFileError.
    """
    source = find(name, folder)
    arrays = {part: idx.read(source / file, shape) for part, (file, shape) in FILES.items()}
    for split in ("train", "test"):
        images, labels = f"{split}_images", f"{split}_labels"
        idx.check_content(source / FILES[images][0], arrays[images], source / FILES[labels][0], arrays[labels])
    return Dataset(name, source, **arrays)


def available(name: DatasetName, folder: Path | str | None = None) -> bool:
    """Whether all four files are there in their sizes. Cheap; never raises."""
    try:
        source = find(name, folder)
        return all(
            (source / file).stat().st_size == 4 + 4 * len(shape) + int(np.prod(shape)) for file, shape in FILES.values()
        )
    except (OSError, DataMissingError):
        return False


def home_folder(name: DatasetName) -> Path:
    """Where this installation keeps the files of `name`; digits that are drawn in another way have another number."""
    return settings.home() / "data" / ("MNIST" if name == "mnist" else "BuiltIn2") / "raw"


def find(name: DatasetName, folder: Path | str | None = None) -> Path:
    """The folder of the files. Raises DataMissingError."""
    kept = home_folder(name)
    if name == "built-in":
        if _has_a_file(kept):
            return kept
        raise DataMissingError(
            N_(
                "The built-in digits have not been drawn yet. Start the app, or run: python -m mnist_core data --built-in"
            )
        )
    named = Path(folder) if folder is not None else settings.data_folder()
    if named is not None:
        for candidate in (named / "MNIST" / "raw", named / "raw", named):
            if _has_a_file(candidate):
                return candidate
        if folder is not None:
            raise DataMissingError(
                N_(
                    "There is no MNIST in {folder}. Expected four files such as MNIST/raw/train-images-idx3-ubyte there: "
                    "name the folder that has them, or leave it out."
                ),
                folder=str(named),
            )
    if _has_a_file(kept):
        return kept
    raise DataMissingError(
        N_(
            "MNIST is not on this machine. Fetch it with: python -m mnist_core data --download, name a folder that has "
            "it with --data or MNIST_LAB_DATA, or use the built-in digits: --dataset built-in."
        )
    )


def _has_a_file(folder: Path) -> bool:
    return any((folder / file).exists() for file, _shape in FILES.values())


def samples(dataset: Dataset, *, per_digit: int, seed: int) -> NDArray[np.int64]:
    """Indices of random training images, `per_digit` of each digit, 0 first: (10·per_digit,)."""
    generator = np.random.default_rng(seed)
    chosen = [
        generator.choice(np.flatnonzero(dataset.train_labels == digit), per_digit, replace=False) for digit in range(10)
    ]
    return np.concatenate(chosen)
