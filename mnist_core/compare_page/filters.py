"""Which of the runs the Compare table shows: a search, and filters by any of its columns, several at once."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnist_core import escape
from mnist_core.compare_page.columns import Column, columns
from mnist_core.records import Run
from mnist_core.ui import address, address_text, names, session
from mnist_core.ui.choice import typed
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

FEW = 8  # different values of a column, and they are chosen from a list; of more numbers a range is
MOST_SWEEPS = 5_000
LETTERS = 200  # of a search that the address says
LARGEST = sys.float_info.max
Predicate = Callable[[Run], bool]
_read_number = partial(address_text.number, like=0.0, least=-LARGEST, most=LARGEST)


def controls(panel: Panel, runs: Sequence[Run]) -> tuple[list[Predicate], list[Column]]:
    """The search and the choice of columns to filter by: what a run has to fit, and these columns."""
    text = st.text_input(
        _("Search"),
        address.begins("compare_search", "", _cut) or "",
        key="compare_search",
        placeholder=_("name, note or setting"),
        width=320,
        icon=":material/search:",
        label_visibility="collapsed",
        persist_state="session",
    )
    address.keep("compare_search", _cut(typed(text)) or None)
    fits = _by_search(typed(text))
    by_key = {column.key: column for column in columns(runs)}
    with st.popover(_("Filter"), icon=":material/filter_list:"):
        keys = st.multiselect(
            _("Filter by"),
            list(by_key),
            address.begins("filter_columns", None, partial(address_text.some, options=list(by_key))),
            key="filter_columns",
            format_func=lambda key: by_key[key].title if key in by_key else key,
            placeholder=_("choose one or more columns"),
            persist_state="session",
        )
        address.keep("filter_columns", address_text.of(keys) or None)
        if any(run.group for run in runs) and not panel.toggle("filter_sweeps", _("Include runs of sweeps"), True):
            sweep_ids = {sweep.id for sweep in session.store().sweeps.newest(session.student(), MOST_SWEEPS)}
            fits.append(lambda run: run.group not in sweep_ids)
    return fits, [by_key[key] for key in keys if key in by_key]


def range_tests(runs: Sequence[Run]) -> list[Run]:
    """Those of `runs` that the table leaves out: range tests, which end broken on purpose, until they are asked for."""
    included = address.shows("filter_range_tests", False, partial(address_text.choice, options=(False, True)))
    return [] if included else [run for run in runs if run.is_range_test]


def range_test_switch(panel: Panel, count: int) -> None:
    """Asks for the range tests; nothing where there is none. `count`: how many there are."""
    if count:
        label = ngettext("Include {n} range test", "Include {n} range tests", count).format(n=f"{count:,}")
        panel.toggle("filter_range_tests", label, persist_state="session")


def ranges(by: Sequence[Column], runs: Sequence[Run]) -> list[Predicate]:
    """A row with a range or values for each of the columns; what a run has to fit."""
    if not by:
        return []
    with st.container(horizontal=True, vertical_alignment="bottom", key="filters"):
        column_filters = [_of(column, runs) for column in by]
        st.button(_("Clear"), key="filter_clear", icon=":material/filter_list_off:", on_click=_clear)
    return [fits for fits in column_filters if fits is not None]


def draw_counts(shown: int, runs: int, hidden: int, left_out: int) -> None:
    """Say how many of the runs are shown, how many of the chosen ones are not, and how many range tests are left out."""
    text = ngettext("{shown} of {n} run", "{shown} of {n} runs", runs).format(shown=f"{shown:,}", n=f"{runs:,}")
    if left_out:
        more = ngettext("{n} range test is left out", "{n} range tests are left out", left_out)
        text = f"{text} · {more.format(n=f'{left_out:,}')}"
    if hidden:
        more = ngettext(
            "{n} chosen run is in the charts but not in the table",
            "{n} chosen runs are in the charts but not in the table",
            hidden,
        )
        text = f"{text} · {more.format(n=hidden)}"
    sorting = _("click a column header to sort by it (empty cells count as 0)")
    st.caption(f"{text} · {sorting}")


def _clear() -> None:
    st.session_state["filter_columns"] = []


def _cut(text: str) -> str:
    return text[:LETTERS]


def _by_search(text: str) -> list[Predicate]:
    words = text.casefold().split()
    return [lambda run: all(word in _searched_text(run) for word in words)] if words else []


def _searched_text(run: Run) -> str:
    return f"{names.run_title(run).plain} {names.describe(run.config)} {run.note.plain}".casefold()


def _of(column: Column, runs: Sequence[Run]) -> Predicate | None:
    """The filter by a column; None while it lets all runs through."""
    if column.free:
        return _by_words(column)
    values = {value for value in map(column.of, runs) if value not in (None, "") and value == value}
    if len(values) > FEW and all(isinstance(value, int | float) for value in values):
        return _by_range(column, min(values), max(values))
    return _by_values(column, sorted(values, key=lambda value: (isinstance(value, str), value)))


def _by_words(column: Column) -> Predicate | None:
    key = f"filter_{column.key}"
    start = address.begins(key, "", _cut) or ""
    text = st.text_input(column.title, start, key=key, placeholder=_("contains"), width=220, persist_state="session")
    address.keep(key, _cut(typed(text)) or None)
    words = typed(text).casefold().split()
    return (
        (lambda run: all(word in column.of(run).replace(escape.JOINER, "").casefold() for word in words))
        if words
        else None
    )


def _by_values(column: Column, values: list[Any]) -> Predicate | None:
    texts, key = {value: _value_text(column, value) for value in values}, f"filter_{column.key}"
    chosen = st.multiselect(
        column.title,
        values,
        address.begins(key, None, partial(address_text.some, options=values)),
        key=key,
        format_func=lambda value: texts.get(value, str(value)),
        placeholder=_("all"),
        width=260,
        persist_state="session",
    )
    address.keep(key, address_text.of(chosen) or None)
    return (lambda run: column.of(run) in chosen) if chosen else None


def _by_range(column: Column, minimum: float, maximum: float) -> Predicate | None:
    title = _("{column} (%)").format(column=column.title) if column.fraction else column.title
    with st.container(width=310, gap=None):
        st.markdown(f":small[{title}]")
        left, right = st.columns(2, gap="xxsmall")
        low = _end(left, column, _("from {value}").format(value=_value_text(column, minimum)), "from")
        high = _end(right, column, _("to {value}").format(value=_value_text(column, maximum)), "to")
    if low is None and high is None:
        return None
    if low is not None and high is not None:
        low, high = sorted((low, high))
    bottom, top = -math.inf if low is None else low, math.inf if high is None else high

    def fits(run: Run) -> bool:
        value = column.of(run)
        return value is not None and bottom <= _read(column, value) <= top

    return fits


def _end(place: DeltaGenerator, column: Column, label: str, side: str) -> float | None:
    key = f"filter_{side}_{column.key}"
    address.begin_with_nothing_or(key, _read_number)
    value = place.number_input(
        f"{column.title}, {label}",
        value=None,
        format="%g",
        key=key,
        placeholder=label,
        label_visibility="collapsed",
        persist_state="session",
    )
    address.keep(key, None if value is None else address_text.of(float(value)))
    return None if value is None else float(value)


def _read(column: Column, value: float) -> float:
    """The number as it is read in the table: who asks for 97.24 % means what is shown so."""
    value = 100 * value if column.fraction else value
    decimals = 2 if column.fraction else column.decimals
    return value if decimals is None else round(value, decimals)


def _value_text(column: Column, value: Any) -> str:
    if isinstance(value, str):
        return value
    return f"{100 * value:.2f}" if column.fraction else names.number(value)
