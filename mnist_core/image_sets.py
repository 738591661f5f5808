"""The data sets that the program knows: what they are called, how many images they have, and what their classes are called.

All have images of 28×28 pixels in ten classes. Which of them lies in a folder, `data.folders` tells by the labels' hash. Images of
one's own are a set, too, of 2 to 10 classes: its name is `own-` and the id under which the store keeps it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, NewType, cast

from mnist_core.messages import N_, Translate

KnownName = Literal["mnist", "fashion-mnist", "kmnist", "emnist-digits", "other", "built-in"]
OwnName = NewType("OwnName", str)
DatasetName = KnownName | OwnName
OWN = re.compile("own-([0-9a-f]{16})")
OWN_MOST = 2_000  # images of one's own in one set


@dataclass(frozen=True)
class ImageSet:
    """A data set. `title` and `classes` are for the catalog; `torchvision`: the class that fetches it, "" where none does."""

    title: str
    classes: tuple[str, ...] = tuple("0123456789")
    train: int = 60_000  # images in the training files
    test: int = 10_000
    torchvision: str = ""

    @property
    def has_digits(self) -> bool:
        """Whether its classes are the digits from 0 to 9, so that a class and its number are the same."""
        return self.classes == tuple("0123456789")


_CLOTHES = (
    N_("T-shirt"),
    N_("trousers"),
    N_("pullover"),
    N_("dress"),
    N_("coat"),
    N_("sandal"),
    N_("shirt"),
    N_("sneaker"),
    N_("bag"),
    N_("ankle boot"),
)
# The ten signs of Japanese as they are written today, and how they are read.
_KANA = ("お o", "き ki", "す su", "つ tsu", "な na", "は ha", "ま ma", "や ya", "れ re", "を wo")

SETS: Mapping[KnownName, ImageSet] = {
    "mnist": ImageSet("MNIST", torchvision="MNIST"),
    "fashion-mnist": ImageSet("Fashion-MNIST", _CLOTHES, torchvision="FashionMNIST"),
    "kmnist": ImageSet("KMNIST", _KANA, torchvision="KMNIST"),
    "emnist-digits": ImageSet(N_("EMNIST digits"), train=240_000, test=40_000, torchvision="EMNIST"),
    "other": ImageSet(N_("other images")),
    "built-in": ImageSet(N_("built-in digits")),
}
TITLES: Mapping[KnownName, str] = {name: known.title for name, known in SETS.items()}
DOWNLOADABLE: tuple[KnownName, ...] = tuple(name for name, known in SETS.items() if known.torchvision)
LARGEST = max(known.train for known in SETS.values())


def own_id(name: str) -> str | None:
    """The id under which the store keeps the images that are called so; None for a known data set, and for no name."""
    found = OWN.fullmatch(name)
    return None if found is None else found[1]


def image_set(name: DatasetName, classes: int = 10, images: int = OWN_MOST) -> ImageSet:
    """What is known of a data set; of one's own images as much as a run knows: so many classes and training files."""
    if name in SETS:
        return SETS[cast(KnownName, name)]
    return ImageSet(N_("my images"), tuple(f"class {label + 1}" for label in range(classes)), images, 0)


def title(name: DatasetName) -> str:
    """What the data set is called, for the catalog."""
    return image_set(name).title


def class_names(name: KnownName, translate: Translate = str) -> tuple[str, ...]:
    """What the classes of a known data set are called, in the order of its labels, in the language of `translate`."""
    return tuple(translate(title) for title in SETS[name].classes)
