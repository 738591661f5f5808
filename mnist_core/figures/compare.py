"""Charts that set runs beside each other: groups as mean with band, a setting against a result, all settings at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.diagnostics import chance_loss
from mnist_core.figures import theme
from mnist_core.figures.axes import (
    Across,
    ChartView,
    Floats,
    drawn,
    loss_axis,
    packed,
    spread,
    top_of_loss,
)
from mnist_core.figures.curves import SHARES
from mnist_core.messages import N_, Translate
from mnist_core.records import Curves, Split

Figure = dict[str, Any]
Metric = Literal["loss", "accuracy"]
BAND = 0.18  # opacity


@dataclass(frozen=True)
class Dimension:
    """One axis of a chart of many runs: its name, each run's place on it (NaN: none), and ticks where they are words."""

    name: str
    values: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    log: bool = False
    share: bool = False  # read in percent


def bands(
    groups: Sequence[tuple[str, Sequence[Curves]]], metric: Metric, split: Split, view: ChartView, translate: Translate
) -> Figure:
    """Each group's mean, and a band from its least to its greatest where it has several runs."""
    title = translate({"loss": N_("Loss"), "accuracy": N_("Accuracy")}[metric])
    across = Across.of([curves for _name, runs in groups for curves in runs], view)
    layout = theme.layout(
        f"{title} – {translate(theme.SPLIT_STYLES[split].name)}",
        translate(
            {"step": N_("Step (updates of the weights)"), "epoch": N_("Epoch"), "seconds": N_("Seconds")}[view.x]
        ),
        dark=view.dark,
        revision=f"bands-{metric}-{split}",
    )
    layout["xaxis"] |= across.layout()
    columns = [curves.evaluations[f"{split}_{metric}"] for _name, runs in groups for curves in runs]
    top = top_of_loss(columns, chance_loss("cross-entropy"), log=view.log_y) if metric == "loss" else np.inf
    figure: Figure = {"data": [], "layout": layout}
    for index, (name, runs) in enumerate(groups):
        figure["data"] += _band(index, f"{name} ({len(runs)})", runs, f"{split}_{metric}", across, view, top)
    layout["yaxis"] |= loss_axis(columns, top, view) if metric == "loss" else SHARES
    figure["data"] += spread(layout)
    return figure


def _band(
    index: int, name: str, runs: Sequence[Curves], column: str, across: Across, view: ChartView, top: float
) -> list[dict[str, Any]]:
    colour, dash = theme.run_colour(index, view.dark), theme.run_dash(index)
    x, values = together([(across.values(c.evaluations), c.evaluations[column]) for c in runs])
    line: dict[str, Any] = {"type": "scatter", "mode": "lines", "legendgroup": f"group{index}", "x": packed(x)}
    middle = {
        "uid": f"group{index}",
        "y": packed(drawn(_ignoring(np.mean, values), top)),
        "name": name,
        "line": {"color": colour, "width": 2.6, "dash": dash},
        "hovertemplate": "%{y:.2%}" if top == np.inf else "%{y:.4f}",
    }
    traces = [line | middle]
    if len(runs) > 1:
        edge: dict[str, Any] = {"showlegend": False, "hoverinfo": "skip", "line": {"width": 0}}
        low = {"uid": f"low{index}", "y": packed(drawn(_ignoring(np.min, values), top))}
        high = {"uid": f"high{index}", "y": packed(drawn(_ignoring(np.max, values), top))}
        fill = {"fill": "tonexty", "fillcolor": theme.transparent(colour, BAND)}
        traces = [line | edge | low, line | edge | high | fill, *traces]
    return traces


def together(curves: Sequence[tuple[Floats, Floats]]) -> tuple[Floats, NDArray[np.float64]]:
    """(x, one row a curve): all curves at all places where any has a point, each between its own ends, else NaN."""
    places = np.unique(np.concatenate([x for x, _y in curves])) if curves else np.empty(0, np.float32)
    rows = []
    for x, y in curves:
        finite = np.isfinite(y)
        if not finite.any():
            rows.append(np.full(len(places), np.nan))
            continue
        row = np.interp(places, x[finite], y[finite])
        row[(places < x[finite][0]) | (places > x[finite][-1])] = np.nan
        rows.append(row)
    return places.astype(np.float32), np.array(rows)


def _ignoring(what: Any, values: NDArray[np.float64]) -> Floats:
    """`what` of each column over the runs that have a value there."""
    found = [what(column[np.isfinite(column)]) if np.isfinite(column).any() else np.nan for column in values.T]
    return np.array(found, np.float32)


def scatter(
    across: Dimension,
    up: Dimension,
    names: Sequence[str],
    chosen: Sequence[bool],
    view: ChartView,
    translate: Translate,
) -> Figure:
    """One point a run: a setting against a result. Chosen runs stand out."""
    title = translate(N_("{result} against {setting}")).format(result=up.name, setting=across.name)
    layout = theme.layout(title, across.name, dark=view.dark, revision=f"scatter-{across.name}-{up.name}")
    layout["hovermode"] = "closest"
    layout["showlegend"] = False
    layout["xaxis"] |= {"type": "log" if across.log else "linear", "autorange": True}
    if across.ticks:
        layout["xaxis"] |= {"tickvals": [at for at, _t in across.ticks], "ticktext": [t for _at, t in across.ticks]}
    layout["yaxis"] |= {"type": "log" if up.log else "linear", "autorange": True} | _percent(up)
    colour = theme.run_colour(0, view.dark)
    point = {
        "type": "scatter",
        "mode": "markers",
        "uid": "runs",
        "x": [None if np.isnan(value) else value for value in across.values],
        "y": [None if np.isnan(value) else value for value in up.values],
        "text": list(names),
        "hovertemplate": "%{text}<br>%{x} → %{y}<extra></extra>",
        "marker": {
            "size": [14 if one else 9 for one in chosen],
            "color": colour,
            "opacity": [1.0 if one else 0.55 for one in chosen],
            "line": {"width": [2 if one else 0 for one in chosen], "color": theme.ink(view.dark)},
        },
    }
    return {"data": [point], "layout": layout}


def _percent(dimension: Dimension) -> dict[str, Any]:
    return {"tickformat": ".0%", "hoverformat": ".2%"} if dimension.share else {}


def parallel(dimensions: Sequence[Dimension], result: Dimension, view: ChartView, translate: Translate) -> Figure:
    """All settings that differ side by side, one line a run, in a colour scale of the result (the last axis)."""
    layout = theme.layout(translate(N_("All settings and the result")), "", dark=view.dark, revision="parallel")
    for axis in ("xaxis", "yaxis"):
        layout.pop(axis, None)
    layout["margin"] = {"l": 80, "r": 110, "t": 110, "b": 40}
    shown = [one for one in (*dimensions, result) if np.isfinite(one.values).any()]
    known = np.isfinite(result.values)
    trace = {
        "type": "parcoords",
        "uid": "runs",
        "labelfont": {"size": theme.NOTE_SIZE + 1, "color": theme.ink(view.dark)},
        "tickfont": {"size": theme.NOTE_SIZE, "color": theme.ink(view.dark)},
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
        "line": {
            "color": [value if ok else 0.0 for value, ok in zip(result.values, known, strict=True)],
            "colorscale": theme.scale(view.dark),
            "showscale": False,
        },
        "dimensions": [_axis(one) for one in shown],
    }
    return {"data": [trace], "layout": layout}


def _axis(dimension: Dimension) -> dict[str, Any]:
    values = np.array(dimension.values, np.float64)
    ticks = dimension.ticks
    if dimension.log and not ticks:
        values = np.log10(np.where(values > 0, values, np.nan))
        low, high = int(np.floor(np.nanmin(values))), int(np.ceil(np.nanmax(values)))
        ticks = tuple((float(power), f"{10.0**power:g}") for power in range(low, high + 1))
    least = float(np.nanmin(values))
    filled = np.where(np.isfinite(values), values, least)
    axis: dict[str, Any] = {"label": dimension.name, "values": filled.tolist()}
    if dimension.share:
        axis["tickformat"] = ".0%"
    if ticks:
        axis |= {"tickvals": [at for at, _text in ticks], "ticktext": [text for _at, text in ticks]}
    return axis
