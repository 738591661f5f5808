"""The curves of all runs of a sweep over learning rates, a thin one each.

A run that broke does not ruin an axis: a sign at the edge says where it left.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import marks, theme
from mnist_core.figures.axes import (
    Across,
    ChartView,
    Floats,
    clipped,
    departure,
    loss_axis,
    packed,
    spread,
    top_of_loss,
)
from mnist_core.figures.curves import AXES, SHARES, Figure, Trace
from mnist_core.figures.sweep import METRICS, PARTS, SweepView, chance_of, color_of, mark_chance, rate_text, scale_of
from mnist_core.messages import ACCURACY, N_, Translate, number_text
from mnist_core.records import Curves, Run

BATCH_POINTS = 150  # drawn of a curve over mini-batches, each the mean of what it stands for


def curves_chart(
    sweep_id: str, runs: Sequence[tuple[Run, Curves]], rates: Sequence[float], view: SweepView, translate: Translate
) -> Figure:
    """One thin curve a run, in the color of its rate; a bar tells which color is which rate.

    A trace's `meta` is the place of its rate in `rates`.
    """
    axes = ChartView(log_y=view.log_y and view.metric == "loss", dark=view.dark)
    across = Across.of(
        [curves for _run, curves in runs], axes, max((run.config.total_steps for run, _c in runs), default=1)
    )
    heading = f"{translate(METRICS[view.metric])} – {translate(PARTS[view.part])}"
    layout = theme.layout(
        heading, translate(AXES["step"]), dark=view.dark, revision=sweep_id, up=f"{view.metric}-{axes.log_y}"
    )
    layout["xaxis"] |= across.layout()
    layout["hovermode"] = "closest"
    figure: Figure = {"data": [], "layout": layout}
    series = [_series(curves, view) for _run, curves in runs]
    columns = [values for _records, values in series]
    top = np.inf
    if view.metric == "loss":
        top = top_of_loss(columns, chance_of(runs), log=axes.log_y)
    departures: list[tuple[float, str, str]] = []
    for index, ((run, _curves), (records, values)) in enumerate(zip(runs, series, strict=True)):
        figure["data"].append(_curve(index, run, across.values(records), values, rates, view, top, translate))
        row = departure(values, top) if top != np.inf else None
        if row is not None:
            departures.append(
                (
                    float(across.values(records)[row]),
                    _departure_text(run, values[row:], translate),
                    color_of(run.config.learning_rate, rates, view.dark),
                )
            )
    figure["data"] += [_departures(departures, marks.edge(top, axes)), _color_bar(rates, view, translate)]
    layout["yaxis"] |= loss_axis(columns, top, axes) if view.metric == "loss" else SHARES
    mark_chance(figure, runs, view, translate, log=axes.log_y)
    figure["data"] += spread(layout, empty=not any(len(records) for records, _values in series))
    return figure


def _series(curves: Curves, view: SweepView) -> tuple[NDArray[np.void], Floats]:
    """Records that say where points stand, and the points' values."""
    if view.part != "batches":
        values: Floats = curves.evaluations[f"{view.part}_{view.metric}"]
        return curves.evaluations, values
    steps = curves.steps
    parts = np.array_split(np.arange(len(steps)), min(BATCH_POINTS, len(steps))) if len(steps) else []
    means = [float(steps[view.metric][part].mean()) for part in parts]
    return steps[[int(part[-1]) for part in parts]], np.array(means, np.float32)


def _curve(
    index: int,
    run: Run,
    x: Floats,
    values: Floats,
    rates: Sequence[float],
    view: SweepView,
    top: float,
    translate: Translate,
) -> Trace:
    rate = run.config.learning_rate
    chosen = view.chosen is not None and math.isclose(view.chosen, rate)
    form = ".4g" if view.metric == "loss" else ACCURACY
    hover = f"<b>{rate_text(run.rates, translate)}</b>: %{{customdata:{form}}}<extra></extra>"
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"run{index}",
        "meta": rates.index(rate) if rate in rates else 0,
        "name": number_text(rate),
        "x": packed(x),
        "y": packed(clipped(values, top)),
        "customdata": packed(values),
        "hovertemplate": hover,
        "line": {"color": color_of(rate, rates, view.dark), "width": 4 if chosen else 1.7},
        "opacity": 1.0 if chosen or view.chosen is None else 0.4,
        "showlegend": False,
        "connectgaps": False,
    }


def _departure_text(run: Run, values: Floats, translate: Translate) -> str:
    """What hover says of a curve that left the chart: how far it went."""
    maximum = values[np.isfinite(values)]
    return f"{rate_text(run.rates, translate)}: " + (number_text(float(maximum.max()), 3) if len(maximum) else "NaN")


def _departures(departures: Sequence[tuple[float, str, str]], y: float) -> Trace:
    """A small sign of its color where each curve left the chart for good."""
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "left",
        "x": [x for x, _text, _color in departures],
        "y": [y] * len(departures),
        "text": [text for _x, text, _color in departures],
        "marker": {"symbol": "triangle-up", "size": 12, "color": [color for _x, _text, color in departures]},
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def _color_bar(rates: Sequence[float], view: SweepView, translate: Translate) -> Trace:
    """Nothing but the bar that tells colors."""
    low, high = math.log10(rates[0]), math.log10(rates[-1])
    ticks = [low, *range(math.floor(low) + 1, math.ceil(high)), high]
    labeled = [tick for tick in ticks if tick in (low, high) or min(tick - low, high - tick) > 0.12 * (high - low)]
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "scale",
        "x": [0, 0],
        "y": [None, None],
        "marker": {
            "color": [low, high],
            "cmin": low,
            "cmax": high,
            "colorscale": scale_of(rates, view.dark),
            "showscale": True,
            "colorbar": {
                "title": {"text": translate(N_("rate")), "side": "top"},
                "tickvals": labeled,
                "ticktext": [number_text(10**tick, 3) for tick in labeled],
                "thickness": 14,
                "outlinewidth": 0,
                "tickfont": {"size": theme.NOTE_SIZE},
            },
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }
