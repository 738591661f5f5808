"""Data sets on this machine: where they lie, whether they are whole, and their arrays, shared by all processes.

Every data set lies as four unpacked IDX files, and is mapped, never copied: however many workers read them, the
machine holds them once. Which set a folder's files are is told by `folders.identify`, never by their names.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from mnist_core import settings
from mnist_core.data import emnist
from mnist_core.data.folders import FILES, explain, files_in, identify, is_whole, places, read
from mnist_core.errors import DataMissingError, MnistLabError
from mnist_core.image_sets import SETS, TITLES, DatasetName, KnownName, own_id
from mnist_core.messages import N_, Message, message

_own_source: Callable[[str], Dataset] | None = None


@dataclass(frozen=True)
class Dataset:
    """A data set, memory-mapped and read-only.

    Images: uint8, 0 (ground) to 255 (ink), n×28×28, 60,000 and 10,000 of MNIST; labels: uint8, 0 to `classes` - 1.
    """

    name: DatasetName
    source: Path  # folder of its files
    train_images: NDArray[np.uint8]
    train_labels: NDArray[np.uint8]
    test_images: NDArray[np.uint8]
    test_labels: NDArray[np.uint8]
    classes: int = 10


def load_dataset(name: DatasetName = "mnist", folder: Path | str | None = None) -> Dataset:
    """The data set `name`, from `folder`, else from MNIST_LAB_DATA, else from this installation's home.

    A folder is one in torchvision's layout (with `MNIST/raw` in it) or the one with the four files.
    Raises DataMissingError, DataFileError, DataFolderError.
    """
    if (images_id := own_id(name)) is not None:
        return own(images_id)
    known = cast(KnownName, name)
    source = find(known, folder)
    files = files_in(source) or FILES
    if files is emnist.NIST_FILES:
        source, files = emnist.make_upright(source), emnist.FILES
    arrays = read(source, files)
    return Dataset(
        name,
        source,
        arrays["train_images"],
        arrays["train_labels"],
        arrays["test_images"],
        arrays["test_labels"],
    )


def own(images_id: str) -> Dataset:
    """Images of somebody's own, from where this process gets them (`get_own_from`). Raises DataMissingError, DataFileError."""
    if _own_source is None:
        raise DataMissingError(
            N_("Images of your own are kept by the app, and cannot be used without it. Export them as files.")
        )
    return _own_source(images_id)


def get_own_from(source: Callable[[str], Dataset]) -> None:
    """Let this process get images of students' own by their ids from `source`, which knows who may have them."""
    global _own_source
    _own_source = source


def available(name: DatasetName, folder: Path | str | None = None) -> bool:
    """Whether all four files are there in their sizes, and are those of `name`. Cheap; never raises."""
    if (images_id := own_id(name)) is not None:
        try:
            own(images_id)
        except MnistLabError:
            return False
        return True
    return _place(cast(KnownName, name), _roots(folder)) is not None


def preferred() -> KnownName:
    """What to start from: the data set in the folder that MNIST_LAB_DATA names, else MNIST, else the built-in digits."""
    folder = settings.data_folder()
    for place in places(folder) if folder is not None else ():
        if (name := _identity(place)) is not None:
            return name
    return "mnist" if available("mnist") else "built-in"


def trouble() -> Message | None:
    """Why the folder that MNIST_LAB_DATA names is of no use, for who runs the server; None where it is, or none is named."""
    configured = settings.data_folder()
    if configured is None or any(_identity(place) for place in places(configured)):
        return None
    return message(
        N_("MNIST_LAB_DATA points to a folder that cannot be used. {why}"), why=explain(configured, "mnist").message
    )


def home_folder(name: KnownName) -> Path:
    """Where this installation keeps the files of `name`; digits that are drawn in another way have another number."""
    if name == "emnist-digits":
        return emnist.home_folder()
    return settings.home() / "data" / ("BuiltIn2" if name == "built-in" else SETS[name].torchvision or "MNIST") / "raw"


def find(name: KnownName, folder: Path | str | None = None) -> Path:
    """The folder of the files. Raises DataMissingError, DataFileError, DataFolderError."""
    roots = _roots(folder)
    if (place := _place(name, roots)) is not None:
        return place
    if name == "built-in":
        if any((home_folder(name) / file).exists() for file, _shape in FILES.values()):
            return home_folder(name)  # reading it says what is wrong
        raise DataMissingError(
            N_(
                "The built-in digits have not been drawn yet. Start the app, or run: python -m mnist_core data --built-in"
            )
        )
    if len(roots) == 1 and folder is None and not home_folder(name).exists():
        raise _nowhere(name)
    raise explain(roots[0], name)


def _roots(folder: Path | str | None) -> list[Path]:
    """Where to look: in `folder` alone, or where MNIST_LAB_DATA says and then at home."""
    if folder is not None:
        return [Path(folder)]
    configured = settings.data_folder()
    return [*([configured] if configured is not None else []), settings.home() / "data"]


def _place(name: KnownName, roots: list[Path]) -> Path | None:
    if name == "built-in":
        return home_folder(name) if is_whole(home_folder(name)) else None
    return next((place for root in roots for place in places(root) if _identity(place) == name), None)


def _identity(place: Path) -> KnownName | None:
    """Which data set lies in this very folder; None where it is none that is whole and can be read."""
    try:
        return identify(place) if is_whole(place) else None
    except OSError:
        return None


def _nowhere(name: KnownName) -> DataMissingError:
    if name != "mnist" and SETS[name].torchvision:
        return DataMissingError(
            N_(
                "There is no {data} on this machine. Download it with python -m mnist_core data --download {name}, or point --data or MNIST_LAB_DATA to a folder that contains it."
            ),
            data=message(TITLES[name]),
            name=name,
        )
    if name == "mnist":
        return DataMissingError(
            N_(
                "MNIST is not on this machine. Download it with python -m mnist_core data --download, point --data or MNIST_LAB_DATA to a folder that has it, or use the built-in digits with --dataset built-in."
            )
        )
    return DataMissingError(
        N_(
            "There is no {data} on this machine. Point --data or MNIST_LAB_DATA to a folder that contains its four files."
        ),
        data=message(TITLES[name]),
    )


def samples(dataset: Dataset, *, per_class: int, seed: int) -> NDArray[np.int64]:
    """Indices of random training images, `per_class` of each class, that of label 0 first: (classes · per_class,).

    Of a class with fewer images some come several times.
    """
    generator = np.random.default_rng(seed)
    chosen = []
    for label in range(dataset.classes):
        rows = np.flatnonzero(dataset.train_labels == label)
        chosen.append(generator.choice(rows, per_class, replace=len(rows) < per_class))
    return np.concatenate(chosen)
