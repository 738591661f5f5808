"""An analysis on a page: how far it is, the way to end it, and, when it is done, its result."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

import streamlit as st

from mnist_core import escape
from mnist_core.analysis import registry
from mnist_core.analysis.schema import Parameters
from mnist_core.records import Analysis, Run
from mnist_core.ui import frame, live_parts, session, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

P = TypeVar("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Computed(Generic[P, R]):
    """An analysis that has finished: what it was asked with, and what came of it (`Parameters` and `Result` of its kind)."""

    id: str
    parameters: P
    result: R


Show = Callable[[Computed[Any, Any]], None]


def find_or_start(parameters: Parameters) -> Analysis:
    """The student's newest analysis with these parameters; it is started where there is none."""
    return find(parameters) or start(parameters)


def of_run(panel: Panel, parameters: Parameters, run: Run, key: str = "") -> Analysis:
    """The student's newest analysis of what `run` is: started where there is none, and anew where the run has gone on since.

    While the run trains, and after a failure, a button (`key`: its name) starts it anew: it would begin again and again by
    itself.
    """
    return _as_of(parameters, run.checkpoint_step, run.active, panel.key(key or f"again_{parameters.kind}"))


def of_runs(panel: Panel, parameters: Parameters, runs: Sequence[Run]) -> Analysis:
    """The same of several runs, whose analysis says of each how far it had come."""
    reached = [run.checkpoint_step for run in runs]
    return _as_of(parameters, reached, any(run.active for run in runs), panel.key(f"again_{parameters.kind}"))


def _as_of(parameters: Parameters, reached: int | list[int | None] | None, active: bool, key: str) -> Analysis:
    """The newest analysis, which tells of runs that have `reached` these steps, or a new one."""
    analysis = find_or_start(parameters)
    outdated = analysis.state == "finished" and not registry.is_current(analysis, reached)
    if outdated and not active:
        return start(parameters)
    if outdated or analysis.state == "failed":
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                _("Compute again"),
                key=key,
                icon=":material/refresh:",
                on_click=_again,
                args=(parameters,),
            )
            if outdated:
                st.caption(_("The run has trained further since then. Compute again for its current state."))
    return analysis


@frame.callback
def _again(parameters: Parameters) -> None:
    start(parameters)


def find(parameters: Parameters) -> Analysis | None:
    """The student's newest analysis with these parameters, without its arrays; None where there is none.

    What another version of the program computed does not count where this one cannot read it.
    """
    analyses = session.store().analyses.newest(session.student(), parameters.kind)
    parameters_json = parameters.to_json()
    same = (analysis for analysis in analyses if analysis.parameters == parameters_json)
    return next((analysis for analysis in same if registry.readable(analysis)), None)


def start_alone(parameters: Parameters) -> Analysis:
    """A new analysis, in place of those of its kind that the student still waits for."""
    for analysis in session.store().analyses.newest(session.student(), parameters.kind):
        if analysis.active:
            session.store().analyses.cancel(analysis.id, analysis.owner)
    return start(parameters)


def start(parameters: Parameters) -> Analysis:
    """A new analysis, in the queue."""
    store = session.store()
    analysis = store.analyses.get(store.analyses.create(session.student(), parameters.kind, parameters.to_json()))
    assert analysis is not None  # it was just made
    return analysis


@frame.callback
def begin(parameters: Parameters, analysis_id: str) -> None:
    """Put a new analysis into the queue, once however often the press arrives; for buttons, drawn with the id."""
    session.store().analyses.create(session.student(), parameters.kind, parameters.to_json(), analysis_id)


def draw(panel: Panel, analysis_id: str, show: Show) -> None:
    """The analysis as it is now, followed until it ends; `show` draws a result."""
    analysis = watch.analysis(analysis_id)
    moving = analysis is not None and analysis.active
    frame.fragment(_panel)(panel, analysis_id, moving, show)


def computed(analysis: Analysis) -> Computed[Any, Any]:
    """What came of an analysis that has finished, with its arrays. Raises AnalysisError where another version computed it."""
    return Computed(analysis.id, registry.parameters_of(analysis), registry.result_of(analysis))


def _panel(panel: Panel, analysis_id: str, moving: bool, show: Show) -> None:
    analysis = watch.analysis(analysis_id)
    if (analysis is not None and analysis.active) != moving:
        st.rerun()
    if analysis is None:
        st.info(_("This computation was deleted or replaced by another one."))
    elif analysis.active:
        _progress(panel, analysis)
    elif analysis.state == "failed":
        if analysis.message is not None:
            st.warning(escape.markdown(analysis.message.text(_)), icon=":material/error:")
    else:
        show(computed(analysis))


def _progress(panel: Panel, analysis: Analysis) -> None:
    key = panel.key(f"analysis_{analysis.id}")
    live_parts.link([analysis], partial(state_of, analysis.id), key=f"{key}_link")
    with st.container(horizontal=True, vertical_alignment="center"):
        live_parts.progress([analysis], "analysis", partial(progress_of, analysis.id), key=f"{key}_progress")
        if analysis.owner == session.student():
            panel.button(f"cancel_{analysis.kind}", _("Cancel"), "close", _cancel, analysis)


def state_of(analysis_id: str) -> str:
    """Its state, for `live_parts.link`; empty where there is none."""
    analysis = watch.analysis(analysis_id)
    return "" if analysis is None else analysis.state


def progress_of(analysis_id: str) -> tuple[float, str]:
    """How far it is, from 0 to 1, and in words, for `live_parts.progress`."""
    analysis = watch.analysis(analysis_id)
    return (0.0, "") if analysis is None else (analysis.progress, _computing(analysis))


def _computing(analysis: Analysis) -> str:
    if analysis.state == "running":
        return _("Computing …")
    ahead = session.store().analyses.ahead(analysis.id)
    if not ahead:
        return _("Waiting for a free worker …")
    text = ngettext(
        "Waiting: {n} computation is ahead of this one.", "Waiting: {n} computations are ahead of this one.", ahead
    )
    return text.format(n=ahead)


@frame.callback
def _cancel(analysis: Analysis) -> None:
    session.store().analyses.cancel(analysis.id, analysis.owner)
