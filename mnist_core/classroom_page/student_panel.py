"""The teacher's view of one student: his runs of the class, what he predicted of them, his notes."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from mnist_core.class_records import Class, ClassRun
from mnist_core.classroom_page import class_link
from mnist_core.panels.reports.blocks import outcome_text, prediction_text
from mnist_core.records import Run
from mnist_core.rounds import Round
from mnist_core.ui import frame, names, seal, session, watch
from mnist_core.ui.choice import PERCENT, in_percent
from mnist_core.ui.texts import _

ROW = 37  # pixels


def draw(opened: Class, secret: str) -> None:
    """The members to choose from, and what one of them has done."""
    looked_at = st.session_state.get("looked_at")
    class_link.draw(opened.id, "student_link", runs=looked_at is not None, member_id=looked_at)
    members = {one.id: one for one in session.store().classes.members(opened.id, secret)}
    if not members:
        return
    with st.expander(_("Look at a student"), icon=":material/person_search:"):
        if st.session_state.get("looked_at") not in members:
            st.session_state["looked_at"] = None
        chosen = st.selectbox(
            _("Member"),
            list(members),
            format_func=lambda one: members[one].nickname.plain,
            key="looked_at",
            placeholder=_("Choose a member"),
            width=400,
        )
        if chosen is not None:
            of_class = session.store().rounds.keep_test_sealed(opened.id)
            with seal.seen(sealed=of_class or seal.sealed()):
                frame.safely(_runs)(opened, secret, chosen)


def _runs(opened: Class, secret: str, member_id: str) -> None:
    found = session.store().class_results.of_member(opened.id, secret, member_id)
    views = {view.run.id: view.run for view in watch.look_at([one.run_id for one in found])}
    rows = [(one, views[one.run_id]) for one in reversed(found) if one.run_id in views]
    if not rows:
        st.info(_("This student has no runs in this class yet."))
        return
    rounds = {one.id: one for one in session.store().rounds.given(opened.id)}
    # Another table where a run is new: a row that was chosen would be another's. The run that was chosen stays.
    key, ids = f"runs_of_{member_id}_{len(rows)}_{rows[0][1].id}", [run.id for _one, run in rows]
    st.dataframe(
        pd.DataFrame([_row(one, run, rounds.get(one.round_id or "")) for one, run in rows]),
        hide_index=True,
        placeholder="–",
        height=min(11, len(rows) + 1) * ROW + 4,
        key=key,
        on_select=partial(_choose, key, ids),
        selection_mode="single-row",
        column_config={
            title: st.column_config.NumberColumn(format=PERCENT)
            for title in (_("Best validation accuracy"), _("Test accuracy"))
        },
    )
    if (shown := st.session_state.get("looked_at_run")) in ids:
        _one(views[shown])


def _choose(key: str, run_ids: Sequence[str]) -> None:
    rows = st.session_state[key]["selection"]["rows"]
    st.session_state["looked_at_run"] = run_ids[rows[0]] if rows else None


def _row(one: ClassRun, run: Run, given: Round | None) -> dict[str, object]:
    row: dict[str, object] = {
        _("Run"): names.run_title(run).cell,
        _("Round"): None if given is None else f"{given.number}. {given.plan.title.cell}",
        _("State"): _(names.STATES[names.state(run)]),
        _("Health check"): names.verdict(run) or None,
        _("Prediction"): prediction_text(run),
        _("Outcome"): outcome_text(run),
        _("Best validation accuracy"): in_percent(run.result.get("best_validation_accuracy")),
    }
    if not seal.sealed():
        row[_("Test accuracy")] = in_percent(run.result.get("test_accuracy"))
    return row | {_("Note"): run.note.cell or None}


def _one(run: Run) -> None:
    """A run that was chosen: its note in full, and the way to it."""
    if run.note:
        for line in run.note.rows:
            st.text(line)
    st.page_link(
        "pages/train.py", label=_("Open this run"), icon=":material/open_in_new:", query_params={"run": run.id}
    )
