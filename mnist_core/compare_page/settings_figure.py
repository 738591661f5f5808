"""Charts that set runs beside each other by their settings: one against a result, all at once. compare_page/groups_figure.py has groups."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.figures import theme
from mnist_core.figures.axes import ChartView, ends, log_ticks
from mnist_core.messages import N_, Translate, accuracy_text, number_text

Figure = dict[str, Any]
TICK, TICK_IN_ROW = 0.08, 0.2  # of an axis: room of a value beside it, and beneath it
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
    if not dimension.log:
        return {"type": "linear", "autorange": True}
    values = np.array(dimension.values, np.float64)
    low, high = (float(np.log10(end)) for end in (np.nanmin(values), np.nanmax(values)))
    return log_ticks(low, high) | {"autorange": True}


def _percent(dimension: Dimension) -> dict[str, Any]:
    return {"tickformat": PERCENT, "hoverformat": ".2%"} if dimension.fraction else {}


def parallel(
    dimensions: Sequence[Dimension],
    result: Dimension,
    names: Sequence[str],
    chosen: Sequence[bool],
    view: ChartView,
    translate: Translate,
    *,
    in_rows: bool = False,
) -> Figure:
    """All settings that differ side by side, one line a run, in a color scale of the result (the last axis); chosen runs stand out.
    `in_rows`: beneath each other, as there is room for on a telephone.

    Runs without a result are left out. The lines are ordinary ones: Plotly's own chart of this kind makes code in the browser,
    which the pages' policy refuses.
    """
    layout = theme.layout(translate(N_("All settings and the result")), "", dark=view.dark, revision="parallel")
    layout |= {"hovermode": "closest", "showlegend": False}
    axes = (*dimensions, result)
    (_in_rows if in_rows else _in_columns)(layout, [escape.plotly(axis.name) for axis in axes], view)
    rows = np.flatnonzero(np.isfinite(result.values))
    scales = [_Scale.of(axis, rows) for axis in axes] if len(rows) else []
    for place, scale in enumerate(scales):
        ticks = scale.ticks(TICK_IN_ROW if in_rows else TICK)
        layout["annotations"] += [_tick(place, at, word, len(axes), view, in_rows=in_rows) for at, word in ticks]
    lines = [_line(scales, row, names[row], view, is_chosen=chosen[row]) for row in rows.tolist()]
    if in_rows:
        lines = [line | {"x": line["y"], "y": [-place for place in line["x"]]} for line in lines]
    return {"data": lines, "layout": layout}


HIDDEN = {"visible": False, "fixedrange": True}


def _in_columns(layout: dict[str, Any], names: list[str], view: ChartView) -> None:
    """Upright axes with their names aslant above them."""
    layout["margin"] = {"l": 80, "r": 110, "t": 130, "b": 20}
    layout["xaxis"] |= _axes(view) | {
        "side": "top",
        "tickvals": list(range(len(names))),
        "ticktext": names,
        "tickangle": -20,
        "range": [-0.02, len(names) - 0.98],
    }
    layout["yaxis"] |= HIDDEN | {"range": [-0.04, 1.04]}


def _in_rows(layout: dict[str, Any], names: list[str], view: ChartView) -> None:
    """Level axes beneath each other, each beneath its name."""
    layout["margin"] = {"l": 28, "r": 28, "t": 60, "b": 10}
    places = [-place for place in range(len(names))]
    layout["xaxis"] |= HIDDEN | {"range": [0, 1]}
    layout["yaxis"] |= _axes(view) | {"tickvals": places, "showticklabels": False, "range": [0.5 - len(names), 0.5]}
    left = {
        "x": 0,
        "xanchor": "left",
        "xshift": -16,
        "yshift": 14,
        "showarrow": False,
        "bgcolor": theme.veil(view.dark),
    }
    layout["annotations"] += [left | {"y": place, "text": name} for place, name in zip(places, names, strict=True)]


def _axes(view: ChartView) -> dict[str, Any]:
    """The lines of a grid as axes."""
    grid = {"gridcolor": theme.quiet(view.dark), "gridwidth": 1.5}
    return grid | {"ticks": "", "automargin": False, "showline": False, "fixedrange": True}


@dataclass(frozen=True, eq=False)
class _Scale:
    """An axis from 0 to 1 and what stands on it: where each run is, and its value in words."""

    name: str
    places: Mapping[int, float]  # by the number of the run
    words: Mapping[int, str]

    @classmethod
    def of(cls, dimension: Dimension, rows: NDArray[np.int64]) -> _Scale:
        values = np.array(dimension.values, np.float64)[rows]
        known = dict(dimension.ticks)
        words = [known.get(value) or _number(value, dimension) for value in values.tolist()]
        scaled = np.log10(values) if dimension.log else values
        low, high = float(scaled.min()), float(scaled.max())
        places = (scaled - low) / (high - low) if high > low else np.full(len(scaled), 0.5)
        numbers = rows.tolist()
        return cls(
            dimension.name, dict(zip(numbers, places.tolist(), strict=True)), dict(zip(numbers, words, strict=True))
        )

    def ticks(self, room: float) -> list[tuple[float, str]]:
        """The runs' values that have so much `room` of the axis, the ends among them."""
        all_ticks = sorted({(place, self.words[row]) for row, place in self.places.items()})
        last = all_ticks[-1]
        shown: list[tuple[float, str]] = []
        for tick in all_ticks:
            above = not shown or tick[0] - shown[-1][0] >= room
            if tick is last or (above and last[0] - tick[0] >= room):
                shown.append(tick)
        return shown


def _number(value: float, dimension: Dimension) -> str:
    if dimension.fraction:
        return accuracy_text(value)
    return number_text(value, 12 if value.is_integer() else 4)


def _tick(place: int, at: float, word: str, axes: int, view: ChartView, *, in_rows: bool) -> dict[str, Any]:
    """A value beside its axis, outside of the lines where it is the last one; beneath it where axes are rows."""
    is_last = place == axes - 1
    beside = {"x": place, "y": at, "xanchor": "left" if is_last else "right", "xshift": 8 if is_last else -8}
    return {
        **({"x": at, "y": -place, "yshift": -13} if in_rows else beside),
        "text": escape.plotly(word),
        "showarrow": False,
        "font": {"size": theme.NOTE_SIZE},
        "bgcolor": theme.veil(view.dark),
    }


def _line(scales: Sequence[_Scale], row: int, name: str, view: ChartView, *, is_chosen: bool) -> dict[str, Any]:
    """A run's line from axis to axis; pointed at it says whose value it is."""
    color = theme.scale_color(scales[-1].places[row], view.dark)
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": f"run{row}",
        "x": list(range(len(scales))),
        "y": [scale.places[row] for scale in scales],
        "text": [f"{escape.plotly(name)}<br>{escape.plotly(f'{scale.name}: {scale.words[row]}')}" for scale in scales],
        "hovertemplate": "%{text}<extra></extra>",
        "line": {"color": color, "width": 4 if is_chosen else 2},
        "marker": {"color": color, "size": 9 if is_chosen else 6},
    }
