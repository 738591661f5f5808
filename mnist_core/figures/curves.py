"""A run's records as charts: loss, accuracy, gradient, learning rate; and several runs overlaid.

Figures are plain dicts (building plotly's objects costs five times as much), numbers travel as packed float32.
Divergence is an object of the chart: the axis stays readable for everything else, and where a curve leaves it or
stops being a number, a sign says at which step and how far it went.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.diagnostics import chance_loss
from mnist_core.figures import theme
from mnist_core.messages import N_, Message, Translate, message
from mnist_core.records import SPLITS, Curves, Run, Split

Figure = dict[str, Any]
Floats = NDArray[np.float32]
AXES = {"step": N_("Step (updates of the weights)"), "epoch": N_("Epoch"), "seconds": N_("Seconds of training")}
POINTS = 2_000  # drawn of a curve at most; spikes survive


@dataclass(frozen=True)
class ChartView:
    """How charts are drawn. `smoothing`: share of the running mean that is kept from point to point, 0 to 0.99."""

    x: Literal["step", "epoch", "seconds"] = "step"
    log_x: bool = False
    log_y: bool = False
    smoothing: float = 0.0
    dark: bool = False


def loss_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """Mini-batch loss (mean, with a band from least to greatest) and evaluated loss of the three parts."""
    steps, evaluations = curves.steps, curves.evaluations
    figure = _figure(translate(N_("Loss")), run.id, view, translate)
    chance = chance_loss(run.config.loss)
    columns = [evaluations[f"{split}_loss"] for split in SPLITS]
    top = _top([*columns, steps["loss"]], chance)
    figure["data"] += _batch_loss(steps, view, top, translate)
    for split, values in zip(SPLITS, columns, strict=True):
        figure["data"] += _split_trace(split, evaluations, values, view, top, translate, "%{y:.4f}")
    _mark_departure(figure, curves, view, top, translate)
    _reference(figure, chance, translate(N_("chance: {value}")).format(value=f"{chance:.3f}"), view, log=view.log_y)
    _events(figure, curves, view, translate)
    _loss_axis(figure, [*columns, steps["loss_min"]], top, view)
    return figure


def accuracy_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """Accuracy of the three parts."""
    evaluations = curves.evaluations
    figure = _figure(translate(N_("Accuracy")), run.id, view, translate)
    for split in SPLITS:
        values = evaluations[f"{split}_accuracy"]
        figure["data"] += _split_trace(split, evaluations, values, view, np.inf, translate, "%{y:.2%}")
    _reference(figure, 0.1, translate(N_("chance: {value}")).format(value="10 %"), view)
    _events(figure, curves, view, translate)
    figure["layout"]["yaxis"] |= {"range": [0, 1.02], "tickformat": ".0%"}
    return figure


def gradient_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """Length of the whole gradient, mean and greatest of each window, on a log axis."""
    steps = curves.steps
    figure = _figure(translate(N_("Length of the gradient")), run.id, view, translate)
    colour = theme.run_colour(3, view.dark)
    for name, column, width in (
        (N_("greatest of the window"), "gradient_norm_max", 1),
        (N_("mean"), "gradient_norm", 2.5),
    ):
        values = _positive(steps[column])
        trace = _line(_x(steps, view), values, translate(name), colour, "solid", width)
        figure["data"].append(trace | {"opacity": 0.35 if width == 1 else 1.0, "hovertemplate": "%{y:.3g}"})
    figure["layout"]["yaxis"] |= {"type": "log", "exponentformat": "power"}
    _events(figure, curves, view, translate)
    return figure


def rate_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """The learning rate in use."""
    steps = curves.steps
    figure = _figure(translate(N_("Learning rate in use")), run.id, view, translate)
    trace = _line(
        _x(steps, view),
        steps["learning_rate"],
        translate(N_("learning rate")),
        theme.run_colour(4, view.dark),
        "solid",
        2.5,
    )
    trace["line"]["shape"] = "hv"
    figure["data"].append(trace | {"hovertemplate": "%{y:.4g}"})
    figure["layout"]["yaxis"] |= {"rangemode": "tozero", "exponentformat": "power"}
    _events(figure, curves, view, translate)
    return figure


def runs_chart(
    runs: Sequence[tuple[str, Curves]],
    metric: Literal["loss", "accuracy"],
    split: Split,
    view: ChartView,
    translate: Translate,
) -> Figure:
    """One curve a run, (name, records) each, of the same part and metric; a broken run does not ruin the axis."""
    title = {"loss": N_("Loss"), "accuracy": N_("Accuracy")}[metric]
    heading = f"{translate(title)} – {translate(theme.SPLIT_STYLES[split].name)}"
    figure = _figure(heading, f"{metric}-{split}", view, translate)
    columns = [curves.evaluations[f"{split}_{metric}"] for _name, curves in runs]
    top = _top(columns, 2.3026) if metric == "loss" else np.inf
    for index, ((name, curves), values) in enumerate(zip(runs, columns, strict=True)):
        colour, dash = theme.run_colour(index, view.dark), theme.run_dash(index)
        trace = _line(_x(curves.evaluations, view), _drawn(values, top), name, colour, dash, 2.5)
        figure["data"].append(trace | {"hovertemplate": "%{y:.4f}" if metric == "loss" else "%{y:.2%}"})
    if metric == "loss":
        _loss_axis(figure, columns, top, view)
    else:
        figure["layout"]["yaxis"] |= {"range": [0, 1.02], "tickformat": ".0%"}
    figure["layout"]["legend"] |= {"y": -0.22, "yanchor": "top"}
    figure["layout"]["margin"]["t"] = 48
    return figure


def describe_chart(run: Run, curves: Curves, kind: str) -> Message:
    """The chart in one sentence, for those who do not see it."""
    evaluations = curves.evaluations
    if kind not in ("loss", "accuracy") or not len(evaluations):
        return message(N_("A chart of this run with {n} points."), n=len(curves.steps))
    last = evaluations[-1]
    shown = {split: f"{float(last[f'{split}_{kind}']):.3f}" for split in SPLITS}
    name = message(N_("Loss") if kind == "loss" else N_("Accuracy"))
    template = N_("{name} after step {step}: training {train}, validation {validation}, test {test}.")
    return message(template, name=name, step=f"{int(last['step']):,}", **shown)


# ---- traces ----------------------------------------------------------------------------------------------------


def _figure(title: str, revision: str, view: ChartView, translate: Translate) -> Figure:
    # Another axis is another chart: its zoom starts afresh.
    key = f"{revision}-{view.x}-{view.log_x}-{view.log_y}"
    layout = theme.layout(title, translate(AXES[view.x]), dark=view.dark, revision=key)
    if view.log_x:
        layout["xaxis"] |= {"type": "log", "exponentformat": "power"}
    return {"data": [], "layout": layout}


def _batch_loss(steps: NDArray[np.void], view: ChartView, top: float, translate: Translate) -> list[dict[str, Any]]:
    if not len(steps):
        return []
    steps = steps[_kept(steps["loss_max"])]
    colour = theme.SPLIT_STYLES["train"].colour(view.dark)
    x = _x(steps, view)
    name = translate(N_("Mini-batches"))
    traces = []
    if (steps["steps"] > 1).any():
        least, greatest = _drawn(steps["loss_min"], top), _drawn(steps["loss_max"], top)
        band = {"line": {"width": 0}, "hoverinfo": "skip", "showlegend": False, "legendgroup": "batches"}
        traces.append(_line(x, least, name, colour, "solid", 0) | band)
        traces.append(
            _line(x, greatest, name, colour, "solid", 0) | band | {"fill": "tonexty", "fillcolor": _clear(colour, 0.16)}
        )
    values = _drawn(steps["loss"], top)
    if view.smoothing:
        raw = _line(x, values, name, _clear(colour, 0.22), "solid", 1)
        traces.append(raw | {"hoverinfo": "skip", "showlegend": False, "legendgroup": "batches"})
        values = smooth(values, view.smoothing)
    line = _line(x, values, name, _clear(colour, 0.5), "solid", 1.3)
    traces.append(line | {"hovertemplate": "%{y:.4f}", "legendgroup": "batches"})
    return traces


def _split_trace(
    split: Split,
    evaluations: NDArray[np.void],
    values: Floats,
    view: ChartView,
    top: float,
    translate: Translate,
    hover: str,
) -> list[dict[str, Any]]:
    if not np.isfinite(values).any() and split == "validation":
        return []
    style = theme.SPLIT_STYLES[split]
    colour = style.colour(view.dark)
    values = _drawn(values, top)
    x = _x(evaluations, view)
    traces = []
    if view.smoothing:
        raw = _line(x, values, translate(style.name), _clear(colour, 0.25), style.dash, 1.2)
        traces.append(raw | {"hoverinfo": "skip", "showlegend": False, "legendgroup": split})
        values = smooth(values, view.smoothing)
    trace = _line(x, values, translate(style.name), colour, style.dash, 2.8)
    trace["mode"] = "lines+markers"
    trace["marker"] = {"symbol": style.symbol, "size": 7 if len(values) < 60 else 4, "color": colour}
    return [*traces, trace | {"hovertemplate": hover, "legendgroup": split}]


def _line(x: Floats, y: Floats, name: str, colour: str, dash: str, width: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        # Plotly keeps what a student hid by this, also when traces come and go before it.
        "uid": f"{name}-{width:g}-{colour}",
        "x": packed(x),
        "y": packed(y),
        "name": name,
        "line": {"color": colour, "dash": dash, "width": width},
        "connectgaps": False,
    }


def packed(values: NDArray[Any]) -> dict[str, str]:
    """Numbers as Plotly's typed array: float32, base64."""
    return {"dtype": "f4", "bdata": base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()}


def _x(records: NDArray[np.void], view: ChartView) -> Floats:
    values: Floats = records[view.x].astype(np.float32)
    if view.log_x:
        # The evaluation before the first step has no place on a log axis: it stands half a step before the first.
        smallest = values[values > 0].min() if (values > 0).any() else np.float32(1)
        values = np.where(values > 0, values, smallest / 2).astype(np.float32)
    return values


def smooth(values: Floats, share: float) -> Floats:
    """Exponential moving average, corrected for its start (as Adam's means are); gaps stay gaps."""
    result = np.empty_like(values)
    mean = weight = 0.0
    for index, value in enumerate(values.tolist()):
        if value != value:
            result[index] = np.nan
            continue
        mean = share * mean + (1 - share) * value
        weight = share * weight + (1 - share)
        result[index] = mean / weight
    return result


def _kept(values: Floats) -> NDArray[np.int64]:
    """Indices of at most about `POINTS` points, with the least and greatest of every stretch."""
    if len(values) <= POINTS:
        return np.arange(len(values))
    stretches = np.array_split(np.arange(len(values)), POINTS // 2)
    filled = np.where(np.isfinite(values), values, np.float32(3e38))
    chosen = [index for part in stretches for index in (part[filled[part].argmin()], part[filled[part].argmax()])]
    return np.unique([0, *chosen, len(values) - 1])


# ---- the axis, and what leaves it ------------------------------------------------------------------------------


def _top(columns: Sequence[Floats], chance: float) -> float:
    """The greatest loss that the chart shows: all of an ordinary run, not the explosion of a broken one.

    The greater of 1.6 × chance and 1.1 × the ninth tenth of all that was recorded, but never more than ten times the
    loss before training (or chance). Rounded up to a coarse step, so that the axis does not move with every point.
    """
    values = np.concatenate([column for column in columns if len(column)] or [np.empty(0, np.float32)])
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 1.6 * chance
    begin = next((float(column[0]) for column in columns if len(column) and np.isfinite(column[0])), chance)
    most = 1.1 * float(np.quantile(finite, 0.9)) if len(finite) > 3 else 1.1 * float(finite.max())
    top = min(max(1.6 * chance, most), 10 * max(begin, chance))
    unit = 10 ** np.floor(np.log10(top)) / 2
    return float(np.ceil(top / unit) * unit)


def _drawn(values: Floats, top: float) -> Floats:
    """What is drawn of a curve: above the chart it runs along the upper edge's outside, NaN is a gap."""
    return np.minimum(values, np.float32(min(top * 3, 3e38)))


def _positive(values: Floats) -> Floats:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan).astype(np.float32)


def _loss_axis(figure: Figure, columns: Sequence[Floats], top: float, view: ChartView) -> None:
    if not view.log_y:
        figure["layout"]["yaxis"] |= {"range": [0, top]}
        return
    values = np.concatenate([column for column in columns if len(column)] or [np.ones(1, np.float32)])
    positive = values[np.isfinite(values) & (values > 0)]
    least = max(1e-6, float(positive.min())) if len(positive) else 1e-3
    figure["layout"]["yaxis"] |= {
        "type": "log",
        "range": [float(np.floor(np.log10(least))), float(np.log10(top))],
        "exponentformat": "power",
    }


def departure(curves: Curves, top: float) -> tuple[int, float] | None:
    """(row of `curves.steps`, greatest loss) where the loss left the chart for good or broke; None where it did not.

    A spike that comes back is no departure: the loss must still be above the chart, or no number, at the end.
    """
    steps = curves.steps
    if not len(steps):
        return None
    outside = ~(steps["loss"] <= top)  # NaN is outside
    if not outside[-1]:
        return None
    inside = np.flatnonzero(~outside)
    first = int(inside[-1]) + 1 if len(inside) else 0
    finite = steps["loss_max"][np.isfinite(steps["loss_max"])]
    return first, float(finite.max()) if len(finite) else float("nan")


def _mark_departure(figure: Figure, curves: Curves, view: ChartView, top: float, translate: Translate) -> None:
    left = departure(curves, top)
    if left is None:
        return
    row, greatest = left
    step = int(curves.steps["step"][row])
    text = translate(N_("left the chart at step {step}: up to {loss}")).format(step=f"{step:,}", loss=f"{greatest:.2g}")
    broken = [event for event in curves.events if event.kind == "not_finite"]
    if broken:
        text += "<br>" + translate(N_("no number (NaN) from step {step} on")).format(step=f"{broken[0].step:,}")
    colour = theme.broken(view.dark)
    x = _x(curves.steps, view)[row : row + 1]
    place = float(10 ** (np.log10(top) - 0.05)) if view.log_y else 0.955 * top
    figure["data"].append(
        {
            "type": "scatter",
            "mode": "markers",
            "x": packed(x),
            "y": packed(np.array([place], np.float32)),
            "marker": {"symbol": "triangle-up", "size": 18, "color": colour},
            "name": translate(N_("left the chart")),
            "hovertemplate": text + "<extra></extra>",
            "showlegend": False,
        }
    )
    # The note stands on the side of the sign where there is room.
    span = float(_x(curves.steps, view).max()) or 1.0
    right = float(x[0]) < span / 2
    figure["layout"]["annotations"].append(
        {
            "x": float(np.log10(x[0])) if view.log_x else float(x[0]),
            "y": float(np.log10(place)) if view.log_y else place,
            "text": text,
            "showarrow": False,
            "xanchor": "left" if right else "right",
            "xshift": 14 if right else -14,
            "yanchor": "top",
            "yshift": 10,
            "align": "left" if right else "right",
            "font": {"color": colour, "size": theme.FONT_SIZE},
        }
    )


def _reference(figure: Figure, value: float, text: str, view: ChartView, *, log: bool = False) -> None:
    layout = figure["layout"]
    layout["shapes"].append(
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": value,
            "y1": value,
            "layer": "below",
            "line": {"color": theme.quiet(view.dark), "width": 1.2, "dash": "longdash"},
        }
    )
    layout["annotations"].append(
        {
            "xref": "paper",
            "x": 1,
            "xanchor": "right",
            "y": float(np.log10(value)) if log else value,
            "yanchor": "bottom",
            "text": text,
            "showarrow": False,
            "font": {"color": theme.quiet(view.dark), "size": theme.FONT_SIZE - 2},
        }
    )


EVENTS = {
    "learning_rate": N_("rate → {value}"),
    "early_stop": N_("stopped early"),
    "recovered": N_("went on after a loss of its process"),
}


def _events(figure: Figure, curves: Curves, view: ChartView, translate: Translate) -> None:
    """Vertical lines where something was done to the run."""
    for event in curves.events:
        if event.kind not in EVENTS:
            continue
        x = _place(event.step, curves, view)
        value = "" if event.value is None else f"{event.value:g}"
        figure["layout"]["shapes"].append(
            {
                "type": "line",
                "x0": x,
                "x1": x,
                "yref": "paper",
                "y0": 0,
                "y1": 1,
                "line": {"color": theme.quiet(view.dark), "width": 1.5, "dash": "dot"},
            }
        )
        figure["layout"]["annotations"].append(
            {
                "x": float(np.log10(x)) if view.log_x else x,
                "yref": "paper",
                "y": 0.02,
                "yanchor": "bottom",
                "xanchor": "left",
                "xshift": 4,
                "text": translate(EVENTS[event.kind]).format(value=value),
                "showarrow": False,
                "font": {"size": theme.FONT_SIZE - 2, "color": theme.quiet(view.dark)},
            }
        )


def _place(step: int, curves: Curves, view: ChartView) -> float:
    """Where a step is on the horizontal axis."""
    if view.x == "step":
        return float(max(step, 0.5) if view.log_x else step)
    records = curves.steps if len(curves.steps) else curves.evaluations
    if not len(records):
        return 0.5 if view.log_x else 0.0
    index = min(int(np.searchsorted(records["step"], step)), len(records) - 1)
    return float(_x(records, view)[index])


def _clear(colour: str, alpha: float) -> str:
    red, green, blue = (int(colour[i : i + 2], 16) for i in (1, 3, 5))
    return f"rgba({red},{green},{blue},{alpha})"
