"""Charts of what goes on inside the layers of a run: dead units, updates, gradients, and how their numbers are spread."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

import streamlit as st

from mnist_core.figures import layers as charts
from mnist_core.figures.axes import ChartView
from mnist_core.records import Run
from mnist_core.ui import session, texts, watch
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

KINDS: tuple[charts.Kind, ...] = ("dead_units", "update", "gradient")


def draw(panel: Panel, view: watch.View) -> None:
    """Three quantities over time for all layers, and two spreads for the layer that is chosen."""
    run = view.run
    rows = view.curves.layers
    if not len(rows):
        st.info(
            _("There are no layer measurements for this run. It has just started, or it is older than this feature.")
        )
        return
    axes = ChartView(dark=session.dark())
    for column, kind in zip(st.columns(3, gap="medium"), KINDS, strict=True):
        with column:
            make = partial(charts.chart, run.id, view.curves, kind, axes, _)
            _chart(panel, run, kind, _(charts.TITLES[kind]), (axes, kind), make)
    _spreads(panel, view, axes, int(rows["layer"].max()) + 1)


def _spreads(panel: Panel, view: watch.View, axes: ChartView, layers: int) -> None:
    run = view.run
    layer = st.segmented_control(
        _("Layer"),
        list(range(layers)),
        default=0,
        required=True,
        key=panel.key(f"layer_of_{layers}"),
        format_func=lambda n: charts.name_of(n, layers, _),
    )
    spreads: tuple[charts.Spread, ...] = ("activations", "gradients")
    for column, spread in zip(st.columns(2, gap="medium"), spreads, strict=True):
        with column:
            make = partial(charts.spread_chart, run.id, view.curves, layer or 0, spread, axes, _)
            _chart(panel, run, spread, _(charts.SPREADS[spread]), (axes, spread, layer), make)


def _chart(panel: Panel, run: Run, name: str, title: str, subject: Hashable, make: Callable[[], charts.Figure]) -> None:
    """The chart that `make` gives, kept for the run's version and this `subject`."""
    figure = watch.figure((run.id, run.version, subject, texts.language()), make)
    live_chart(figure, key=panel.key(f"chart_layers_{name}"), height=340, description=title, subject=run.id)
