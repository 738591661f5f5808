"""A choice among the rows of a table, and what was typed into a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

T = TypeVar("T")
MOST_ROWS, ROW = 32, 35  # rows that a table shows at once, and the pixels of each: of more the rest is scrolled to


def typed(value: Any) -> str:
    """The text of a field for text; nothing where the browser sent something else, which Streamlit hands on as it came."""
    return value if isinstance(value, str) else ""


# Of a column of `in_percent`: Streamlit's own "percent" leaves zeros at the end out, so that 95.60% was 95.6% there.
PERCENT = "%.2f%%"
PER_EPOCH = "%,.2f"  # seconds


def in_percent(fraction: float | None) -> float | None:
    """A fraction as a column with the format `PERCENT` has it."""
    return None if fraction is None else round(100 * fraction, 6)


def number_columns(formats: Mapping[str, str]) -> dict[str, Any]:
    """The configuration of a table's columns of numbers: title → how they are shown."""
    return {title: st.column_config.NumberColumn(format=form) for title, form in formats.items()}


def row_of(
    rows: Sequence[Mapping[str, Any]],
    key: str,
    on_choice: Callable[[int], None],
    *,
    wide: Sequence[str] = (),
    numbers: Mapping[str, str] | None = None,
) -> None:
    """A table of `rows` (title of the column → value); `on_choice` hears, as a callback, the number of the row that is ticked.

    The columns `wide` hold words that the browser, which gives all columns the same share, would cut; the columns `numbers` hold
    numbers, None where there is none, which are shown in these formats and sorted as numbers.
    """

    def changed() -> None:
        ticked = st.session_state[key]["selection"]["rows"]
        if ticked and ticked[0] < len(rows):  # the browser may still have a longer table
            on_choice(ticked[0])

    st.dataframe(
        pd.DataFrame(rows),
        hide_index=True,
        placeholder="–",
        width="stretch",
        height="content" if len(rows) <= MOST_ROWS else MOST_ROWS * ROW,
        key=key,
        column_config={title: st.column_config.Column(width="medium") for title in wide}
        | number_columns(numbers or {}),
        on_select=changed,
        selection_mode="single-row",
    )
