"""The list of this student's runs, with state and result."""

from __future__ import annotations

import streamlit as st

from mnist_core.records import Run
from mnist_core.ui import names, session
from mnist_core.ui.texts import _

SHOWN = 8


def draw() -> None:
    """The last runs; a click opens one."""
    runs = session.store().list_runs(session.student())
    if not runs:
        return
    st.subheader(_("My runs"))
    for run in runs[:SHOWN]:
        _line(run)
    if len(runs) > SHOWN:
        with st.expander(_("{n} earlier runs").format(n=len(runs) - SHOWN)):
            for run in runs[SHOWN:]:
                _line(run)


def _open(run: Run) -> None:
    st.session_state.update(shown_run=run.id, shown_group=None)


def _line(run: Run) -> None:
    name, state, result, action = st.columns([6, 2, 3, 2], vertical_alignment="center")
    current = st.session_state.get("shown_run") == run.id
    title = names.run_title(run)
    name.markdown(f"**{title}**" if current else title)
    state.markdown(names.badge(run))
    result.markdown(_result(run))
    action.button(_("Open"), key=f"open_{run.id}", type="tertiary", disabled=current, on_click=_open, args=(run,))


def _result(run: Run) -> str:
    accuracy = run.result.get("test_accuracy")
    if accuracy is None:
        return ""
    return _("test accuracy {accuracy}").format(accuracy=f"{accuracy:.1%}")
