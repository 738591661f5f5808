"""A choice of one, among a few that stand side by side or among the rows of a table; and what was typed into a field."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

import pandas as pd
import streamlit as st

from mnist_core.ui.texts import _

T = TypeVar("T")


def one_of(
    label: str, names: Mapping[T, str], start: T, key: str, *, titled: bool = True, wrap: bool | None = None
) -> T:
    """The one of `names` (option → its name, which is translated here) that is chosen: `start` at first, never none.

    `titled`: whether the label is seen; screen readers are told it anyway. `wrap`: into more rows where there is no room
    (default: as Streamlit does).
    """
    shown = {one: _(name) for one, name in names.items()}
    chosen = st.segmented_control(
        label,
        list(names),
        default=start,
        required=True,
        key=key,
        format_func=shown.__getitem__,
        label_visibility="visible" if titled else "collapsed",
        wrap=wrap,
    )
    return start if chosen is None else chosen


def typed(value: Any) -> str:
    """The text of a field for text; nothing where the browser sent something else, which Streamlit hands on as it came."""
    return value if isinstance(value, str) else ""


def row_of(rows: Sequence[Mapping[str, Any]], key: str, chosen: Callable[[int], None]) -> None:
    """A table of `rows` (title of the column → value); `chosen` hears, as a callback, the number of the row that is ticked."""

    def tell() -> None:
        ticked = st.session_state[key]["selection"]["rows"]
        if ticked and ticked[0] < len(rows):  # the browser may still have a longer table
            chosen(ticked[0])

    st.dataframe(
        pd.DataFrame(rows), hide_index=True, width="stretch", key=key, on_select=tell, selection_mode="single-row"
    )
