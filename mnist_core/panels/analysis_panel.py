"""A study on a page: how far it is, the way to end it, and, when it is done, its result."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import streamlit as st

from mnist_core import escape
from mnist_core.panels import run_panel
from mnist_core.records import Run, Study, StudyKind
from mnist_core.ui import frame, session, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

Show = Callable[[Study], None]


def wanted(kind: StudyKind, parameters: Mapping[str, Any]) -> Study:
    """The student's newest study of this kind with these parameters (JSON-ready); it is started where there is none."""
    return known(kind, parameters) or start(kind, parameters)


def of_run(panel: Panel, kind: StudyKind, parameters: Mapping[str, Any], run: Run, key: str = "") -> Study:
    """The student's newest study of what `run` is: started where there is none, and anew where the run has gone on since.

    While the run trains, and after a failure, a button (`key`: its name) starts it anew: it would begin again and again by
    itself.
    """
    return _as_of(kind, parameters, run.checkpoint_step, run.active, panel.key(key or f"again_{kind}"))


def of_runs(panel: Panel, kind: StudyKind, parameters: Mapping[str, Any], runs: Sequence[Run]) -> Study:
    """The same of several runs, whose study says of each how far it had come."""
    reached = [run.checkpoint_step for run in runs]
    return _as_of(kind, parameters, reached, any(run.active for run in runs), panel.key(f"again_{kind}"))


def _as_of(kind: StudyKind, parameters: Mapping[str, Any], reached: Any, moving: bool, key: str) -> Study:
    """The newest study, which tells of runs that have `reached` these steps, or a new one."""
    study = wanted(kind, parameters)
    old = study.state == "finished" and study.values.get("reached") != reached
    if old and not moving:
        return start(kind, parameters)
    if old or study.state == "failed":
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                _("Compute again"),
                key=key,
                icon=":material/refresh:",
                on_click=_again,
                args=(kind, parameters),
            )
            if old:
                st.caption(_("The run has gone on since: compute again for where it is now."))
    return study


@frame.callback
def _again(kind: StudyKind, parameters: Mapping[str, Any]) -> None:
    start(kind, parameters)


def known(kind: StudyKind, parameters: Mapping[str, Any]) -> Study | None:
    """The student's newest study of this kind with these parameters, without its arrays; None where there is none."""
    studies = session.store().analyses.newest(session.student(), kind)
    return next((study for study in studies if study.parameters == parameters), None)


def start_alone(kind: StudyKind, parameters: Mapping[str, Any]) -> Study:
    """A new study, in place of those of its kind that the student still waits for."""
    for study in session.store().analyses.newest(session.student(), kind):
        if study.active:
            session.store().analyses.cancel(study.id, study.owner)
    return start(kind, parameters)


def start(kind: StudyKind, parameters: Mapping[str, Any]) -> Study:
    """A new study, in the queue."""
    store = session.store()
    study = store.analyses.get(store.analyses.create(session.student(), kind, parameters))
    assert study is not None  # it was just made
    return study


@frame.callback
def begin(kind: StudyKind, parameters: Mapping[str, Any], study_id: str) -> None:
    """Put a new study into the queue, once however often the press arrives; for buttons, drawn with the id."""
    session.store().analyses.create(session.student(), kind, parameters, study_id)


def draw(panel: Panel, study_id: str, show: Show) -> None:
    """The study as it is now, followed until it ends; `show` draws a result."""
    study = look(study_id)
    moving = study is not None and study.active
    frame.fragment(_panel, every=run_panel.interval() if moving else None)(panel, study_id, moving, show)


def look(study_id: str) -> Study | None:
    """The study as it is now; read from the store once for each version. None where there is none."""
    store = session.store()
    version = store.analyses.version(study_id)
    if version is None:
        return None
    return watch.figure((store.url, study_id, version, "study"), partial(store.analyses.get, study_id))


def _panel(panel: Panel, study_id: str, moving: bool, show: Show) -> None:
    study = look(study_id)
    if (study is not None and study.active) != moving:
        st.rerun()
    if study is None:
        st.info(_("This computation was deleted, or another one has taken its place."))
    elif study.active:
        _progress(panel, study)
    elif study.state == "failed":
        if study.message is not None:
            st.warning(escape.markdown(study.message.text(_)), icon=":material/error:")
    else:
        show(study)


def _progress(panel: Panel, study: Study) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(study.progress, text=_computing(study))
        if study.owner == session.student():
            st.button(
                _("Cancel"),
                key=panel.key(f"cancel_{study.kind}"),
                icon=":material/close:",
                on_click=_cancel,
                args=(study,),
            )


def _computing(study: Study) -> str:
    if study.state == "running":
        return _("Computing …")
    ahead = session.store().analyses.ahead(study.id)
    if not ahead:
        return _("Waiting for a free worker …")
    text = ngettext(
        "Waiting: {n} computation is before this one.", "Waiting: {n} computations are before this one.", ahead
    )
    return text.format(n=ahead)


@frame.callback
def _cancel(study: Study) -> None:
    session.store().analyses.cancel(study.id, study.owner)
