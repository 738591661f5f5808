"""Images of one's own: photos or drawings in classes, from a zip or from files, made into 28×28 as a photo of a digit is.

Nothing that is uploaded is trusted: a zip is measured by its list before anything is unpacked, each member is read up to a
bound, what leads elsewhere is refused, and pictures are read by `pictures`, one at a time.
"""

from __future__ import annotations

import hashlib
import io
import lzma
import stat
import zipfile
import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.data import drawing, pictures
from mnist_core.data.datasets import Dataset
from mnist_core.errors import DataFileError
from mnist_core.image_sets import OWN_MOST, OwnName
from mnist_core.messages import N_, Message
from mnist_core.records import PackedImages

U8 = NDArray[np.uint8]
How = Literal["drawing", "photo"]  # what is cut out and centered as MNIST's digits are, or the whole picture
FEWEST_CLASSES, MOST_CLASSES = 2, 10
FEWEST_IMAGES = 3  # of a class: one to train on, one to choose with, one to test with
NAME_LETTERS = 30
MOST_BYTES = 100_000_000  # of all pictures of a zip, unpacked
TEST_FRACTION = 0.2
PIXELS = 28 * 28


@dataclass
class Collection:
    """Images of 28×28 pixels by the names of their classes, as they are gathered; and the files that were no pictures."""

    images: dict[str, list[U8]] = field(default_factory=dict)
    refused: list[tuple[str, Message]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many images there are."""
        return sum(map(len, self.images.values()))

    def add(self, name: str, files: Iterable[tuple[str, bytes]], how: How) -> None:
        """Read these files (name, content) into the class `name`. What is no picture is noted in `refused`.

        Raises DataFileError where there are too many classes or images, or the class has no name.
        """
        name = escape.line(name)[:NAME_LETTERS].strip()
        if not name:
            raise DataFileError(N_("Type what these images show: the name of their class."))
        if name not in self.images and len(self.images) >= MOST_CLASSES:
            raise DataFileError(N_("There may be at most {most} classes."), most=MOST_CLASSES)
        for file, content in files:
            if self.count >= OWN_MOST:
                raise DataFileError(N_("There may be at most {most} images."), most=f"{OWN_MOST:,}")
            try:
                image = made(content, how)
            except DataFileError as error:
                self.refused.append((file, error.message))
                continue
            self.images.setdefault(name, []).append(image)

    def add_zip(self, content: bytes, how: How) -> None:
        """Read a zip that has a folder for each class. Raises DataFileError."""
        for name, files in _members(content).items():
            before = len(self.refused)
            self.add(name, files, how)
            # Each folder may have a picture of the same name.
            self.refused[before:] = [
                (f"{escape.line(name)}/{file}", problem) for file, problem in self.refused[before:]
            ]

    def check(self) -> None:
        """See that there is enough to train, choose and test with. Raises DataFileError."""
        if len(self.images) < FEWEST_CLASSES:
            raise DataFileError(N_("At least two classes are needed: there is nothing to tell apart yet."))
        for name, images in self.images.items():
            if len(images) < FEWEST_IMAGES:
                raise DataFileError(
                    N_("The class “{name}” has {count} image, and at least {fewest} are needed.")
                    if len(images) == 1
                    else N_("The class “{name}” has {count} images, and at least {fewest} are needed."),
                    name=name,
                    count=len(images),
                    fewest=FEWEST_IMAGES,
                )


def made(content: bytes, how: How) -> U8:
    """A picture as 28×28 pixels, 0 (ground) to 255 (ink). Raises DataFileError."""
    if how == "drawing":
        return drawing.like_mnist(pictures.read_ink(content))
    return pictures.read_whole(content)


def _members(content: bytes) -> dict[str, list[tuple[str, bytes]]]:
    """The pictures of a zip by the folder that they lie in. Raises DataFileError."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            infos = [info for info in archive.infolist() if _counts(info)]
            _check(infos)
            found: dict[str, list[tuple[str, bytes]]] = {}
            left = MOST_BYTES
            for info in infos:
                path = PurePosixPath(info.filename)
                with archive.open(info) as member:
                    data = member.read(pictures.MOST_BYTES + 1)  # what its list says is not believed
                left -= len(data)
                if left < 0:
                    raise _too_much()
                found.setdefault(path.parent.name, []).append((path.name, data))
            return found
    except DataFileError:
        raise
    except (
        zipfile.BadZipFile,
        zlib.error,
        lzma.LZMAError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        EOFError,
        OSError,
    ) as error:
        raise DataFileError(
            N_("This zip cannot be read. Pack the folders again, without a password, and upload the new file.")
        ) from error


def _counts(info: zipfile.ZipInfo) -> bool:
    """Whether it is a file that somebody meant: no folder, nothing that a system adds."""
    parts = PurePosixPath(info.filename).parts
    return not info.is_dir() and "__MACOSX" not in parts and not any(part.startswith(".") for part in parts[-1:])


def _check(infos: Sequence[zipfile.ZipInfo]) -> None:
    if not infos:
        raise DataFileError(N_("There are no files in this zip. Expected a folder for each class with images in it."))
    if len(infos) > OWN_MOST:
        raise DataFileError(N_("There may be at most {most} images."), most=f"{OWN_MOST:,}")
    if sum(info.file_size for info in infos) > MOST_BYTES:
        raise _too_much()
    names = [info.filename for info in infos]
    if len(set(names)) < len(names):
        raise DataFileError(N_("Two files in this zip have the same name. Pack the folders again."))
    for info in infos:
        path = PurePosixPath(info.filename)
        if stat.S_ISLNK(info.external_attr >> 16):
            raise DataFileError(N_("This zip has a link in it. Pack the images themselves."))
        if path.is_absolute() or ".." in path.parts or "\\" in info.filename or ":" in info.filename.split("/")[0]:
            raise DataFileError(N_("This zip has a file that leads out of its folder. Pack the folders again."))
        if len(path.parts) < 2:
            raise DataFileError(
                N_("“{name}” lies in no folder. Expected a folder for each class, named after the class."),
                name=path.name,
            )


def _too_much() -> DataFileError:
    return DataFileError(
        N_("The images in this zip take more than {most} MB. Use smaller or fewer images."),
        most=f"{MOST_BYTES / 1e6:.0f}",
    )


# ---- split, packed and unpacked --------------------------------------------------------------------------------


def pack(images: Mapping[str, Sequence[U8]]) -> PackedImages:
    """Split the images, the same way each time, and pack them.

    A fifth of each class, at least one image, is for testing. The others follow each other so that wherever training and
    validation images are cut, each part has about as many of each class as all.
    """
    train: list[tuple[float, int, U8]] = []
    test: list[tuple[float, int, U8]] = []
    for label, of_class in enumerate(images.values()):
        order = sorted(
            of_class, key=lambda image: hashlib.sha256(image.tobytes()).digest()
        )  # whoever uploads them, and how
        tested = max(1, round(TEST_FRACTION * len(order)))
        for part, chosen in ((test, order[:tested]), (train, order[tested:])):
            part += [((place + 0.5) / len(chosen), label, image) for place, image in enumerate(chosen)]
    parts = []
    for part in (train, test):
        part.sort(key=lambda entry: entry[:2])
        parts += [b"".join(image.tobytes() for _place, _label, image in part), bytes(label for _p, label, _i in part)]
    return PackedImages(len(images), len(train), len(test), zlib.compress(b"".join(parts)))


def unpack(name: OwnName, packed: PackedImages) -> Dataset:
    """The images as a data set. Raises DataFileError where the bytes are not what they should be."""
    whole = (packed.train + packed.test) * (PIXELS + 1)
    unpacker = zlib.decompressobj()
    try:
        content = unpacker.decompress(packed.data, whole + 1)
    except zlib.error:
        content = b""
    values = np.frombuffer(content, np.uint8)
    if len(values) != whole:
        raise DataFileError(N_("These images are damaged. Delete them and upload them again."))
    arrays, start = [], 0
    for count in (packed.train, packed.test):
        images, labels = np.split(values[start : start + count * (PIXELS + 1)], [count * PIXELS])
        arrays += [images.reshape(count, 28, 28), labels]
        start += count * (PIXELS + 1)
    if any(labels.size and labels.max() >= packed.classes for labels in arrays[1::2]):
        raise DataFileError(N_("These images are damaged. Delete them and upload them again."))
    return Dataset(name, Path(), arrays[0], arrays[1], arrays[2], arrays[3], packed.classes)
