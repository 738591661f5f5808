"""What a report says, as plain data: sections of texts, facts, tables and charts.

Nothing in it is markup. A `str` is a text of ours, a `UserText` one that somebody typed; both are shown letter by letter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from mnist_core.escape import NOTHING, UserText

Words = str | UserText
Cell = Words | float | None  # None: there is none


@dataclass(frozen=True)
class Paragraph:
    """A text in one paragraph."""

    text: Words


@dataclass(frozen=True)
class Quote:
    """What somebody wrote, with its line breaks; `formatted`: with its lists, **bold** and *italic* too."""

    text: UserText
    formatted: bool = False


@dataclass(frozen=True)
class Facts:
    """Names and their values, one below the other."""

    rows: Sequence[tuple[Words, Words]]


@dataclass(frozen=True)
class Column:
    """A column of a table. `form`: how numbers in it are written (Python's words), such as `.2%`."""

    title: Words
    form: str = ",g"


@dataclass(frozen=True)
class Table:
    """A table with what it is about; whoever reads it sorts it by its column headers."""

    caption: Words
    columns: Sequence[Column]
    rows: Sequence[Sequence[Cell]]


@dataclass(frozen=True)
class Chart:
    """A Plotly figure as plain data (`{"data", "layout"}`), on light and on dark ground; both show the same.

    `height` in pixels; `description` for those who do not see it. Figures have their names escaped, as in the app.
    """

    light: dict[str, Any]
    dark: dict[str, Any]
    description: str
    height: int = 420


Part = Paragraph | Quote | Facts | Table | Chart


@dataclass(frozen=True)
class Blank:
    """A line at the head to be filled in: what belongs there, and what was typed; without that, a line to write on."""

    label: Words
    text: UserText = NOTHING


@dataclass(frozen=True)
class Section:
    """A heading and what stands below it. `new_page`: it begins one when it is printed."""

    title: Words
    parts: Sequence[Part]
    new_page: bool = False


@dataclass(frozen=True)
class Report:
    """All of a report, in one language. `language`: its code, such as `ko`; `lead`: the first sentences, in a line each; `blanks`
    stand below them."""

    title: Words
    language: str
    sections: Sequence[Section]
    lead: Sequence[Words] = ()
    blanks: Sequence[Blank] = ()
