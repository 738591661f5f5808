"""EMNIST's digits as the National Institute of Standards and Technology gives them, made upright.

Its images lie with rows and columns exchanged, in files of its own names, packed in one zip with five other sets. They are
turned once and kept in this installation's home, so that all processes map them as they map MNIST.
"""

from __future__ import annotations

import gzip
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path

import filelock
import numpy as np

from mnist_core import settings
from mnist_core.data import idx
from mnist_core.errors import DataFolderError, system_reason
from mnist_core.image_sets import SETS
from mnist_core.messages import N_

Files = Mapping[str, tuple[str, tuple[int, ...]]]
_EMNIST = SETS["emnist-digits"]
# As the zip has them: transposed.
NIST_FILES: Files = {
    "train_images": ("emnist-digits-train-images-idx3-ubyte", (_EMNIST.train, 28, 28)),
    "train_labels": ("emnist-digits-train-labels-idx1-ubyte", (_EMNIST.train,)),
    "test_images": ("emnist-digits-test-images-idx3-ubyte", (_EMNIST.test, 28, 28)),
    "test_labels": ("emnist-digits-test-labels-idx1-ubyte", (_EMNIST.test,)),
}
# As this program keeps them: upright, under MNIST's names.
FILES: Files = {
    "train_images": ("train-images-idx3-ubyte", (_EMNIST.train, 28, 28)),
    "train_labels": ("train-labels-idx1-ubyte", (_EMNIST.train,)),
    "test_images": ("t10k-images-idx3-ubyte", (_EMNIST.test, 28, 28)),
    "test_labels": ("t10k-labels-idx1-ubyte", (_EMNIST.test,)),
}
ARCHIVE = "gzip.zip"
_TURNED_AT_ONCE = 10_000  # images


def home_folder() -> Path:
    """Where the upright files lie."""
    return settings.home() / "data" / "EMNISTDigits" / "raw"


def packed_labels(place: Path) -> bytes | None:
    """The packed labels of the training images, from beside the unpacked ones or from the zip there; None where there are none.

    Raises OSError.
    """
    name = f"{NIST_FILES['train_labels'][0]}.gz"
    if (place / name).is_file():
        return (place / name).read_bytes()[: _EMNIST.train * 2]
    if not (place / ARCHIVE).is_file():
        return None
    try:
        with zipfile.ZipFile(place / ARCHIVE) as archive, archive.open(f"gzip/{name}") as member:
            return member.read(_EMNIST.train * 2)
    except (zipfile.BadZipFile, KeyError, NotImplementedError):
        return None


def unpack(archive: Path, folder: Path) -> None:
    """Take the four files of the digits out of the zip, unpacked, and the packed labels, by which they are known.

    Raises OSError, KeyError, zipfile.BadZipFile.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive) as members:
        for name, shape in NIST_FILES.values():
            most = 8 + 4 * len(shape) + int(np.prod(shape))
            with (
                members.open(f"gzip/{name}.gz") as packed,
                gzip.open(packed) as source,
                (folder / name).open("wb") as file,
            ):
                file.write(source.read(most))
        label = f"{NIST_FILES['train_labels'][0]}.gz"
        with members.open(f"gzip/{label}") as packed, (folder / label).open("wb") as file:
            shutil.copyfileobj(packed, file)


def make_upright(place: Path) -> Path:
    """Turn the images of the files in `place` and keep them at home, unless they are there. The folder where they are.

    Raises DataFileError, DataFolderError.
    """
    target = home_folder()
    try:
        settings.make_home()
        target.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(target / "upright.lock"):
            if not all((target / name).is_file() for name, _shape in FILES.values()):
                _turn(place, target)
    except OSError as error:
        raise DataFolderError(
            N_(
                "{data} cannot be saved in {folder} ({reason}). Free some space, make the folder writable, or set MNIST_LAB_HOME to another folder."
            ),
            data=_EMNIST.title,
            folder=str(target),
            reason=system_reason(error),
        ) from error
    return target


def _turn(place: Path, target: Path) -> None:
    if (packed := packed_labels(place)) is not None:
        (target / f"{NIST_FILES['train_labels'][0]}.gz").write_bytes(packed)
    for part, (name, shape) in NIST_FILES.items():
        values = idx.read(place / name, shape)
        if values.ndim == 3:
            upright = np.empty(shape, np.uint8)
            for start in range(0, len(values), _TURNED_AT_ONCE):
                rows = slice(start, start + _TURNED_AT_ONCE)
                upright[rows] = values[rows].transpose(0, 2, 1)
            values = upright
        idx.write(target / FILES[part][0], values)
