"""Images of the student's own on pages: which there are for him, what their classes are called, and their pixels."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.data import own_images
from mnist_core.escape import UserText
from mnist_core.image_sets import DatasetName, OwnName, own_id
from mnist_core.memo import MB, Memo
from mnist_core.records import OwnImages
from mnist_core.ui import session

_unpacked = Memo(32 * MB)
_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("mnist_lab_own_images", default=None)
T = TypeVar("T")


def mine() -> list[OwnImages]:
    """The student's, and those that are shared with his class, newest first."""
    student = session.student()
    return _once(student, lambda: session.store().own_images.of_student(student))


def find(name: DatasetName) -> OwnImages | None:
    """What is known of the images that are called so; None for a known data set, and where they are gone or somebody else's."""
    images_id = own_id(name)
    if images_id is None:
        return None
    student = session.student()
    return _once((images_id, student), lambda: session.store().own_images.get(images_id, student))


def _once(key: Hashable, ask: Callable[[], T]) -> T:
    known = _known.get()
    if known is None:
        return ask()
    if key not in known:
        known[key] = ask()
    return cast(T, known[key])


@contextmanager
def found_once() -> Iterator[None]:
    """Ask the store once, for a while, as for one drawing of a page: a table of runs asks for each of its rows."""
    known = _known.get()
    token = _known.set({} if known is None else known)
    try:
        yield
    finally:
        _known.reset(token)


def fitted(config: RunConfig, images: OwnImages) -> RunConfig:
    """The settings on these images: with their classes, a fifth of the images to choose with, batches that are not too large."""
    validation = max(1, round(images.train / 5))
    train = images.train - validation
    batch = train if config.batch_norm else min(config.batch_size, train)  # none of a single image
    sizes = {"train_size": train, "validation_size": validation, "batch_size": batch}
    return config.replace(dataset=images.name, classes=len(images.classes), **sizes)


def class_names(name: DatasetName, classes: int) -> tuple[UserText, ...]:
    """What the classes are called; their numbers where the images are gone, as after a run was imported."""
    found = find(name)
    return found.classes if found is not None else tuple(UserText(str(label + 1)) for label in range(classes))


def _load(images_id: str) -> data.Dataset:
    """The images themselves, for this student. Raises OwnImagesError, DataFileError."""
    packed = session.store().own_images.packed(
        images_id, session.student()
    )  # who may not have them is refused each time
    return _unpacked.get(images_id, lambda: own_images.unpack(OwnName(f"own-{images_id}"), packed))


data.get_own_from(_load)
