"""What came of a round in charts: each run a point over a setting, all curves as thin lines, predictions beside outcomes."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core import escape
from mnist_core.diagnostics import chance_loss
from mnist_core.figures import theme
from mnist_core.figures.axes import Across, ChartView, clipped, ends, loss_axis, packed, spread, top_of_losses
from mnist_core.figures.curves import SHARES, empty
from mnist_core.figures.overlay import Metric, heading
from mnist_core.messages import N_, Translate
from mnist_core.records import Curves, Outcome, Run, Split

Figure = dict[str, Any]
BROKEN: tuple[Outcome, ...] = ("diverged", "collapsed", "failed")
BAND = (-0.12, -0.03)  # of an axis of accuracies: where runs stand that broke
CURVE_POINTS = 80  # of a thin line, at most: there may be thousands of them
PLAIN = 0.5  # place on the scale of colors of lines that have no order
EDGES = (
    0,
    20,
    50,
    80,
    90,
    95,
    97,
    98,
    99,
    100,
)  # of the bins of accuracies in percent: narrow where digits are recognized


@dataclass(frozen=True)
class Setting:
    """The setting along the axis: its name, each run's place, and ticks where its values are words."""

    name: str
    places: tuple[float, ...]
    ticks: tuple[tuple[float, str], ...] = ()
    log: bool = False


@dataclass(frozen=True, eq=False)
class NamedRun:
    """A run in a chart; `name` is text, not Plotly's tags."""

    name: str
    run: Run
    curves: Curves


def points_chart(
    runs: Sequence[NamedRun], setting: Setting, split: Split, view: ChartView, translate: Translate
) -> Figure:
    """One point for each run: a setting against the final accuracy; what diverged or collapsed stands in a band below."""
    title = heading("accuracy", [split], translate)
    layout = theme.layout(title, setting.name, dark=view.dark, revision="points", across=setting.name)
    layout |= {"hovermode": "closest", "showlegend": True}
    layout["xaxis"] |= _axis(setting)
    broken = [is_broken(one.run) for one in runs]
    layout["yaxis"] |= SHARES | {"tickvals": [0, 0.2, 0.4, 0.6, 0.8, 1], "range": [BAND[0] if any(broken) else 0, 1.03]}
    figure: Figure = {"data": [], "layout": layout}
    kinds = (
        (False, N_("trained to the end, or stopped"), "circle", theme.run_color(0, view.dark)),
        (True, N_("diverged, collapsed or failed"), "x", theme.broken(view.dark)),
    )
    for kind, name, symbol, color in kinds:
        rows = [row for row, this in enumerate(broken) if this is kind]
        if rows:
            marker = {"symbol": symbol, "size": 11, "color": color, "opacity": 0.75}
            trace = _points([runs[row] for row in rows], [setting.places[row] for row in rows], split)
            figure["data"].append(trace | {"name": translate(name), "uid": symbol, "marker": marker})
    if any(broken):
        band = {"type": "rect", "xref": "paper", "x0": 0, "x1": 1, "y0": BAND[0], "y1": BAND[1], "layer": "below"}
        color = theme.transparent(theme.broken(view.dark), 0.12)
        layout["shapes"].append(band | {"line": {"width": 0}, "fillcolor": color})
    if not runs:
        figure["data"] += spread(layout, empty=True)
    return figure


def _points(runs: Sequence[NamedRun], places: Sequence[float], split: Split) -> dict[str, Any]:
    accuracies = [final_accuracy(one.run, split) for one in runs]
    heights = [
        sum(BAND) / 2 if is_broken(one.run) else accuracy for one, accuracy in zip(runs, accuracies, strict=True)
    ]
    texts = [_percent_text(accuracy) for accuracy in accuracies]
    return {
        "type": "scatter",
        "mode": "markers",
        "x": packed(np.array(places)),
        "y": packed(np.array([np.nan if height is None else height for height in heights])),
        "text": [f"{escape.plotly(one.name)}<br>{text}" for one, text in zip(runs, texts, strict=True)],
        "hovertemplate": "%{text}<extra></extra>",
    }


def _axis(setting: Setting) -> dict[str, Any]:
    if setting.ticks:
        places, words = zip(*setting.ticks, strict=True)
        return {"tickvals": places, "ticktext": words} | ends(min(places) - 0.5, max(places) + 0.5)
    return {"type": "log", "autorange": True, "tickformat": ",~g"} if setting.log else {"autorange": True}


def is_broken(run: Run) -> bool:
    """Whether the run's numbers at the end say nothing."""
    return run.outcome in BROKEN


def final_accuracy(run: Run, split: Split) -> float | None:
    """The accuracy at the end of a run, 0 to 1; None where there is none."""
    value = run.result.get(f"{split}_accuracy")
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else None


def _percent_text(value: float | None) -> str:
    return "–" if value is None else f"{value:.2%}"


def curves_chart(
    runs: Sequence[NamedRun], setting: Setting, metric: Metric, split: Split, view: ChartView, translate: Translate
) -> Figure:
    """All curves as thin lines, in colors by the setting where that is a number. A line says whose it is on hover."""
    across = Across.of([one.curves for one in runs], view)
    figure = empty(heading(metric, [split], translate), metric, across, view, translate)
    figure["layout"] |= {"hovermode": "closest", "showlegend": False}
    columns = [one.curves.evaluations[f"{split}_{metric}"] for one in runs]
    chance = max((chance_loss(one.run.config) for one in runs), default=1.0)
    top = top_of_losses(columns, chance, log=view.log_y) if metric == "loss" else np.inf
    for number, (one, fraction) in enumerate(zip(runs, _fractions(setting), strict=True)):
        values = columns[number]
        rows = np.unique(np.linspace(0, max(0, len(values) - 1), min(len(values), CURVE_POINTS)).astype(int))
        color = theme.transparent(theme.scale_color(fraction, view.dark), 0.65)
        figure["data"].append(
            {
                "type": "scatter",
                "mode": "lines",
                "x": packed(across.values(one.curves.evaluations)[rows]),
                "y": packed(clipped(values, top)[rows]),
                "name": escape.plotly(one.name),
                "uid": f"run{number}",
                "line": {"color": color, "width": 1.4},
                "connectgaps": False,
                "hovertemplate": "%{y:.2%}" if metric == "accuracy" else "%{y:.4f}",
            }
        )
    figure["layout"]["yaxis"] |= loss_axis(columns, top, view) if metric == "loss" else SHARES
    figure["data"] += spread(figure["layout"], empty=not any(len(column) for column in columns))
    return figure


def _fractions(setting: Setting) -> list[float]:
    """Where each run is on the scale of colors, 0 to 1."""
    places = np.array(setting.places, np.float64)
    known = np.isfinite(places) & (places > 0 if setting.log else True)
    if setting.ticks or not known.any() or places[known].min() == places[known].max():
        return [PLAIN] * len(places)
    values = np.log(np.where(known, places, 1.0)) if setting.log else np.where(known, places, 0.0)
    low, high = values[known].min(), values[known].max()
    return [
        float((value - low) / (high - low)) if is_known else PLAIN
        for value, is_known in zip(values, known, strict=True)
    ]


def words_chart(
    predicted: Sequence[str], observed: Sequence[str], words: dict[str, str], view: ChartView, translate: Translate
) -> Figure:
    """How many predicted each outcome, beside how many runs had it; `words`: outcome → how it is read."""
    return _histogram(
        list(words.values()),
        [sum(one == word for one in predicted) for word in words],
        [sum(one == word for one in observed) for word in words],
        view,
        translate,
    )


def percent_chart(
    predicted: Sequence[float], observed: Sequence[float], view: ChartView, translate: Translate
) -> Figure:
    """How often each accuracy was predicted (percent), beside how often it came."""
    names = [f"{low}–{high}%" for low, high in itertools.pairwise(EDGES)]
    counts = [np.histogram(np.clip(values, 0, 100), EDGES)[0].tolist() for values in (predicted, observed)]
    return _histogram(names, counts[0], counts[1], view, translate)


def _histogram(
    names: Sequence[str], predicted: Sequence[int], observed: Sequence[int], view: ChartView, translate: Translate
) -> Figure:
    layout = theme.layout(translate(N_("Predictions and outcomes")), "", dark=view.dark, revision="predictions")
    layout |= {"barmode": "group", "hovermode": "closest", "showlegend": True}
    layout["xaxis"] |= {"type": "category"}
    layout["yaxis"] |= {"rangemode": "tozero", "tickformat": ",d", "title": {"text": translate(N_("How many"))}}
    bars = ((N_("Predictions"), predicted, 0, ""), (N_("Outcomes"), observed, 1, "/"))
    traces = [
        {
            "type": "bar",
            "name": translate(name),
            "uid": name,
            "x": list(names),
            "y": list(counts),
            "marker": {"color": theme.run_color(color, view.dark), "pattern": {"shape": pattern}},
            "hovertemplate": "%{x}: %{y}<extra></extra>",
        }
        for name, counts, color, pattern in bars
    ]
    return {"data": traces, "layout": layout}
