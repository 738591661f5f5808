"""Inside the layers of a run, over time: dead units, gradients, updates, and how their numbers are spread."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mnist_core.figures import inside as charts
from mnist_core.figures.axes import ChartView
from mnist_core.records import Run
from mnist_core.ui import frame, lesson, names, run_panel, session, texts, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.texts import _

KINDS: tuple[charts.Kind, ...] = ("dead_units", "update", "gradient")


def draw() -> None:
    """Choose among my runs, then look inside."""
    lesson.look_at(
        _(
            "A layer learns while gradients reach it and its updates are about a thousandth of its weights. Compare a run that "
            "learns with one that collapsed: which layer dies first?"
        )
    )
    runs = [run for run in session.store().list_runs(session.student()) if run.state != "queued"]
    if not runs:
        st.info(_("Train a network first; what happens inside it appears here."))
        lesson.experiment("two-layer-net-rate-1.5", _("A network whose hidden units die within the first updates."))
        return
    ids = {run.id: run for run in runs}
    shown = st.session_state.get("shown_run")
    first = list(ids).index(shown) if shown in ids else 0
    chosen = st.selectbox(_("Run"), list(ids), first, format_func=lambda run_id: _title(ids[run_id]), key="inside_run")
    moving = ids[chosen].active
    frame.fragment(panel, every=run_panel.interval() * 1.5 if moving else None)(chosen, moving)


def _title(run: Run) -> str:
    return f"{names.run_title(run)} ({_(names.STATES[names.state(run)])})"


def panel(run_id: str, moving: bool) -> None:
    """The charts of one run."""
    view = watch.look(run_id)
    if view.run.active != moving:
        st.rerun()
    rows = view.curves.layers
    if not len(rows):
        st.info(_("Nothing was measured inside this run: it is older than these measurements, or has just begun."))
        return
    axes = ChartView(dark=session.dark())
    key = (run_id, view.run.version, axes, texts.language())
    for column, kind in zip(st.columns(3, gap="medium"), KINDS, strict=True):
        with column:
            figure = watch.figure((*key, kind), partial(charts.chart, run_id, view.curves, kind, axes, _))
            live_chart(figure, key=f"chart_{kind}", height=340, description=_(charts.TITLES[kind]), subject=run_id)
    layers = int(rows["layer"].max()) + 1
    layer = st.segmented_control(
        _("Layer"),
        list(range(layers)),
        default=0,
        required=True,
        key=f"inside_layer_{layers}",
        format_func=lambda n: charts.name_of(n, layers, _),
    )
    spreads: tuple[charts.Spread, ...] = ("activations", "gradients")
    for column, spread in zip(st.columns(2, gap="medium"), spreads, strict=True):
        with column:
            make = partial(charts.spread_chart, run_id, view.curves, layer or 0, spread, axes, _)
            figure = watch.figure((*key, spread, layer), make)
            live_chart(figure, key=f"chart_{spread}", height=340, description=_(charts.SPREADS[spread]), subject=run_id)
