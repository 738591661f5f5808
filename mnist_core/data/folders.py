"""What lies in a folder that should hold a data set: which set it is, or what is wrong and what to do about it.

Many sets share MNIST's file names, shapes and counts (Fashion-MNIST and KMNIST were made to), so a set is known by its
label files: their SHA-256 is published. Those of the images are not asked for, since copies exist whose pixels differ in
the last bit. Nothing here waits: what is no ordinary file is never opened.
"""

from __future__ import annotations

import hashlib
import stat
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.data import emnist, idx
from mnist_core.errors import DataError, DataFileError, DataFolderError, DataMissingError, system_reason
from mnist_core.image_sets import SETS, TITLES, KnownName
from mnist_core.messages import N_, Message, message

FILES: emnist.Files = {
    "train_images": ("train-images-idx3-ubyte", (SETS["mnist"].train, 28, 28)),
    "train_labels": ("train-labels-idx1-ubyte", (SETS["mnist"].train,)),
    "test_images": ("t10k-images-idx3-ubyte", (SETS["mnist"].test, 28, 28)),
    "test_labels": ("t10k-labels-idx1-ubyte", (SETS["mnist"].test,)),
}
NAMES = tuple(file for file, _shape in FILES.values())
# Where below a folder that is named the files may lie; torchvision makes the first four, this program the fifth.
LAYOUTS = ("MNIST/raw", "FashionMNIST/raw", "KMNIST/raw", "EMNIST/raw", "EMNISTDigits/raw", "raw", ".")

# SHA-256 of the training and of the test labels, unpacked. Those of KMNIST are published of the packed files alone, which
# torchvision leaves beside the unpacked ones.
KNOWN: dict[tuple[str, str], KnownName] = {
    (
        "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
        "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
    ): "mnist",
    (
        "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
        "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
    ): "fashion-mnist",
}
KNOWN_PACKED: dict[tuple[str, str], KnownName] = {
    (
        "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17",
        "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c",
    ): "kmnist",
}
# Of EMNIST the packed training labels alone: they lie in the zip, which torchvision leaves beside what it unpacks.
KNOWN_EMNIST = {"6638a6ff5fe2eefd9cca2471995b46c82986b8e4b2a70d2f5ce8e05d7edb319e"}


def places(folder: Path) -> Iterator[Path]:
    """The folders below `folder`, and itself, in which the files may lie."""
    return (folder / layout for layout in LAYOUTS)


def is_whole(place: Path) -> bool:
    """Whether all four files of a set are there in their sizes. Cheap; never raises."""
    return files_in(place) is not None


def files_in(place: Path) -> emnist.Files | None:
    """The files that lie there in their sizes: MNIST's, or EMNIST's as they come or upright; None where they are not whole."""
    for files in (FILES, emnist.FILES, emnist.NIST_FILES):
        if all(_size(place / name) == _bytes(shape) for name, shape in files.values()):
            return files
    return None


def _bytes(shape: tuple[int, ...]) -> int:
    """Of an IDX file with values of this shape."""
    return 4 + 4 * len(shape) + int(np.prod(shape))


def identify(place: Path) -> KnownName | None:
    """Which data set the files of a whole folder are: "other" where nobody knows their labels; None for as many as EMNIST has,
    but others. Raises OSError."""
    files = files_in(place)
    if files in (emnist.FILES, emnist.NIST_FILES):
        return "emnist-digits" if place == emnist.home_folder() or _is_emnist(place) else None
    labels = tuple(place / FILES[part][0] for part in ("train_labels", "test_labels"))
    name = KNOWN.get(_hashes(labels))
    if name is None:
        packed = tuple(file.with_name(f"{file.name}.gz") for file in labels)
        name = KNOWN_PACKED.get(_hashes(packed)) if all(_size(file) for file in packed) else None
    return name or "other"


def _is_emnist(place: Path) -> bool:
    stamps = tuple(_stamp(file) for file in sorted(place.glob("*.gz")) + sorted(place.glob(emnist.ARCHIVE)))
    return _emnist_hash(place, stamps) in KNOWN_EMNIST


@lru_cache(maxsize=64)
def _emnist_hash(place: Path, _stamps: tuple[tuple[int, int, int], ...]) -> str:
    packed = emnist.packed_labels(place)
    return "" if packed is None else hashlib.sha256(packed).hexdigest()


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


def explain(folder: Path, name: KnownName) -> DataError:
    """Why `folder` does not give the data set `name`: what lies there, and what to do."""
    try:
        files = emnist.NIST_FILES if name == "emnist-digits" else FILES
        place = next((place for place in places(folder) if _begun(place, files)), None)
        if place is None:
            whole = next((place for place in places(folder) if is_whole(place)), None)
            return _nothing_there(folder, name, files) if whole is None else _another_set(whole, name)
        return _missing(place, files) or _not_files(place, files) or _damaged(place, files) or _another_set(place, name)
    except DataError as error:
        return error
    except (OSError, ValueError) as error:
        return _unreadable(folder, error)


def _names(files: emnist.Files) -> tuple[str, ...]:
    return tuple(name for name, _shape in files.values())


def _begun(place: Path, expected: emnist.Files) -> bool:
    """Whether any of the files lies there in some form. Raises OSError where one may not look."""
    if not place.is_dir():
        return False
    files, names = {file.name for file in place.iterdir()}, _names(expected)
    return any(name in files for name in (*names, *(f"{name}.gz" for name in names), *map(_dotted, names)))


def _dotted(name: str) -> str:
    """The name as some archives and web sites write it: train-images.idx3-ubyte."""
    return name.replace("-idx", ".idx")


def _nothing_there(folder: Path, name: KnownName, expected: emnist.Files) -> DataError:
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
            "There is no {data} in {folder}. Expected four files such as {example}. Choose the folder that contains them, or choose no folder. Found there: {held}."
        ),
        **_values(folder, name),
        example=f"{SETS[name].torchvision or 'MNIST'}/raw/{_names(expected)[0]}",
        held=listing or message(N_("nothing")),
    )


def _missing(place: Path, expected: emnist.Files) -> DataError | None:
    files = {file.name for file in place.iterdir()}
    missing = [name for name in _names(expected) if name not in files]
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


def _not_files(place: Path, expected: emnist.Files) -> DataError | None:
    for name in _names(expected):
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


def _damaged(place: Path, expected: emnist.Files) -> DataError | None:
    try:
        read(place, files_in(place) or expected)
    except DataError as error:
        return error
    return None


def read(place: Path, files: emnist.Files = FILES) -> dict[str, idx.U8]:
    """The arrays of the four `files` (default: MNIST's), by the names of FILES. Raises DataFileError where they are not what they should be."""
    arrays = {part: idx.read(place / file, shape) for part, (file, shape) in files.items()}
    for split in ("train", "test"):
        images, labels = f"{split}_images", f"{split}_labels"
        idx.check_content(place / files[images][0], arrays[images], place / files[labels][0], arrays[labels])
    return arrays


def _another_set(place: Path, name: KnownName) -> DataError:
    actual: KnownName = identify(place) or "other"
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
    return DataFolderError(
        N_(
            "The folder {folder} cannot be read ({reason}). Make it readable for the user who runs this program, or choose another folder."
        ),
        folder=str(folder),
        reason=system_reason(error),
    )


def _values(folder: Path, name: KnownName) -> dict[str, str | Message]:
    return {"folder": str(folder), "data": message(TITLES[name])}
