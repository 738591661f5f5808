"""The names of classes on axes: as large as digits where they are short, smaller and slanted where they are words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mnist_core.escape import UserText

Classes = Sequence[UserText]  # in the order of the labels; those of one's own images are typed
DIGITS: Classes = tuple(UserText(str(digit)) for digit in range(10))
SHORT = 2  # signs
LARGE, SMALL = 18, 13  # pixels


def ticks(classes: Classes) -> list[str]:
    """The names as Plotly shows them."""
    return [name.plotly for name in classes]


def letters(classes: Classes, *, slanted: bool = False) -> dict[str, Any]:
    """What an axis with these names says of its letters; `slanted`: across, where words would stand in each other's way."""
    if all(len(name.plain) <= SHORT for name in classes):
        return {"tickfont": {"size": LARGE}}
    return {"tickfont": {"size": SMALL}, "automargin": True} | ({"tickangle": -40} if slanted else {})
