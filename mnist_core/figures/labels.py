"""Where labels go so that none lies over another: estimates of their size, and rows for those that would meet."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

LETTER, WIDE_LETTER = 0.5, 1.0  # width of a letter, Latin and Korean, by the size of the type; on the safe side
GAP = 8.0  # pixels between two labels of a row
LINE = 1.6  # height of a label with its ground and the air around it, by the size of the type


@dataclass(frozen=True)
class Stretch:
    """A stretch of an axis and its name; `left` and `right` are fractions of the axis, 0 to 1."""

    text: str
    left: float
    right: float

    @property
    def middle(self) -> float:
        """Half way from its left to its right end."""
        return (self.left + self.right) / 2


@dataclass(frozen=True)
class Place:
    """Where a label stands: `x` as a fraction of the axis, which end of the label or its middle is there (Plotly's words),
    and in which row, 0 the first."""

    x: float
    anchor: Literal["left", "center", "right"]
    row: int


def width_of(text: str, size: float) -> float:
    """Pixels that `text` takes in type of `size` pixels, estimated."""
    return size * sum(WIDE_LETTER if unicodedata.east_asian_width(letter) in "WF" else LETTER for letter in text)


def in_rows(stretches: Sequence[Stretch], room: float, size: float) -> list[Place]:
    """A place for the name of each stretch, of an axis of at least `room` pixels: none covers another or leaves the axis.

    A name that fits into its stretch stands in its middle, in row 0; others in the first row that has room, and where the
    middle of their stretch is too near to an end of the axis at that end.
    """
    widths = [width_of(stretch.text, size) for stretch in stretches]
    rooms = [room * (stretch.right - stretch.left) for stretch in stretches]
    fits = [width + GAP <= own_room for width, own_room in zip(widths, rooms, strict=True)]
    places: dict[int, Place] = {}
    occupied: list[tuple[int, float, float]] = []  # row, left and right end in pixels
    for number in sorted(range(len(stretches)), key=lambda number: not fits[number]):
        x, anchor, left = _near(stretches[number].middle, widths[number], room)
        right, row = left + widths[number], 0
        while any(other == row and left < end + GAP and start < right + GAP for other, start, end in occupied):
            row += 1
        occupied.append((row, left, right))
        places[number] = Place(x, anchor, row)
    return [places[number] for number in range(len(stretches))]


def _near(middle: float, width: float, room: float) -> tuple[float, Literal["left", "center", "right"], float]:
    """`x` and anchor of a label of so many pixels, and the pixel where it begins."""
    if middle * room < width / 2:
        return 0.0, "left", 0.0
    if (1 - middle) * room < width / 2:
        return 1.0, "right", room - width
    return middle, "center", middle * room - width / 2
