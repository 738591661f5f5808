"""My runs in a table: what tells them apart, what came of them; chosen ones are named, starred, deleted, continued."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from mnist_core.compare_page import filters
from mnist_core.compare_page.columns import Column, columns
from mnist_core.comparison import SEEDS
from mnist_core.config import FIELDS
from mnist_core.errors import MnistLabError
from mnist_core.figures.theme import RUN_COLORS_LIGHT
from mnist_core.panels import draft, export_panel, report_panel
from mnist_core.records import Run
from mnist_core.ui import address, frame, names, seal, session, watch
from mnist_core.ui.choice import PERCENT, in_percent, number_columns, typed
from mnist_core.ui.panel import PAGE
from mnist_core.ui.texts import _, ngettext

MOST = 5_000  # runs in the table
# Columns of whole numbers; seeds are names rather than numbers.
COUNTS = {*(name for name, kind in FIELDS.items() if kind is int), "best_step", "parameters"} - {*SEEDS}
FIRST = 3  # of them are chosen when the page is opened
ROW = 37  # pixels


def choose() -> list[Run]:
    """Draw the table and return the chosen runs; those of other students that the address names come first."""
    own_runs = watch.my_runs(limit=MOST, of_sweeps=True)
    if address.followed() or "compared" not in st.session_state:
        st.session_state["compared"] = _asked_for(own_runs)
        # A table that was drawn before would say what was chosen in it.
        st.session_state["compare_table"] = st.session_state.get("compare_table", 0) + 1
    _undo()
    left_out = filters.range_tests(own_runs)
    visible, by = _filtered(own_runs, {run.id for run in left_out})
    if visible:
        _table(visible, by)
        missing = {run.id for run in own_runs} & set(st.session_state["compared"]) - {run.id for run in visible}
        filters.draw_counts(len(visible), len(own_runs), len(missing), len(left_out))
    elif own_runs and len(left_out) == len(own_runs):
        st.info(_("You have only range tests so far. Use the switch above to show them here."))
    elif own_runs:
        st.info(_("No runs match. Clear the search or the filter."))
    others = _others({run.id for run in own_runs})
    chosen = [run for run in (*others, *own_runs) if run.id in set(st.session_state["compared"])]
    address.say(runs=",".join(run.id for run in chosen) if own_runs or chosen else None)
    if set(st.session_state["compared"]) - {run.id for run in (*others, *own_runs)}:
        st.warning(_("Some of the runs in this link were not found. They may have been deleted."))
    if others:
        st.caption(
            _(":material/visibility: Some of these runs are someone else's: you can watch them and use their settings.")
        )
    return chosen


def _asked_for(own_runs: Sequence[Run]) -> list[str]:
    """The runs that the address names, which may be none; the first ones where it says nothing."""
    asked = st.query_params.get("runs")
    if asked is not None:
        return [run_id for run_id in asked.split(",") if run_id]
    return [run.id for run in own_runs if not run.is_range_test][:FIRST]


def has_runs() -> bool:
    """Whether there is a table to choose from."""
    return bool(watch.my_runs(limit=MOST, of_sweeps=True))


def actions(chosen: Sequence[Run]) -> None:
    """What can be done with the chosen runs."""
    own_runs = [run for run in chosen if run.owner == session.student()]
    with st.container(horizontal=True, vertical_alignment="center", key="compare_actions"):
        starred = bool(own_runs) and all(run.star for run in own_runs)
        st.button(
            _("Remove star") if starred else _("Add star"),
            key="star",
            icon=":material/star:",
            disabled=not own_runs,
            on_click=_star,
            args=(own_runs, not starred),
        )
        with st.popover(_("Name and note"), icon=":material/edit_note:", disabled=len(own_runs) != 1):
            if len(own_runs) == 1:
                _write_on(own_runs[0])
        st.button(
            _("Duplicate and change"),
            key="again",
            icon=":material/content_copy:",
            disabled=len(chosen) != 1,
            on_click=_again,
            args=(chosen[0] if chosen else None,),
            help=_("Opens the Train page with the settings that this run started with."),
        )
        st.button(
            _("Delete"),
            key="soft_delete",
            icon=":material/delete:",
            disabled=not own_runs,
            on_click=_soft_delete,
            args=([run.id for run in own_runs],),
        )
        if len(chosen) == 1:
            export_panel.draw(PAGE, chosen[0])
        elif chosen:
            report_panel.of_comparison(PAGE, chosen)
    if len(chosen) == 1 and (story := names.rate_story(chosen[0])):
        more = _(
            "“Duplicate and change” uses the rate that the run started with; the zip, script and JSON include the changes."
        )
        st.caption(f":material/speed: {story} {more}")
    if st.session_state.pop("go_train", False):
        st.switch_page("pages/train.py")


def _others(own_ids: set[str]) -> list[Run]:
    runs = []
    for run_id in st.session_state["compared"]:
        if run_id not in own_ids:
            try:
                runs.append(watch.look(run_id).run)
            except MnistLabError:
                continue  # deleted, or never there: the others are shown
    return runs


# ---- the table -------------------------------------------------------------------------------------------------


def _filtered(own_runs: list[Run], left_out: set[str]) -> tuple[list[Run], list[str]]:
    """The runs that fit, without those `left_out`, and the columns that they were chosen by."""
    runs = [run for run in own_runs if run.id not in left_out]
    with st.container(horizontal=True, vertical_alignment="bottom", key="compare_filter"):
        fits, by = filters.controls(PAGE, runs)
        filters.range_test_switch(PAGE, sum(run.is_range_test for run in own_runs))
        seal.draw()
        export_panel.import_field()
    fits += filters.ranges(by, runs)
    return [run for run in runs if all(fit(run) for fit in fits)], [column.key for column in by]


def _table(runs: list[Run], by: Sequence[str]) -> None:
    table_columns = columns(runs, by)
    table = pd.DataFrame({column.title: [_cell(column, run) for run in runs] for column in table_columns})
    ids = [run.id for run in runs]
    compared = set(st.session_state["compared"])
    event = st.dataframe(
        table,
        hide_index=True,
        placeholder="–",
        height=min(11, len(runs) + 1) * ROW + 4,
        key=f"compare_table_{st.session_state['compare_table']}_{zlib.crc32(repr(ids).encode())}",
        on_select="rerun",
        selection_mode="multi-row",
        selection_default={"selection": {"rows": [place for place, run_id in enumerate(ids) if run_id in compared]}},
        column_config=number_columns({column.title: form for column in table_columns if (form := _format(column))})
        # What is named stays in sight, however many columns there are.
        | {"★": st.column_config.TextColumn(width=30, pinned=True), _("Run"): st.column_config.TextColumn(pinned=True)},
    )
    rows = [ids[place] for place in event["selection"]["rows"]]
    hidden = [run_id for run_id in st.session_state["compared"] if run_id not in set(ids)]
    st.session_state["compared"] = [*hidden, *rows]


def _format(column: Column) -> str | None:
    """How its numbers are shown; None where they are as they come, or words."""
    if column.fraction:
        return PERCENT
    if column.key in COUNTS:
        return "localized"
    if column.decimals is not None:
        return f"%,.{column.decimals}f"
    return "%.6g" if FIELDS.get(column.key) is float else None


def _cell(column: Column, run: Run) -> Any:
    value = column.of(run)
    return in_percent(value) if column.fraction else value


# ---- what buttons do -------------------------------------------------------------------------------------------


@frame.callback
def _star(runs: list[Run], star: bool) -> None:
    for run in runs:
        session.store().labels.write(run.id, session.student(), star=star)


def _write_on(run: Run) -> None:
    @frame.callback
    def write(field: str) -> None:
        label: dict[str, Any] = {field: typed(st.session_state[f"{field}_of_{run.id}"])}
        session.store().labels.write(run.id, session.student(), **label)

    @frame.callback
    def write_color() -> None:
        chosen = st.session_state[f"color_of_{run.id}"]
        session.store().labels.write(run.id, session.student(), color=-1 if chosen is None else chosen)

    st.segmented_control(
        _("Color"),
        list(range(len(RUN_COLORS_LIGHT))),
        default=run.color,
        key=f"color_of_{run.id}",
        format_func=lambda number: str(number + 1),
        on_change=write_color,
        help=_("The chart colors, in order. If you choose none, the color follows the run's position."),
    )
    st.text_input(_("Name"), run.name.raw, max_chars=80, key=f"name_of_{run.id}", on_change=write, args=("name",))
    st.text_area(_("Note"), run.note.raw, max_chars=2_000, key=f"note_of_{run.id}", on_change=write, args=("note",))


def _again(run: Run) -> None:
    draft.load(run.config)
    st.session_state["go_train"] = True


@frame.callback
def _soft_delete(run_ids: list[str]) -> None:
    session.store().retention.soft_delete(run_ids, session.student())
    st.session_state["just_deleted"] = run_ids
    st.session_state["compared"] = [run_id for run_id in st.session_state["compared"] if run_id not in run_ids]
    if st.session_state.get("shown_run") in run_ids:
        st.session_state["shown_run"] = None


def _undo() -> None:
    run_ids: list[str] = st.session_state.get("just_deleted", [])
    if not run_ids:
        return
    with st.container(horizontal=True, vertical_alignment="center", key="undo_row"):
        text = ngettext("{n} run deleted.", "{n} runs deleted.", len(run_ids))
        st.markdown(":material/delete: " + text.format(n=len(run_ids)), width="content")
        st.button(_("Undo"), key="undo", icon=":material/undo:", on_click=_restore, args=(run_ids,))


@frame.callback
def _restore(run_ids: list[str]) -> None:
    session.store().retention.restore(run_ids, session.student())
    st.session_state["just_deleted"] = []
    st.session_state["compared"] = run_ids
