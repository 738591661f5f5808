"""The ends of a sweep's runs against the learning rate, over the zones that they tell.

A run that broke does not ruin an axis: it stands at its end.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import groupby, pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.diagnostics import zones
from mnist_core.diagnostics.zones import Reading, Zone
from mnist_core.figures import labels, theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.figures.curves import SHARES, Figure, Trace
from mnist_core.figures.sweep import PARTS, ZONE_LABELS, SweepView, chance_of, color_of, mark_chance, rate_text
from mnist_core.messages import N_, Message, Translate, accuracy_text, message, number_text
from mnist_core.records import Curves, Run

WIDTH, NARROW = 440, 300  # pixels that the chart has at least: usually, and on a telephone
MARGINS = 85  # pixels of the width beside the axis
HEIGHT = 290  # pixels that the axes have at least from top to bottom
ROW = theme.NOTE_SIZE * labels.LINE  # pixels from one row of labels to the next

# Grounds of the zones; each has its name written on it as well.
ZONE_COLORS: dict[Zone, tuple[str, str]] = {
    "small": ("rgba(0,114,178,0.10)", "rgba(86,180,233,0.14)"),
    "good": ("rgba(0,158,115,0.20)", "rgba(47,207,160,0.22)"),
    "edge": ("rgba(230,159,0,0.24)", "rgba(230,159,0,0.28)"),
    "broken": ("rgba(193,18,31,0.16)", "rgba(255,123,114,0.24)"),
}


def rates_chart(
    sweep_id: str,
    runs: Sequence[tuple[Run, Curves]],
    reading: Reading,
    view: SweepView,
    translate: Translate,
    predicted: float | None = None,
    *,
    width: int = WIDTH,
) -> Figure:
    """Loss (log) or accuracy at the end, and at its best, against the rate (log), over the zones of the rates.

    With several seeds: their mean, and a band from least to greatest. Point number n of the traces `final` and `best`
    is rate number n of `reading`. `predicted`: where the student expected the edge, drawn once all runs have ended.
    `width`: pixels that the chart has at least; so many no label needs to lie over another.
    """
    rates = [point.rate for point in reading.points]
    heading = translate(
        N_("Loss against the learning rate") if view.metric == "loss" else N_("Accuracy against the learning rate")
    )
    title = f"{heading} – {translate(PARTS[view.split])}"
    layout = theme.layout(title, translate(N_("Learning rate")), dark=view.dark, revision=sweep_id, up=view.metric)
    layout["hovermode"] = "closest"
    figure: Figure = {"data": [], "layout": layout}
    bounds = rate_bounds(rates)
    low, high = float(np.log10(bounds[0])), float(np.log10(bounds[-1]))
    layout["xaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    final = _table(runs, rates, lambda run, curves: zones.last(run, curves, view.split, view.metric))
    peak = _table(runs, rates, lambda run, curves: zones.best(run, curves, view.split, view.metric))
    floor, top = _ends(final, peak, runs, view)
    shade(figure, reading, bounds, view)
    ceiling = name_zones(figure, reading, bounds, (bounds[0], bounds[-1]), width - MARGINS, view, translate)
    if final.shape[0] > 1:
        figure["data"] += _band(rates, final, floor, top, view)
    figure["data"] += [
        _ends_trace("best", rates, peak, reading, floor, top, view, translate),
        _ends_trace("final", rates, final, reading, floor, top, view, translate),
    ]
    mark_chance(figure, runs, view, translate, log=True)
    # The line's name stands at its left: on the right is what broke. Above the line that of the loss, where nothing else is
    # written; below it that of the accuracy, since the edges have theirs above.
    above = view.metric == "loss"
    layout["annotations"][-1] |= {
        "x": 0,
        "xanchor": "left",
        "yanchor": "bottom" if above else "top",
        "yshift": 4 * above,
    }
    if view.metric == "loss":
        lowest, highest = math.log10(floor), math.log10(top)
        layout["yaxis"] |= ends(lowest, highest, log=True) | log_ticks(lowest, highest)
    else:
        layout["yaxis"] |= SHARES
    layout["yaxis"]["domain"] = [0, ceiling]
    _mark_edges(figure, reading, predicted, (low, high), ceiling, view, translate)
    figure["data"] += spread(layout)
    return figure


def describe(reading: Reading, rates: int) -> Message:
    """The right chart in words, for those who do not see it."""
    measured = sum(point.zone is not None for point in reading.points)
    description = message(N_("Results for {known} of {rates} learning rates."), known=measured, rates=rates)
    for sentence in reading.sentences:
        description = Message("{description} {sentence}", {"description": description, "sentence": sentence})
    return description


def rate_bounds(rates: Sequence[float]) -> list[float]:
    """Where each rate's stretch of the axis begins and ends: half way to its neighbors."""
    inner = [math.sqrt(rate * next_rate) for rate, next_rate in pairwise(rates)]
    first = rates[0] ** 2 / inner[0] if inner else rates[0] / 2
    last = rates[-1] ** 2 / inner[-1] if inner else rates[-1] * 2
    return [first, *inner, last]


def _table(runs: Sequence[tuple[Run, Curves]], rates: Sequence[float], figure: Any) -> NDArray[np.float64]:
    """Seeds × rates; NaN where there is nothing yet, or the rate was changed by hand; infinity where the figure itself is
    no number."""
    seeds = sorted({run.config.seed for run, _curves in runs})
    table = np.full((max(1, len(seeds)), len(rates)), np.nan)
    for run, curves in runs:
        if (len(curves.evaluations) or run.result) and not run.rate_changes:
            value = figure(run, curves)
            table[seeds.index(run.config.seed), list(rates).index(run.config.learning_rate)] = (
                value if math.isfinite(value) else np.inf
            )
    return table


def _ends(
    final: NDArray[np.float64], peak: NDArray[np.float64], runs: Sequence[tuple[Run, Curves]], view: SweepView
) -> tuple[float, float]:
    """Least and greatest value of the vertical axis."""
    if view.metric == "accuracy":
        return 0.0, 1.0
    chance = chance_of(runs)
    values = np.concatenate([final.ravel(), peak.ravel()])
    calm = values[np.isfinite(values) & (values > 0) & (values <= 10 * chance)]
    minimum = float(calm.min()) if len(calm) else chance / 10
    most = float(calm.max()) if len(calm) else chance
    # Room for the names of zones above the curve, and for those of the edges below it.
    return max(1e-7, min(minimum, chance / 10) / 3), 3 * max(most, chance)


def _within(values: NDArray[np.float64], floor: float, top: float) -> NDArray[np.float64]:
    """What is drawn: beyond the axis a value stands just within its end; where there is nothing, nothing."""
    if top <= 1.0:  # an accuracy that is no number
        return np.where(np.isinf(values), 0.0, values)
    return np.clip(values, floor * 1.05, top / 1.12)


def _ends_trace(
    uid: Literal["final", "best"],
    rates: Sequence[float],
    table: NDArray[np.float64],
    reading: Reading,
    floor: float,
    top: float,
    view: SweepView,
    translate: Translate,
) -> Trace:
    """The mean over seeds for each rate."""
    values = table.mean(axis=0)
    final = uid == "final"
    names = {"final": N_("final"), "best": N_("best")}
    colors = [color_of(rate, rates, view.dark) for rate in rates]
    beyond = ~(values <= top) & ~np.isnan(values)
    symbols = np.where(beyond & (view.metric == "loss"), "triangle-up", "circle")
    sizes = [17 if view.chosen is not None and math.isclose(rate, view.chosen) else 11 for rate in rates]
    marker: dict[str, Any] = {"symbol": symbols.tolist(), "size": sizes, "color": colors}
    marker["line"] = {"width": 1, "color": theme.ink(view.dark)}
    if not final:
        marker = {"symbol": "circle-open", "size": 7, "color": theme.quiet(view.dark)}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": uid,
        "name": translate(names[uid]),
        "x": packed(np.array(rates)),
        "y": packed(_within(values, floor, top)),
        "text": [
            _hover_text(point, value, view, translate) for point, value in zip(reading.points, values, strict=True)
        ],
        "hovertemplate": f"%{{text}}<extra>{translate(names[uid])}</extra>",
        "line": {
            "color": theme.ink(view.dark) if final else theme.quiet(view.dark),
            "width": 2 if final else 1.2,
            "dash": "solid" if final else "dot",
        },
        "marker": marker,
        "connectgaps": False,
    }


def _hover_text(point: zones.RatePoint, value: float, view: SweepView, translate: Translate) -> str:
    number = "NaN" if math.isinf(value) else number_text(value, 4) if view.metric == "loss" else accuracy_text(value)
    zone = f"<br>{translate(ZONE_LABELS[point.zone])}" if point.zone else ""
    return f"<b>{rate_text(point.rate, translate)}</b>: {number}{zone}"


def _band(rates: Sequence[float], table: NDArray[np.float64], floor: float, top: float, view: SweepView) -> list[Trace]:
    """From the least to the greatest of the seeds."""
    words = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "line": {"width": 0}}
    minimum, maximum = (_within(edge, floor, top) for edge in (table.min(axis=0), table.max(axis=0)))
    fill = {"fill": "tonexty", "fillcolor": theme.faint(view.dark)}
    x = packed(np.array(rates))
    return [
        words | {"uid": "minimum", "x": x, "y": packed(minimum)},
        words | fill | {"uid": "maximum", "x": x, "y": packed(maximum)},
    ]


def _stretches(reading: Reading, bounds: Sequence[float]) -> list[tuple[Zone, float, float]]:
    """Neighboring rates of one zone: the zone, and the ends of their stretch of the axis."""
    stretches = []
    for zone, group in groupby(range(len(reading.points)), lambda place: reading.points[place].zone):
        places = list(group)
        if zone is not None:
            stretches.append((zone, bounds[places[0]], bounds[places[-1] + 1]))
    return stretches


def shade(figure: Figure, reading: Reading, bounds: Sequence[float], view: SweepView) -> None:
    """The grounds of the zones."""
    for zone, left, right in _stretches(reading, bounds):
        figure["layout"]["shapes"].append(
            {
                "type": "rect",
                "x0": left,
                "x1": right,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "fillcolor": ZONE_COLORS[zone][view.dark],
                "line": {"width": 0},
            }
        )


def name_zones(
    figure: Figure,
    reading: Reading,
    bounds: Sequence[float],
    axis: tuple[float, float],
    room: float,
    view: SweepView,
    translate: Translate,
) -> float:
    """The zones' names above the axes, on their colors, in as many rows as they need: each at its widest stretch.

    `axis`: the least and the greatest rate on it. Returns where the axes end, as a fraction of the height.
    """
    low, whole = math.log(axis[0]), math.log(axis[1] / axis[0])
    widest: dict[Zone, tuple[float, float]] = {}
    for zone, *ends_of_it in _stretches(reading, bounds):
        left, right = ((math.log(end) - low) / whole for end in ends_of_it)
        if zone not in widest or right - left > widest[zone][1] - widest[zone][0]:
            widest[zone] = (left, right)
    stretches = [labels.Stretch(translate(ZONE_LABELS[zone]), *stretch) for zone, stretch in widest.items()]
    places = labels.in_rows(stretches, room, theme.NOTE_SIZE)
    for zone, name, place in zip(widest, stretches, places, strict=True):
        figure["layout"]["annotations"].append(
            {
                "xref": "paper",
                "x": place.x,
                "xanchor": place.anchor,
                "yref": "paper",
                "y": 1,
                "yanchor": "top",
                "yshift": -round(place.row * ROW),
                "text": name.text,
                "showarrow": False,
                "bgcolor": ZONE_COLORS[zone][view.dark],
                "borderpad": 0,
                "font": {"size": theme.NOTE_SIZE, "color": theme.ink(view.dark)},
            }
        )
    return 1 - ROW * (1 + max((place.row for place in places), default=-1)) / HEIGHT


def _mark_edges(
    figure: Figure,
    reading: Reading,
    predicted: float | None,
    axis: tuple[float, float],
    ceiling: float,
    view: SweepView,
    translate: Translate,
) -> None:
    """The measured edge as a line, the predicted one dashed beside it, each with its name at the foot, in a row of its own.

    `axis`: the ends of that of rates, as powers of ten; `ceiling`: where the axes end, as a fraction of the height.
    """
    if not reading.done:
        return
    measured = reading.edge.middle if reading.edge else None
    # What was measured is that it lies between two rates, and no more.
    between = (
        f"{number_text(reading.edge.learns, 3)}–{number_text(reading.edge.breaks, 3)}"
        if reading.edge and reading.edge.learns and reading.edge.breaks
        else ""
    )
    lines = (
        (measured, between, N_("breaks at"), "solid", theme.broken(view.dark)),
        (predicted, number_text(predicted or 0, 3), N_("predicted"), "dash", theme.ink(view.dark)),
    )
    for row, (rate, number, name, dash, color) in enumerate(lines):
        if rate is None:
            continue
        figure["layout"]["shapes"].append(
            {
                "type": "line",
                "x0": rate,
                "x1": rate,
                "yref": "paper",
                "y0": 0,
                "y1": ceiling,
                "line": {"color": color, "width": 2, "dash": dash},
            }
        )
        right = math.log10(rate) > sum(axis) / 2  # where there is more room on the left
        figure["layout"]["annotations"].append(
            {
                "x": math.log10(rate),
                # Above the line of chance, which in a chart of accuracy has its name below it.
                "yref": "paper" if view.metric == "loss" else "y",
                "y": 0 if view.metric == "loss" else 0.1,
                "yanchor": "bottom",
                "yshift": 4 + round(row * ROW),
                "xanchor": "right" if right else "left",
                "xshift": -4 if right else 4,
                "text": f"{translate(name)} {number}",
                "showarrow": False,
                "bgcolor": theme.veil(view.dark),
                "font": {"size": theme.NOTE_SIZE, "color": color},
            }
        )
