"""Charts that set runs beside each other: groups as mean with band, a setting against a result, all settings at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_loss
from mnist_core.figures import theme
from mnist_core.figures.axes import (
    Across,
    ChartView,
    Floats,
    drawn,
    ends,
    loss_axis,
    spread,
    top_of_losses,
)
from mnist_core.figures.curves import SHARES, behind, empty, line_of
from mnist_core.figures.overlay import Metric, heading, share_colours, sign_of, tell_parts
from mnist_core.messages import N_, Translate
from mnist_core.records import Curves, Split

Figure = dict[str, Any]
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
    groups: Sequence[tuple[str, Sequence[Curves]]],
    metric: Metric,
    splits: Sequence[Split],
    view: ChartView,
    translate: Translate,
    chance: float | None = None,
) -> Figure:
    """Each group's mean of each part, and a band from its least to its greatest where it has several runs.

    `chance`: the loss of a guess (default: cross-entropy's).
    """
    runs = [curves for _name, members in groups for curves in members]
    across = Across.of(runs, view)
    revision = f"bands-{metric}-{'-'.join(splits)}"
    figure = empty(heading(metric, splits, translate), revision, across, view, translate)
    figure["layout"]["showlegend"] = True
    columns = [curves.evaluations[f"{split}_{metric}"] for curves in runs for split in splits]
    top = top_of_losses(columns, chance or chance_loss(RunConfig()), log=view.log_y) if metric == "loss" else np.inf
    signed = len(splits) > 1 and share_colours(range(len(groups)))
    for place, (name, members) in enumerate(groups):
        figure["data"] += _bands(place, name, members, metric, splits, across, view, top, signed)
    figure["layout"]["yaxis"] |= loss_axis(columns, top, view) if metric == "loss" else SHARES
    tell_parts(figure, metric, splits, view, translate, signs=not signed)
    figure["data"] += spread(figure["layout"], empty=not any(len(curves.evaluations) for curves in runs))
    return figure


def _bands(
    place: int,
    name: str,
    runs: Sequence[Curves],
    metric: Metric,
    splits: Sequence[Split],
    across: Across,
    view: ChartView,
    top: float,
    signed: bool,
) -> list[dict[str, Any]]:
    colour, key = theme.run_colour(place, view.dark), f"group-{name}"
    name = escape.plotly(name)
    traces = []
    for number, split in enumerate(splits):
        dash = theme.SPLIT_STYLES[split].dash if len(splits) > 1 else theme.run_dash(place)
        column = f"{split}_{metric}"
        x, values = together([(across.values(one.evaluations), one.evaluations[column]) for one in runs])
        middle = line_of(x, drawn(_ignoring(np.mean, values), top), f"{name} ({len(runs)})", colour, dash, 2.6)
        middle |= {"uid": f"{key}-{split}", "legendgroup": key, "showlegend": not number}
        middle["hovertemplate"] = "%{y:.2%}" if metric == "accuracy" else "%{y:.4f}"
        if signed:
            middle |= sign_of(place, colour)
        if len(runs) > 1:
            low, high = (drawn(_ignoring(what, values), top) for what in (np.min, np.max))
            fill = {"fill": "tonexty", "fillcolor": theme.transparent(colour, BAND)}
            traces.append(behind(line_of(x, low, name, colour, "solid", 0), f"{key}-{split}-low", key))
            traces.append(behind(line_of(x, high, name, colour, "solid", 0), f"{key}-{split}-high", key) | fill)
        traces.append(middle)
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
        places, words = zip(*across.ticks, strict=True)
        # Half a place of room on both sides, or words at the ends are left out.
        layout["xaxis"] |= {"tickvals": places, "ticktext": words} | ends(min(places) - 0.5, max(places) + 0.5)
    layout["yaxis"] |= {"type": "log" if up.log else "linear", "autorange": True} | _percent(up)
    colour = theme.run_colour(0, view.dark)
    point = {
        "type": "scatter",
        "mode": "markers",
        "uid": "runs",
        "x": [None if np.isnan(value) else value for value in across.values],
        "y": [None if np.isnan(value) else value for value in up.values],
        "text": [escape.plotly(name) for name in names],
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
    """All settings that differ side by side, one line a run, in a colour scale of the result (the last axis).

    Runs without a result are left out.
    """
    layout = theme.layout(translate(N_("All settings and the result")), "", dark=view.dark, revision="parallel")
    for axis in ("xaxis", "yaxis"):
        layout.pop(axis, None)
    known = np.flatnonzero(np.isfinite(result.values))
    axes = [_axis(one, known) for one in (*dimensions, result)] if len(known) else []
    # Names of many axes stand aslant, and words at the first axis have room.
    widest = max((len(text) for text in axes[0].get("ticktext", [])), default=0) if axes else 0
    layout["margin"] = {"l": max(80, 20 + 8 * widest), "r": 110, "t": 130, "b": 40}
    trace = {
        "type": "parcoords",
        "uid": "runs",
        "labelangle": -20,
        "labelfont": {"size": theme.NOTE_SIZE + 1, "color": theme.ink(view.dark)},
        "tickfont": {"size": theme.NOTE_SIZE, "color": theme.ink(view.dark)},
        "rangefont": {"size": 1, "color": "rgba(0,0,0,0)"},
        "line": {
            "color": [result.values[place] for place in known],
            "colorscale": theme.scale(view.dark),
            "showscale": False,
        },
        "dimensions": axes,
    }
    return {"data": [trace], "layout": layout}


def _axis(dimension: Dimension, rows: NDArray[np.int64]) -> dict[str, Any]:
    """One axis in Plotly's words, with the values of these rows."""
    values, ticks = np.array(dimension.values, np.float64)[rows], dimension.ticks
    if dimension.log and not ticks:
        values = np.log10(values)
        low, high = int(np.floor(values.min())), int(np.ceil(values.max()))
        ticks = tuple((float(power), f"{10.0**power:g}") for power in range(low, high + 1))
    axis: dict[str, Any] = {"label": dimension.name, "values": values.tolist()}
    if dimension.share:
        axis["tickformat"] = ".0%"
    if ticks:
        places, words = zip(*ticks, strict=True)
        axis |= {"tickvals": places, "ticktext": words}
        if len(places) > 1:
            axis["range"] = [min(places), max(places)]  # or ticks beyond the values stand beyond the axis
    return axis
