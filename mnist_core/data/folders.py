"""What lies in a folder that should hold a data set: which set it is, or what is wrong and what to do about it.

Many sets share MNIST's file names, shapes and counts (Fashion-MNIST and KMNIST were made to), so a set is known by its
label files: their SHA-256 is published. Those of the images are not asked for, since copies exist whose pixels differ in
the last bit. Nothing here waits: what is no ordinary file is never opened.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.config import DatasetName
from mnist_core.config_validation import TEST_FILES, TRAIN_FILES
from mnist_core.data import idx
from mnist_core.errors import DataError, DataFileError, DataFolderError, DataMissingError
from mnist_core.messages import N_, Message, message

FILES = {
    "train_images": ("train-images-idx3-ubyte", (TRAIN_FILES, 28, 28)),
    "train_labels": ("train-labels-idx1-ubyte", (TRAIN_FILES,)),
    "test_images": ("t10k-images-idx3-ubyte", (TEST_FILES, 28, 28)),
    "test_labels": ("t10k-labels-idx1-ubyte", (TEST_FILES,)),
}
NAMES = tuple(file for file, _shape in FILES.values())
SIZES = {file: 4 + 4 * len(shape) + int(np.prod(shape)) for file, shape in FILES.values()}
TITLES: Mapping[DatasetName, str] = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "kmnist": "KMNIST",
    "other": N_("other images"),
    "built-in": N_("built-in digits"),
}
# Where below a folder that is named the files may lie; torchvision makes the first three.
LAYOUTS = ("MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "raw", ".")

# SHA-256 of the training and of the test labels, unpacked. Those of KMNIST are published of the packed files alone, which
# torchvision leaves beside the unpacked ones.
KNOWN: dict[tuple[str, str], DatasetName] = {
    (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ): "mnist",
    (
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ): "fashion-mnist",
}
KNOWN_PACKED: dict[tuple[str, str], DatasetName] = {
    (
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    ): "kmnist",
}


def places(folder: Path) -> Iterator[Path]:
    """The folders below `folder`, and itself, in which the files may lie."""
    return (folder / layout for layout in LAYOUTS)


def is_whole(place: Path) -> bool:
    """Whether all four files are there in their sizes. Cheap; never raises."""
    return all(_size(place / name) == size for name, size in SIZES.items())


def identify(place: Path) -> DatasetName:
    """Which data set the files of a whole folder are: "other" where nobody knows their labels. Raises OSError."""
    labels = tuple(place / FILES[part][0] for part in ("train_labels", "test_labels"))
    name = KNOWN.get(_hashes(labels))
    if name is None:
        packed = tuple(file.with_name(f"{file.name}.gz") for file in labels)
        name = KNOWN_PACKED.get(_hashes(packed)) if all(_size(file) for file in packed) else None
    return name or "other"


def _hashes(files: tuple[Path, ...]) -> tuple[str, str]:
    train, test = (_hash(file, *_stamp(file)) for file in files)
    return train, test


def _stamp(file: Path) -> tuple[int, int, int]:
    status = file.stat()
    return status.st_ino, status.st_size, status.st_mtime_ns


@lru_cache(maxsize=64)
def _hash(file: Path, *_stamp: int) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _status(file: Path) -> Any:
    try:
        return file.stat()
    except (OSError, ValueError):  # ValueError: a name that cannot be
        return None


def _size(file: Path) -> int:
    """Bytes of an ordinary file that can be read; 0 for everything else."""
    status = _status(file)
    return status.st_size if status is not None and stat.S_ISREG(status.st_mode) else 0


# ---- what is wrong -------------------------------------------------------------------------------------------------


def explain(folder: Path, name: DatasetName) -> DataError:
    """Why `folder` does not give the data set `name`: what lies there, and what to do."""
    try:
        place = next((place for place in places(folder) if _begun(place)), None)
        if place is None:
            return _nothing_there(folder, name)
        return _missing(place) or _not_files(place) or _damaged(place) or _another_set(place, name)
    except DataError as error:
        return error
    except (OSError, ValueError) as error:
        return _unreadable(folder, error)


def _begun(place: Path) -> bool:
    """Whether any of the files lies there in some form. Raises OSError where one may not look."""
    if not place.is_dir():
        return False
    files = {file.name for file in place.iterdir()}
    return any(name in files for name in (*NAMES, *(f"{name}.gz" for name in NAMES), *map(_dotted, NAMES)))


def _dotted(name: str) -> str:
    """The name as some archives and web sites write it: train-images.idx3-ubyte."""
    return name.replace("-idx", ".idx")


def _nothing_there(folder: Path, name: DatasetName) -> DataError:
    """Nothing like the files: is there such a folder, and what is in it?"""
    try:
        status = folder.stat()
        content = sorted(file.name for file in folder.iterdir()) if stat.S_ISDIR(status.st_mode) else None
    except FileNotFoundError:
        return DataMissingError(
            N_("There is no folder {folder}. Choose one that contains {data}."), **_values(folder, name)
        )
    if content is None:
        return DataMissingError(
            N_("{folder} is a file. Choose the folder that contains the four files of {data}."), **_values(folder, name)
        )
    listing = ", ".join([*content[:5], *(["…"] if len(content) > 5 else [])])
    return DataMissingError(
        N_(
            "There is no {data} in {folder}. Expected four files such as MNIST/raw/train-images-idx3-ubyte. Choose the folder that contains them, or choose no folder. Found there: {held}."
        ),
        **_values(folder, name),
        held=listing or message(N_("nothing")),
    )


def _missing(place: Path) -> DataError | None:
    files = {file.name for file in place.iterdir()}
    missing = [name for name in NAMES if name not in files]
    if not missing:
        return None
    values = {"folder": str(place), "missing": ", ".join(missing)}
    if all(f"{name}.gz" in files for name in missing):
        return DataFileError(
            N_(
                "These files in {folder} are still compressed with gzip: {missing}. Decompress them with gunzip -k {folder}/*.gz"
            ),
            **values,
        )
    if all(_dotted(name) in files for name in missing):
        return DataFileError(
            N_("File names in {folder} have a dot instead of a hyphen ({dotted}). Rename the files to: {missing}."),
            **values,
            dotted=_dotted(missing[0]),
        )
    return DataFileError(
        N_("Some of the four files are missing in {folder}: {missing}. Copy them there as well."), **values
    )


def _not_files(place: Path) -> DataError | None:
    for name in NAMES:
        mode = (place / name).stat().st_mode
        if stat.S_ISDIR(mode):
            return DataFileError(
                N_("{file} is a folder, not a file. Replace the folder with the file that it contains."),
                file=str(place / name),
            )
        if not stat.S_ISREG(mode):
            return DataFileError(
                N_("{file} is not a regular file. Replace it with the file of that name."), file=str(place / name)
            )
    return None


def _damaged(place: Path) -> DataError | None:
    try:
        read(place)
    except DataError as error:
        return error
    return None


def read(place: Path) -> dict[str, idx.U8]:
    """The arrays of the four files, by the names of FILES. Raises DataFileError where they are not what they should be."""
    arrays = {part: idx.read(place / file, shape) for part, (file, shape) in FILES.items()}
    for split in ("train", "test"):
        images, labels = f"{split}_images", f"{split}_labels"
        idx.check_content(place / FILES[images][0], arrays[images], place / FILES[labels][0], arrays[labels])
    return arrays


def _another_set(place: Path, name: DatasetName) -> DataError:
    actual = identify(place)
    values = {**_values(place, name), "found": message(TITLES[actual]), "name": actual}
    if actual == "other":
        return DataFileError(
            N_(
                "The labels in {folder} are not those of {data}. The files are damaged, or they are another data set. Download or copy {data} again, or use the files under their own name with --dataset {name}."
            ),
            **values,
        )
    return DataFileError(
        N_(
            "According to their labels, the files in {folder} are {found}, not {data}. Use them under their own name with --dataset {name}, or choose a folder that contains {data}."
        ),
        **values,
    )


def _unreadable(folder: Path, error: Exception) -> DataError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return DataFolderError(
        N_(
            "The folder {folder} cannot be read ({reason}). Make it readable for the user who runs this program, or choose another folder."
        ),
        folder=str(folder),
        reason=reason,
    )


def _values(folder: Path, name: DatasetName) -> dict[str, str | Message]:
    return {"folder": str(folder), "data": message(TITLES[name])}
