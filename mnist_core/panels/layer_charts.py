"""Charts of what goes on inside the layers of a run: dead units, updates, gradients, and how their numbers are spread."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import partial

import streamlit as st

from mnist_core.figures import layers as charts
from mnist_core.figures.axes import ChartView
from mnist_core.records import Run
from mnist_core.ui import live_parts, names, session, texts, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

KINDS: tuple[charts.Kind, ...] = ("dead_units", "update", "gradient")


def draw(panel: Panel, view: watch.View) -> None:
    """Three quantities over time for all layers, and two spreads for the layer that is chosen."""
    rows = view.curves.layers
    if not len(rows):
        st.info(
            _("There are no layer measurements for this run. It has just started, or it is older than this feature.")
        )
        return
    axes = ChartView(dark=session.dark())
    for column, kind in zip(st.columns(3, gap="medium"), KINDS, strict=True):
        with column:
            _chart(panel, view, kind, _(charts.TITLES[kind]), (kind, axes), partial(_over_time, kind, axes))
    _spreads(panel, view, axes)


def _titles(run: Run) -> list[str]:
    """What the layers are called that are measured: those with parameters."""
    return list(names.layers(run.config, trained=True).values())


def _spreads(panel: Panel, view: watch.View, axes: ChartView) -> None:
    titles = dict(enumerate(_titles(view.run)))
    layer = panel.one_of(f"layer_of_{len(titles)}", _("Layer"), titles, 0, wrap=True)
    spreads: tuple[charts.Spread, ...] = ("activations", "gradients")
    for column, spread in zip(st.columns(2, gap="medium"), spreads, strict=True):
        with column:
            make = partial(_spread, layer, spread, axes)
            _chart(panel, view, spread, _(charts.SPREADS[spread]), (spread, axes, layer), make)
    st.caption(
        _(
            "Each column is one measurement, each row a magnitude. The more a cell stands out from the ground, the larger the fraction of the layer's values that have this magnitude; point at a cell to read it."
        )
    )


def signature(run_id: str) -> bool:
    """Another one when there is something to draw, for `live_parts.link`."""
    return len(watch.look(run_id).curves.layers) > 0


Make = Callable[[watch.View], charts.Figure]


def _over_time(kind: charts.Kind, axes: ChartView, view: watch.View) -> charts.Figure:
    return charts.chart(view.run.id, view.curves, kind, _titles(view.run), axes, _)


def _spread(layer: int, spread: charts.Spread, axes: ChartView, view: watch.View) -> charts.Figure:
    return charts.spread_chart(view.run.id, view.curves, layer, spread, axes, _)


def _chart(panel: Panel, view: watch.View, kind: str, title: str, name: Hashable, make: Make) -> None:
    """The chart that `make` gives, kept for the run's version; `name` tells what `make` knows besides."""
    run_id = view.run.id

    def picture() -> live_parts.Picture:
        now = watch.look(run_id)
        figure = watch.figure((run_id, now.run.version, name, texts.language()), partial(make, now))
        return live_parts.Picture(figure, title)

    live_parts.chart_of(
        [view], ("layers", name), picture, key=panel.key(f"chart_layers_{kind}"), height=340, subject=run_id
    )
