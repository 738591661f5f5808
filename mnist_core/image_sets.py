"""The data sets that the program knows: what they are called, how many images they have, and what their classes are called.

All have images of 28×28 pixels in ten classes. Which of them lies in a folder, `data.folders` tells by the labels' hash.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from mnist_core.messages import N_, Translate

DatasetName = Literal["mnist", "fashion-mnist", "kmnist", "emnist-digits", "other", "built-in"]


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

SETS: Mapping[DatasetName, ImageSet] = {
    "mnist": ImageSet("MNIST", torchvision="MNIST"),
    "fashion-mnist": ImageSet("Fashion-MNIST", _CLOTHES, torchvision="FashionMNIST"),
    "kmnist": ImageSet("KMNIST", _KANA, torchvision="KMNIST"),
    "emnist-digits": ImageSet(N_("EMNIST digits"), train=240_000, test=40_000, torchvision="EMNIST"),
    "other": ImageSet(N_("other images")),
    "built-in": ImageSet(N_("built-in digits")),
}
TITLES: Mapping[DatasetName, str] = {name: known.title for name, known in SETS.items()}
DOWNLOADABLE: tuple[DatasetName, ...] = tuple(name for name, known in SETS.items() if known.torchvision)
LARGEST = max(known.train for known in SETS.values())


def class_names(name: DatasetName, translate: Translate = str) -> tuple[str, ...]:
    """What the classes of the data set are called, in the order of its labels, in the language of `translate`."""
    return tuple(translate(title) for title in SETS[name].classes)
