"""Several runs in one chart: loss or accuracy of one part, or of several parts at once.

A run has its color. Of one part, runs differ by their dash as well, and where both are used up by a sign; of several parts, dash and
sign tell the part, or, of more runs than there are colors, dash the part and sign the run. A run whose loss left the chart has a sign where it did, and
does not ruin the axis of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from mnist_core import escape
from mnist_core.config import RunConfig
from mnist_core.diagnostics import chance_loss
from mnist_core.figures import marks, theme
from mnist_core.figures.axes import (
    Across,
    ChartView,
    Floats,
    clipped,
    departure,
    downsampled_rows,
    loss_axis,
    smooth,
    spread,
    top_of_losses,
)
from mnist_core.figures.curves import SHARES, behind, empty, hover_of, line_of
from mnist_core.messages import ACCURACY, ANY_SIZE, N_, Translate, accuracy_text, number_text
from mnist_core.records import Curves, Split

Figure = dict[str, Any]
Trace = dict[str, Any]
Metric = Literal["loss", "accuracy"]
NUMBERS = (
    58  # pixels for those of the vertical axis: a loss and an accuracy that stand side by side begin at the same place
)
MARKED = 60  # points of a curve, at most, that have a sign each
SIGNS = 12  # on a curve, where signs tell runs apart


@dataclass(frozen=True, eq=False)
class Overlaid:
    """A run in a chart of several. By `key` the browser remembers that it is hidden, in all charts; `place`: number of
    its color and dash; `name` is text, not Plotly's tags."""

    name: str
    curves: Curves
    key: str
    place: int


def overlaid(runs: Sequence[tuple[str, Curves]]) -> list[Overlaid]:
    """(name, records) of runs, in the colors of their order."""
    return [Overlaid(name, curves, f"run{place}", place) for place, (name, curves) in enumerate(runs)]


def runs_chart(
    runs: Sequence[Overlaid],
    metric: Metric,
    splits: Sequence[Split],
    view: ChartView,
    translate: Translate,
    chance: float | None = None,
) -> Figure:
    """One curve for each run and each of `splits`, of one metric. `chance`: the loss of a guess (default: cross-entropy's)."""
    across = Across.of([run.curves for run in runs], view)
    figure = paired(heading(metric, splits, translate), metric, across, view, translate)
    columns = [run.curves.evaluations[f"{split}_{metric}"] for run in runs for split in splits]
    top = top_of_losses(columns, chance or chance_loss(RunConfig()), log=view.log_y) if metric == "loss" else np.inf
    signed = share_colors([run.place for run in runs])
    plan = Plan(metric, splits, across, view, top, signed)
    for run in runs:
        if _has_curve(run, splits):  # else it has no name in the legend, which could be taken for that of a curve
            figure["data"] += _run(run, plan, translate)
            _mark(figure, run, plan)
    figure["layout"]["yaxis"] |= loss_axis(columns, top, view) if metric == "loss" else SHARES
    marked = any(_has_signs(run.curves) for run in runs if _has_curve(run, splits))
    tell_parts(figure, splits, view, translate, signs=marked and not signed)
    figure["data"] += spread(figure["layout"], empty=not any(len(run.curves.evaluations) for run in runs))
    return figure


def paired(title: str, revision: str, across: Across, view: ChartView, translate: Translate) -> Figure:
    """An empty chart with a legend, also of a lone curve. Beside another one of the same curves its axes have the same ends, however long
    the numbers are: else names that fit into two rows of the legend here would take three there."""
    figure = empty(title, revision, across, view, translate)
    layout = figure["layout"]
    layout["showlegend"] = True
    layout["margin"]["l"] = NUMBERS
    layout["yaxis"]["automargin"] = "width"  # a number at the upper end is no reason to end lower
    return figure


def _has_curve(run: Overlaid, splits: Sequence[Split]) -> bool:
    """Whether there is anything to draw of a run: it has been evaluated on images of one of these parts."""
    rows = run.curves.evaluations
    return any(np.isfinite(rows[f"{split}_accuracy"]).any() for split in splits)


def _has_signs(curves: Curves) -> bool:
    """Whether the points of a run's curves are so few that each has the sign of its part."""
    return len(curves.evaluations) <= MARKED


def share_colors(places: Sequence[int]) -> bool:
    """Whether there are more runs, by the numbers of their colors, than colors."""
    return max(places, default=0) >= len(theme.RUN_COLORS_LIGHT)


def sign_of(place: int, color: str) -> Trace:
    """What gives a curve the sign of its run, a few times, where dashes tell parts."""
    return _signed(theme.run_symbol(place), color)


def sign_beside_dash(place: int, color: str) -> Trace:
    """The same where dashes tell runs, too; nothing for as many runs as colors and dashes tell apart."""
    return _signed(theme.run_symbol(place, theme.RUN_LOOKS), color) if place >= theme.RUN_LOOKS else {}


def _signed(symbol: str, color: str) -> Trace:
    return {
        "mode": "lines+markers",
        "marker": {"symbol": symbol, "size": 9, "maxdisplayed": SIGNS, "color": color},
    }


def heading(metric: Metric, splits: Sequence[Split], translate: Translate) -> str:
    """`Loss – Training, Validation`."""
    title = translate({"loss": N_("Loss"), "accuracy": N_("Accuracy")}[metric])
    return f"{title} – {', '.join(translate(theme.SPLIT_STYLES[split].name) for split in splits)}"


def describe(runs: Sequence[Overlaid], metric: Metric, splits: Sequence[Split], translate: Translate) -> str:
    """The chart in words, for those who do not see it: where every curve ends."""
    sentences = [heading(metric, splits, translate)]
    for split in splits:
        ends_at = []
        for run in runs:
            rows = run.curves.evaluations
            if _has_curve(run, (split,)):
                ends_at.append(f"{run.name}: {_number_text(float(rows[f'{split}_{metric}'][-1]), metric)}")
        sentences.append(f"{translate(theme.SPLIT_STYLES[split].name)} – {'; '.join(ends_at)}")
    return ". ".join(sentences) + "."


def _number_text(value: float, metric: Metric) -> str:
    if not np.isfinite(value):
        return "NaN" if np.isnan(value) else "∞"
    return accuracy_text(value) if metric == "accuracy" else number_text(value, 3)


def tell_parts(figure: Figure, splits: Sequence[Split], view: ChartView, translate: Translate, *, signs: bool) -> None:
    """A second legend, which cannot be clicked: dash of each part, and the sign where the curves have those (`signs`); none where
    there is one part. It stands in a row of its own below the axis, since curves may lie in any corner of the chart."""
    if len(splits) < 2:
        return
    for split in splits:
        style, color = theme.SPLIT_STYLES[split], theme.ink(view.dark)
        nothing = np.full(1, np.nan, np.float32)
        entry = line_of(nothing, nothing, translate(style.name), color, style.dash, 2)
        sign = {"symbol": style.symbol, "size": 7, "color": color}
        more = {
            "uid": f"part-{split}",
            "legend": "legend2",
            "showlegend": True,
        }
        if signs:
            more |= {"mode": "lines+markers", "marker": sign}
        figure["data"].append(entry | more | {"hoverinfo": "skip"})
    figure["layout"]["legend2"] = {
        "orientation": "h",
        "x": 1,
        "xanchor": "right",
        "yref": "container",
        "y": 0,
        "yanchor": "bottom",
        "bgcolor": "rgba(0,0,0,0)",
        "font": {"size": theme.NOTE_SIZE},
        "itemclick": False,
        "itemdoubleclick": False,
    }


@dataclass(frozen=True, eq=False)
class Plan:
    """What a chart shows of every run, and how."""

    metric: Metric
    splits: Sequence[Split]
    across: Across
    view: ChartView
    top: float  # the greatest loss in the chart
    signed: bool  # runs of one color have signs

    def values(self, run: Overlaid, split: Split) -> Floats:
        """What is drawn of a run."""
        values: Floats = run.curves.evaluations[f"{split}_{self.metric}"]
        return values


def _run(run: Overlaid, plan: Plan, translate: Translate) -> list[Trace]:
    """The run's curves, one for each part, with the unsmoothed ones behind them."""
    view, top = plan.view, plan.top
    color = theme.run_color(run.place, view.dark)
    name = escape.plotly(run.name) + " ▲" * (_departure(run, plan) is not None)
    several = len(plan.splits) > 1
    traces: list[Trace] = []
    for number, split in enumerate(plan.splits):
        style = theme.SPLIT_STYLES[split]
        values = plan.values(run, split)
        rows = downsampled_rows(values)
        x, y = plan.across.values(run.curves.evaluations)[rows], clipped(values, top)[rows]
        uid = f"{run.key}-{split}" if several else run.key
        dash = style.dash if several else theme.run_dash(run.place)
        if view.smoothing:
            pale = theme.transparent(color, 0.4)
            raw = line_of(x, y, name, pale, "solid", 1.2)  # dashes so thin are hardly seen
            traces.append(behind(raw, f"{uid}-raw", run.key))
            y = smooth(y, view.smoothing)
        trace = line_of(x, y, name, color, dash, 2.5) | {"uid": uid, "legendgroup": run.key}
        trace |= hover_of(values[rows], top, ACCURACY if plan.metric == "accuracy" else ANY_SIZE)
        if several:
            # Plotly's fields and the part's name are put together here, where no words of ours are.
            trace["hovertemplate"] += f"  {translate(style.name)}"
            trace["showlegend"] = not number
            if plan.signed:
                trace |= sign_of(run.place, color)
            elif _has_signs(run.curves):
                trace |= {"mode": "lines+markers", "marker": {"symbol": style.symbol, "size": 6, "color": color}}
        else:
            trace |= sign_beside_dash(run.place, color)
        traces.append(trace)
    return traces


def _departure(run: Overlaid, plan: Plan) -> tuple[int, Floats] | None:
    """Row of the evaluation from which on a loss was outside the chart for good, and that loss; None where none was, or
    it was never measured."""
    if plan.metric != "loss":
        return None
    for split in plan.splits:
        values = plan.values(run, split)
        measured = np.isfinite(values).any() or not np.isfinite(plan.values(run, "train")).any()
        row = departure(values, plan.top) if measured else None
        if row is not None:
            return row, values
    return None


def _mark(figure: Figure, run: Overlaid, plan: Plan) -> None:
    """A sign of the run's color where its loss left the chart for good."""
    point = _departure(run, plan)
    if point is None:
        return
    row, values = point
    maximum = values[row:][np.isfinite(values[row:])]
    name = escape.plotly(run.name)
    text = f"{name}: {number_text(float(maximum.max()), 3)}" if len(maximum) else f"{name}: NaN"
    x = float(plan.across.values(run.curves.evaluations)[row])
    color = theme.run_color(run.place, plan.view.dark)
    marks.sign(figure, x, marks.edge(plan.top, plan.view), text, name, color, run.key)
