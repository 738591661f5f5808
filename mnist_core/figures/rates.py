"""A sweep over learning rates as two charts: the curves of all its runs, and their ends against the rate.

Figures are plain dicts in the style of `figures.curves`. A rate has one colour in both charts, from a scale over the
logarithm of the rate. A run that broke does not ruin an axis: a sign at the edge says where it left. Knows neither
Streamlit nor the store.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.diagnostics import chance_loss, zones
from mnist_core.diagnostics.zones import Reading, Zone
from mnist_core.figures import marks, theme
from mnist_core.figures.axes import (
    Across,
    ChartView,
    Floats,
    departure,
    drawn,
    ends,
    log_ticks,
    loss_axis,
    packed,
    spread,
    top_of_loss,
)
from mnist_core.figures.curves import AXES, SHARES, Figure, Trace
from mnist_core.messages import N_, Message, Translate, message
from mnist_core.records import Curves, Run, Split

Metric = Literal["loss", "accuracy"]
Part = Literal["batches", "train", "validation", "test"]
PARTS: dict[Part, str] = {
    "batches": N_("Mini-batches"),
    "train": theme.SPLIT_STYLES["train"].name,
    "validation": theme.SPLIT_STYLES["validation"].name,
    "test": theme.SPLIT_STYLES["test"].name,
}
METRICS: dict[Metric, str] = {"loss": N_("Loss"), "accuracy": N_("Accuracy")}
BATCH_POINTS = 150  # drawn of a curve over mini-batches, each the mean of what it stands for
LETTERS = 55  # of a zone's name in the width of the chart; a narrower zone has it upright

ZONE_NAMES: dict[Zone, str] = {
    "small": N_("too small"),
    "good": N_("good"),
    "edge": N_("on the edge"),
    "broken": N_("diverged or collapsed"),
}
# Grounds of the zones; each has its name written on it as well.
ZONE_COLOURS: dict[Zone, tuple[str, str]] = {
    "small": ("rgba(0,114,178,0.10)", "rgba(86,180,233,0.14)"),
    "good": ("rgba(0,158,115,0.20)", "rgba(47,207,160,0.22)"),
    "edge": ("rgba(230,159,0,0.24)", "rgba(230,159,0,0.28)"),
    "broken": ("rgba(193,18,31,0.16)", "rgba(255,123,114,0.24)"),
}


@dataclass(frozen=True)
class SweepView:
    """What of a sweep is drawn, and how. `chosen`: the rate that stands out, if any."""

    metric: Metric = "loss"
    part: Part = "train"
    log_y: bool = False
    dark: bool = False
    chosen: float | None = None

    @property
    def split(self) -> Split:
        """The images that ends are measured on: mini-batches end nowhere, the training images are nearest to them."""
        return "train" if self.part == "batches" else self.part


def curves_chart(
    sweep_id: str, runs: Sequence[tuple[Run, Curves]], rates: Sequence[float], view: SweepView, translate: Translate
) -> Figure:
    """One thin curve a run, in the colour of its rate; a bar tells which colour is which rate.

    A trace's `meta` is the place of its rate in `rates`.
    """
    axes = ChartView(log_y=view.log_y and view.metric == "loss", dark=view.dark)
    across = Across.of(
        [curves for _run, curves in runs], axes, max((run.config.total_steps for run, _c in runs), default=1)
    )
    heading = f"{translate(METRICS[view.metric])} – {translate(PARTS[view.part])}"
    layout = theme.layout(
        heading, translate(AXES["step"]), dark=view.dark, revision=f"{sweep_id}-{view.metric}-{axes.log_y}"
    )
    layout["xaxis"] |= across.layout()
    layout["hovermode"] = "closest"
    figure: Figure = {"data": [], "layout": layout}
    series = [_series(curves, view) for _run, curves in runs]
    columns = [values for _records, values in series]
    top = np.inf
    if view.metric == "loss":
        top = top_of_loss(columns, _chance(runs), log=axes.log_y)
    left: list[tuple[float, str, str]] = []
    for index, ((run, _curves), (records, values)) in enumerate(zip(runs, series, strict=True)):
        figure["data"].append(_curve(index, run, across.values(records), values, rates, view, top, translate))
        row = departure(values, top) if top != np.inf else None
        if row is not None:
            left.append(
                (float(across.values(records)[row]), _gone(run, values[row:], translate), _colour(run, rates, view))
            )
    figure["data"] += [_departures(left, marks.edge(top, axes)), _colour_bar(rates, view, translate)]
    layout["yaxis"] |= loss_axis(columns, top, axes) if view.metric == "loss" else SHARES
    if view.metric == "loss":
        marks.reference(figure, _chance(runs), _chance_text(f"{_chance(runs):.3f}", translate), axes, log=axes.log_y)
    else:
        marks.reference(figure, 0.1, _chance_text("10 %", translate), axes)
    figure["data"] += spread(layout)
    return figure


def rates_chart(
    sweep_id: str,
    runs: Sequence[tuple[Run, Curves]],
    reading: Reading,
    view: SweepView,
    translate: Translate,
    predicted: float | None = None,
) -> Figure:
    """Loss (log) or accuracy at the end, and at its best, against the rate (log), over the zones of the rates.

    With several seeds: their mean, and a band from least to greatest. Point number n of the traces `final` and `best`
    is rate number n of `reading`. `predicted`: where the student expected the edge, drawn once all runs have ended.
    """
    rates = [point.rate for point in reading.points]
    heading = translate(
        N_("Loss against the learning rate") if view.metric == "loss" else N_("Accuracy against the learning rate")
    )
    title = f"{heading} – {translate(PARTS[view.split])}"
    layout = theme.layout(title, translate(N_("Learning rate")), dark=view.dark, revision=f"{sweep_id}-{view.metric}")
    layout["hovermode"] = "closest"
    figure: Figure = {"data": [], "layout": layout}
    bounds = _bounds(rates)
    low, high = float(np.log10(bounds[0])), float(np.log10(bounds[-1]))
    layout["xaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    final = _table(runs, rates, lambda run, curves: zones.last(run, curves, view.split, view.metric))
    peak = _table(runs, rates, lambda run, curves: zones.best(run, curves, view.split, view.metric))
    floor, top = _ends(final, peak, runs, view)
    _shade(figure, reading, bounds, view, translate)
    if final.shape[0] > 1:
        figure["data"] += _band(rates, final, floor, top, view)
    figure["data"] += [
        _ends_trace("best", rates, peak, reading, floor, top, view, translate),
        _ends_trace("final", rates, final, reading, floor, top, view, translate),
    ]
    if view.metric == "loss":
        chance = _chance(runs)
        marks.reference(figure, chance, _chance_text(f"{chance:.3f}", translate), ChartView(dark=view.dark), log=True)
        # On the right stands what broke, above the line the zone's name.
        figure["layout"]["annotations"][-1] |= {"x": 0, "xanchor": "left", "yanchor": "top"}
        layout["yaxis"] |= ends(math.log10(floor), math.log10(top), log=True) | log_ticks(
            math.log10(floor), math.log10(top)
        )
    else:
        marks.reference(figure, 0.1, _chance_text("10 %", translate), ChartView(dark=view.dark))
        layout["yaxis"] |= SHARES
    _mark_edges(figure, reading, predicted, view, translate)
    figure["data"] += spread(layout)
    return figure


def describe(reading: Reading, rates: int) -> Message:
    """The right chart in words, for those who do not see it."""
    known = sum(point.zone is not None for point in reading.points)
    said = message(N_("Results of {known} of {rates} learning rates."), known=known, rates=rates)
    for sentence in reading.sentences:
        said = Message("{said} {more}", {"said": said, "more": sentence})
    return said


# ---- the curves ------------------------------------------------------------------------------------------------


def _chance(runs: Sequence[tuple[Run, Curves]]) -> float:
    return chance_loss(runs[0][0].config.loss if runs else "cross-entropy")


def _chance_text(value: str, translate: Translate) -> str:
    return translate(N_("chance: {value}")).format(value=value)


def _series(curves: Curves, view: SweepView) -> tuple[NDArray[np.void], Floats]:
    """Records that say where points stand, and the points' values."""
    if view.part != "batches":
        values: Floats = curves.evaluations[f"{view.part}_{view.metric}"]
        return curves.evaluations, values
    steps = curves.steps
    parts = np.array_split(np.arange(len(steps)), min(BATCH_POINTS, len(steps))) if len(steps) else []
    means = [float(steps[view.metric][part].mean()) for part in parts]
    return steps[[int(part[-1]) for part in parts]], np.array(means, np.float32)


def _share(rate: float, rates: Sequence[float]) -> float:
    """Where the rate stands between the lowest and the highest, on a log scale."""
    return math.log(rate / rates[0]) / (math.log(rates[-1] / rates[0]) or 1.0)


def _colour(run: Run, rates: Sequence[float], view: SweepView) -> str:
    return theme.scale_colour(_share(run.config.learning_rate, rates), view.dark)


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
    form = ".4g" if view.metric == "loss" else ".2%"
    hover = f"<b>{_rate_text(run, translate)}</b>: %{{customdata:{form}}}<extra></extra>"
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"run{index}",
        "meta": rates.index(rate) if rate in rates else 0,
        "name": f"{rate:g}",
        "x": packed(x),
        "y": packed(drawn(values, top)),
        "customdata": packed(values),
        "hovertemplate": hover,
        "line": {"color": _colour(run, rates, view), "width": 4 if chosen else 1.7},
        "opacity": 1.0 if chosen or view.chosen is None else 0.4,
        "showlegend": False,
        "connectgaps": False,
    }


def _rate_text(run: Run, translate: Translate) -> str:
    return translate(N_("rate {rate}")).format(rate=f"{run.config.learning_rate:g}")


def _gone(run: Run, values: Floats, translate: Translate) -> str:
    """What hover says of a curve that left the chart: how far it went."""
    greatest = values[np.isfinite(values)]
    return f"{_rate_text(run, translate)}: " + (f"{float(greatest.max()):.2g}" if len(greatest) else "NaN")


def _departures(left: Sequence[tuple[float, str, str]], y: float) -> Trace:
    """A small sign of its colour where each curve left the chart for good."""
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "left",
        "x": [x for x, _text, _colour in left],
        "y": [y] * len(left),
        "text": [text for _x, text, _colour in left],
        "marker": {"symbol": "triangle-up", "size": 12, "color": [colour for _x, _text, colour in left]},
        "hovertemplate": "%{text}<extra></extra>",
        "showlegend": False,
    }


def _colour_bar(rates: Sequence[float], view: SweepView, translate: Translate) -> Trace:
    """Nothing but the bar that tells colours."""
    low, high = math.log10(rates[0]), math.log10(rates[-1])
    ticks = [low, *range(math.floor(low) + 1, math.ceil(high)), high]
    shown = [tick for tick in ticks if tick in (low, high) or min(tick - low, high - tick) > 0.12 * (high - low)]
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
            "colorscale": theme.scale(view.dark),
            "showscale": True,
            "colorbar": {
                "title": {"text": translate(N_("rate")), "side": "top"},
                "tickvals": shown,
                "ticktext": [f"{10**tick:.3g}" for tick in shown],
                "thickness": 14,
                "outlinewidth": 0,
                "tickfont": {"size": theme.NOTE_SIZE},
            },
        },
        "hoverinfo": "skip",
        "showlegend": False,
    }


# ---- the ends --------------------------------------------------------------------------------------------------


def _bounds(rates: Sequence[float]) -> list[float]:
    """Where each rate's stretch of the axis begins and ends: half way to its neighbours."""
    inner = [math.sqrt(one * other) for one, other in pairwise(rates)]
    first = rates[0] ** 2 / inner[0] if inner else rates[0] / 2
    last = rates[-1] ** 2 / inner[-1] if inner else rates[-1] * 2
    return [first, *inner, last]


def _table(runs: Sequence[tuple[Run, Curves]], rates: Sequence[float], figure: Any) -> NDArray[np.float64]:
    """Seeds × rates; NaN where there is nothing yet, infinity where the figure itself is no number."""
    seeds = sorted({run.config.seed for run, _curves in runs})
    table = np.full((max(1, len(seeds)), len(rates)), np.nan)
    for run, curves in runs:
        if len(curves.evaluations) or run.result:
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
    chance = _chance(runs)
    values = np.concatenate([final.ravel(), peak.ravel()])
    calm = values[np.isfinite(values) & (values > 0) & (values <= 10 * chance)]
    least = float(calm.min()) if len(calm) else chance / 10
    most = float(calm.max()) if len(calm) else chance
    # Room for the names of zones above the curve, and for those of the edges below it.
    return max(1e-7, min(least, chance / 10) / 3), 3 * max(most, chance)


def _held(values: NDArray[np.float64], floor: float, top: float) -> NDArray[np.float64]:
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
    names = {"final": N_("at the end"), "best": N_("at its best")}
    shown = _held(values, floor, top)
    colours = [theme.scale_colour(_share(rate, rates), view.dark) for rate in rates]
    beyond = ~(values <= top) & ~np.isnan(values)
    symbols = np.where(beyond & (view.metric == "loss"), "triangle-up", "circle")
    sizes = [17 if view.chosen is not None and math.isclose(rate, view.chosen) else 11 for rate in rates]
    marker: dict[str, Any] = {"symbol": symbols.tolist(), "size": sizes, "color": colours}
    marker["line"] = {"width": 1, "color": theme.ink(view.dark)}
    if not final:
        marker = {"symbol": "circle-open", "size": 7, "color": theme.quiet(view.dark)}
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": uid,
        "name": translate(names[uid]),
        "x": packed(np.array(rates)),
        "y": packed(shown),
        "text": [_told(point, value, view, translate) for point, value in zip(reading.points, values, strict=True)],
        "hovertemplate": f"%{{text}}<extra>{translate(names[uid])}</extra>",
        "line": {
            "color": theme.ink(view.dark) if final else theme.quiet(view.dark),
            "width": 2 if final else 1.2,
            "dash": "solid" if final else "dot",
        },
        "marker": marker,
        "connectgaps": False,
    }


def _told(point: zones.RatePoint, value: float, view: SweepView, translate: Translate) -> str:
    number = "NaN" if math.isinf(value) else f"{value:.4g}" if view.metric == "loss" else f"{value:.2%}"
    zone = f"<br>{translate(ZONE_NAMES[point.zone])}" if point.zone else ""
    return f"<b>{translate(N_('rate {rate}')).format(rate=f'{point.rate:g}')}</b>: {number}{zone}"


def _band(rates: Sequence[float], table: NDArray[np.float64], floor: float, top: float, view: SweepView) -> list[Trace]:
    """From the least to the greatest of the seeds."""
    words = {"type": "scatter", "mode": "lines", "hoverinfo": "skip", "showlegend": False, "line": {"width": 0}}
    least, greatest = (_held(edge, floor, top) for edge in (table.min(axis=0), table.max(axis=0)))
    fill = {"fill": "tonexty", "fillcolor": theme.faint(view.dark)}
    x = packed(np.array(rates))
    return [
        words | {"uid": "least", "x": x, "y": packed(least)},
        words | fill | {"uid": "greatest", "x": x, "y": packed(greatest)},
    ]


def _shade(figure: Figure, reading: Reading, bounds: Sequence[float], view: SweepView, translate: Translate) -> None:
    """Grounds of neighbouring rates of one zone, with its name."""
    whole = math.log(bounds[-1] / bounds[0])
    for zone, places in groupby(range(len(reading.points)), lambda place: reading.points[place].zone):
        if zone is None:
            continue
        group = list(places)
        left, right = bounds[group[0]], bounds[group[-1] + 1]
        figure["layout"]["shapes"].append(
            {
                "type": "rect",
                "x0": left,
                "x1": right,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "layer": "below",
                "fillcolor": ZONE_COLOURS[zone][view.dark],
                "line": {"width": 0},
            }
        )
        name = translate(ZONE_NAMES[zone])
        fits = math.log(right / left) / whole * LETTERS > len(name) + 1
        # Where training breaks, points of the loss stand high and those of accuracy low.
        low = not fits and zone == "broken" and view.metric == "loss"
        figure["layout"]["annotations"].append(
            {
                "x": math.log10(math.sqrt(left * right)),
                "yref": "paper",
                "y": 0 if low else 1,
                "yanchor": "bottom" if low else "top",
                "text": name,
                "textangle": 0 if fits else -90,
                "showarrow": False,
                "font": {"size": theme.NOTE_SIZE, "color": theme.ink(view.dark)},
            }
        )


def _mark_edges(
    figure: Figure, reading: Reading, predicted: float | None, view: SweepView, translate: Translate
) -> None:
    """The measured edge as a line, the predicted one dashed beside it, each with its name at the foot."""
    if not reading.done:
        return
    measured = reading.edge.middle if reading.edge else None
    lines = (
        (measured, N_("measured edge"), "solid", theme.broken(view.dark)),
        (predicted, N_("predicted"), "dash", theme.ink(view.dark)),
    )
    for row, (rate, name, dash, colour) in enumerate(lines):
        if rate is None:
            continue
        figure["layout"]["shapes"].append(
            {
                "type": "line",
                "x0": rate,
                "x1": rate,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": colour, "width": 2, "dash": dash},
            }
        )
        figure["layout"]["annotations"].append(
            {
                "x": math.log10(rate),
                "yref": "paper",
                "y": 0.02 + 0.075 * row,
                "yanchor": "bottom",
                "xanchor": "right",
                "xshift": -4,
                "text": f"{translate(name)} {rate:.3g}",
                "showarrow": False,
                "bgcolor": theme.veil(view.dark),
                "font": {"size": theme.NOTE_SIZE, "color": colour},
            }
        )
