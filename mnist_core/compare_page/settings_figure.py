"""Charts that set runs beside each other by their settings: one against a result, all at once. compare_page/groups_figure.py has groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.figures import theme
from mnist_core.figures.axes import ChartView, ends
from mnist_core.messages import N_, Translate, number_text

Figure = dict[str, Any]
PERCENT = ".3~%"  # as many places as the step between two ticks needs


@dataclass(frozen=True)
class Dimension:
    """One axis of a chart of many runs: its name, each run's place on it (NaN: none), and ticks where they are words."""

    name: str
    values: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    log: bool = False
    fraction: bool = False  # read in percent


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
    layout["xaxis"] |= _scaled(across)
    if across.ticks:
        places, words = zip(*across.ticks, strict=True)
        words = tuple(map(escape.plotly, words))
        # Half a place of room on both sides, or words at the ends are left out.
        layout["xaxis"] |= {"tickvals": places, "ticktext": words} | ends(min(places) - 0.5, max(places) + 0.5)
    layout["yaxis"] |= _scaled(up) | _percent(up)
    color = theme.run_color(0, view.dark)
    point = {
        "type": "scatter",
        "mode": "markers",
        "uid": "runs",
        "x": [None if np.isnan(value) else value for value in across.values],
        "y": [None if np.isnan(value) else value for value in up.values],
        "text": [escape.plotly(name) for name in names],
        "hovertemplate": "%{text}<br>%{x} → %{y}<extra></extra>",
        "marker": {
            "size": [14 if is_chosen else 9 for is_chosen in chosen],
            "color": color,
            "opacity": [1.0 if is_chosen else 0.55 for is_chosen in chosen],
            "line": {"width": [2 if is_chosen else 0 for is_chosen in chosen], "color": theme.ink(view.dark)},
        },
    }
    return {"data": [point], "layout": layout}


def _scaled(dimension: Dimension) -> dict[str, Any]:
    words = {"type": "log", "tickformat": theme.PLAIN} if dimension.log else {"type": "linear"}
    return words | {"autorange": True}


def _percent(dimension: Dimension) -> dict[str, Any]:
    return {"tickformat": PERCENT, "hoverformat": ".2%"} if dimension.fraction else {}


def parallel(dimensions: Sequence[Dimension], result: Dimension, view: ChartView, translate: Translate) -> Figure:
    """All settings that differ side by side, one line a run, in a color scale of the result (the last axis).

    Runs without a result are left out.
    """
    layout = theme.layout(translate(N_("All settings and the result")), "", dark=view.dark, revision="parallel")
    for axis in ("xaxis", "yaxis"):
        layout.pop(axis, None)
    rows = np.flatnonzero(np.isfinite(result.values))
    axes = [_axis(dimension, rows) for dimension in (*dimensions, result)] if len(rows) else []
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
            "color": [result.values[place] for place in rows],
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
        ticks = tuple((float(power), number_text(10.0**power)) for power in range(low, high + 1))
    axis: dict[str, Any] = {"label": dimension.name, "values": values.tolist()}
    axis["tickformat"] = PERCENT if dimension.fraction else theme.PLAIN
    if ticks:
        places, words = zip(*ticks, strict=True)
        axis |= {"tickvals": places, "ticktext": words}  # here Plotly shows text as text
        if len(places) > 1:
            axis["range"] = [min(places), max(places)]  # or ticks beyond the values stand beyond the axis
    return axis
