"""A run's records as charts: loss, accuracy, gradient, learning rate.

Figures are plain dicts (building plotly's objects costs five times as much), numbers travel as packed float32.
Divergence is an object of the chart: the axis stays readable for everything else, and where a curve leaves it or
stops being a number, a sign says at which step and how far it went.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from mnist_core.diagnostics import chance_accuracy, chance_loss
from mnist_core.figures import marks, theme
from mnist_core.figures.axes import (
    Across,
    ChartView,
    Floats,
    clipped,
    downsampled_rows,
    ends,
    log_ticks,
    loss_axis,
    packed,
    positive_ends,
    records_apart,
    smooth,
    spread,
    top_of_loss,
)
from mnist_core.messages import ACCURACY, ANY_SIZE, N_, Message, Translate, measured_text, message
from mnist_core.records import SPLITS, Curves, Run, Split

__all__ = ["ChartView", "accuracy_chart", "describe_chart", "gradient_chart", "loss_chart", "rate_chart"]

Figure = dict[str, Any]
Trace = dict[str, Any]
Make = Callable[[Run, Curves, ChartView, Translate], Figure]
AXES = {"step": N_("Step (weight updates)"), "epoch": N_("Epoch"), "seconds": N_("Training time (seconds)")}
SHARES = {"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.2}  # an axis of accuracies


def loss_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """Mini-batch loss (mean, with a band from least to greatest) and evaluated loss of the parts shown."""
    figure, across = _figure(translate(N_("Loss")), run, curves, view, translate)
    chance = chance_loss(run.config)
    top = _loss_top(run, curves, view)
    figure["data"] += _batch_loss(curves, across, view, top, translate)
    figure["data"] += _parts(curves, "loss", across, view, top, translate)
    marks.mark_departure(figure, curves, across, top, view, translate)
    marks.mark_spikes(figure, curves, across, top, view, theme.SPLIT_STYLES["train"].color(view.dark))
    text = translate(N_("chance: {value}")).format(value=f"{chance:.3f}")
    marks.reference(figure, chance, text, view, log=view.log_y)
    marks.events(figure, curves, across, view, translate, at_top=not view.log_y)
    columns = [*_columns(curves, "loss"), curves.steps["loss_min"]]
    figure["layout"]["yaxis"] |= loss_axis(columns, top, view)
    figure["data"] += spread(figure["layout"], empty=_is_empty(curves))
    return figure


def accuracy_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """Accuracy of the parts shown, 0 to 1."""
    figure, across = _figure(translate(N_("Accuracy")), run, curves, view, translate)
    figure["data"] += _parts(curves, "accuracy", across, view, np.inf, translate)
    guess = chance_accuracy(run.config)
    marks.reference(figure, guess, translate(N_("chance: {value}")).format(value=f"{guess:.0%}"), view)
    marks.events(figure, curves, across, view, translate, at_top=False)
    figure["layout"]["yaxis"] |= SHARES
    figure["data"] += spread(figure["layout"], empty=_is_empty(curves))
    return figure


def gradient_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """Length of the whole gradient, mean and greatest of each window, on a log axis."""
    steps = curves.steps[downsampled_rows(curves.steps["gradient_norm_max"])]
    figure, across = _figure(translate(N_("Gradient norm")), run, curves, view, translate)
    color = theme.run_color(3, view.dark)
    for name, column, width in (
        (N_("maximum of the window"), "gradient_norm_max", 1.2),
        (N_("mean"), "gradient_norm", 2.5),
    ):
        shade = color if width > 2 else theme.transparent(color, 0.6)
        values = steps[column]
        trace = line_of(across.values(steps), _positive(values), translate(name), shade, "solid", width)
        figure["data"].append(trace | {"uid": column, "hovertemplate": "%{y:.3g}"})
    low, high = np.log10(positive_ends([steps["gradient_norm"], steps["gradient_norm_max"]]))
    low, high = float(np.floor(low)), float(np.ceil(high + 0.05))
    figure["layout"]["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    marks.mark_break(figure, curves, across, 10 ** (high - 0.05 * (high - low)), view, translate)
    marks.events(figure, curves, across, view, translate, at_top=True)
    figure["data"] += spread(figure["layout"], empty=_is_empty(curves))
    return figure


def rate_chart(run: Run, curves: Curves, view: ChartView, translate: Translate) -> Figure:
    """The learning rate in use."""
    steps = curves.steps[downsampled_rows(curves.steps["learning_rate"])]
    figure, across = _figure(translate(N_("Learning rate in use")), run, curves, view, translate)
    name, color = translate(N_("learning rate")), theme.run_color(4, view.dark)
    trace = line_of(across.values(steps), steps["learning_rate"], name, color, "solid", 2.5)
    # A window's rate is that of its last step: the line rises or falls before it.
    trace["line"]["shape"] = "vh" if (steps["steps"] > 1).any() else "hv"
    figure["data"].append(trace | {"hovertemplate": "%{y:.4g}"})
    figure["layout"]["yaxis"] |= {"rangemode": "tozero"}
    marks.events(figure, curves, across, view, translate, at_top=False)
    figure["data"] += spread(figure["layout"], empty=_is_empty(curves))
    return figure


def _is_empty(curves: Curves) -> bool:
    """Whether nothing of the run is drawn yet: one that waits, or was stopped before its first update."""
    return not len(curves.steps) and not len(curves.evaluations)


def describe_chart(run: Run, curves: Curves, kind: str) -> Message:
    """The chart in words, for those who do not see it: last values, the best, and whether the loss left the chart."""
    evaluations = curves.evaluations
    if kind not in ("loss", "accuracy") or not len(evaluations):
        return message(N_("Chart of this run. Points: {n}."), n=len(curves.steps))
    last = evaluations[-1]
    values = {split: _number_text(float(last[f"{split}_{kind}"])) for split in SPLITS}
    name = message(N_("Loss") if kind == "loss" else N_("Accuracy"))
    template = N_("{name} after step {step}: training {train}, validation {validation}, test {test}.")
    sentence = message(template, name=name, step=f"{int(last['step']):,}", **values)
    further = [_best(curves, kind)]
    if kind == "loss":
        further += [marks.departure_message(curves, _loss_top(run, curves, ChartView())), marks.not_a_number(curves)]
    for more in further:
        sentence = sentence if more is None else Message("{sentence} {more}", {"sentence": sentence, "more": more})
    return sentence


def _best(curves: Curves, kind: str) -> Message | None:
    """The best measured value, on validation images where there are any; None where there is none."""
    for split in ("validation", "test"):
        values = curves.evaluations[f"{split}_{kind}"]
        rows = np.flatnonzero(np.isfinite(values))
        if len(rows):
            row = rows[values[rows].argmin() if kind == "loss" else values[rows].argmax()]
            template = {
                "validation": N_("Best on the validation set: {value} at step {step}."),
                "test": N_("Best on the test set: {value} at step {step}."),
            }[split]
            step = f"{int(curves.evaluations['step'][row]):,}"
            return message(template, value=_number_text(float(values[row])), step=step)
    return None


def _number_text(value: float) -> str:
    return "–" if np.isnan(value) else measured_text(value)


# ---- the figure ------------------------------------------------------------------------------------------------


def _figure(title: str, run: Run, curves: Curves, view: ChartView, translate: Translate) -> tuple[Figure, Across]:
    totals = {"step": run.config.total_steps, "epoch": run.config.epochs}
    across = Across.of([curves], view, totals.get(view.x))
    return empty(title, run.id, across, view, translate), across


def empty(title: str, revision: str, across: Across, view: ChartView, translate: Translate) -> Figure:
    """A chart without curves; `revision`: what it is about."""
    layout = theme.layout(
        title,
        translate(AXES[view.x]),
        dark=view.dark,
        revision=revision,
        across=f"{view.x}-{view.log_x}",
        up=str(view.log_y),
    )
    layout["xaxis"] |= across.layout()
    return {"data": [], "layout": layout}


def _columns(curves: Curves, metric: str) -> list[Floats]:
    return [curves.evaluations[f"{split}_{metric}"] for split in SPLITS]


def _loss_top(run: Run, curves: Curves, view: ChartView) -> float:
    columns = [*_columns(curves, "loss"), curves.steps["loss"]]
    return top_of_loss(columns, chance_loss(run.config), log=view.log_y)


# ---- traces ----------------------------------------------------------------------------------------------------


def _batch_loss(curves: Curves, across: Across, view: ChartView, top: float, translate: Translate) -> list[Trace]:
    steps = curves.steps[downsampled_rows(curves.steps["loss_max"])]
    if not len(steps):
        return []
    color = theme.SPLIT_STYLES["train"].color(view.dark)
    x, values = across.values(steps), clipped(steps["loss"], top)
    name = translate(N_("Mini-batches"))
    traces = []
    if (steps["steps"] > 1).any():
        for column, more in (
            ("loss_min", {}),
            ("loss_max", {"fill": "tonexty", "fillcolor": theme.transparent(color, 0.16)}),
        ):
            band = behind(line_of(x, clipped(steps[column], top), name, color, "solid", 0), column, "batches")
            traces.append(band | more)
    if view.smoothing:
        traces.append(
            behind(line_of(x, values, name, theme.transparent(color, 0.22), "solid", 1), "batches-raw", "batches")
        )
        values = smooth(values, view.smoothing)
    line = line_of(x, values, name, theme.transparent(color, 0.5), "solid", 1.3) | {
        "uid": "batches",
        "legendgroup": "batches",
    }
    return [*traces, line | hover_of(steps["loss"], top, ANY_SIZE)]


def _parts(
    curves: Curves, metric: str, across: Across, view: ChartView, top: float, translate: Translate
) -> list[Trace]:
    """The evaluated curves, told apart by color, dash, sign and name."""
    traces = []
    # Beside steps, hover tells the epoch too: once, with the first curve.
    epochs = f"  ·  {translate(AXES['epoch'])} " if view.x == "step" else ""
    for split in view.splits:
        values = curves.evaluations[f"{split}_{metric}"]
        if not np.isfinite(values).any() and split != "train":  # there is no such part, or it is sealed
            continue
        hover = hover_of(values, top, ANY_SIZE if metric == "loss" else ACCURACY, curves.evaluations["epoch"], epochs)
        traces += _part(split, curves, clipped(values, top), across, view, translate, hover)
        epochs = ""
    return traces


def _part(
    split: Split, curves: Curves, values: Floats, across: Across, view: ChartView, translate: Translate, hover: Trace
) -> list[Trace]:
    style = theme.SPLIT_STYLES[split]
    color, name = style.color(view.dark), translate(style.name)
    x = across.values(curves.evaluations)
    traces = []
    if view.smoothing:
        raw = line_of(x, values, name, theme.transparent(color, 0.3), style.dash, 1.2)
        traces.append(behind(raw, f"{split}-raw", split))
        values = smooth(values, view.smoothing, records_apart(curves))
    trace = line_of(x, values, name, color, style.dash, 2.8) | {"uid": split, "legendgroup": split}
    marker = {"symbol": style.symbol, "size": 7 if len(values) < 60 else 4, "color": color}
    return [*traces, trace | {"mode": "lines+markers", "marker": marker} | hover]


def line_of(x: Floats, y: Floats, name: str, color: str, dash: str, width: float) -> Trace:
    """A curve; gaps stay gaps."""
    return {
        "type": "scatter",
        "mode": "lines",
        "x": packed(x),
        "y": packed(y),
        "name": name,
        "line": {"color": color, "dash": dash, "width": width},
        "connectgaps": False,
    }


def behind(trace: Trace, uid: str, group: str) -> Trace:
    """A trace without hover and legend that is hidden together with its `group`."""
    # Plotly keeps what a student hid by the uid, also when traces come and go before it.
    return trace | {"uid": uid, "hoverinfo": "skip", "showlegend": False, "legendgroup": group}


def hover_of(exact: Floats, top: float, form: str, epochs: Floats | None = None, epoch_text: str = "") -> Trace:
    """What hover tells of each point: its exact value, also where the curve is drawn smoothed or cut off."""
    if epoch_text and epochs is not None:
        # Plotly's fields are put together here, where no words are.
        template = f"%{{customdata[0]:{form}}}" + epoch_text + "%{customdata[1]:.2f}"
        return {"customdata": packed(np.stack([exact, epochs], axis=1)), "hovertemplate": template}
    if (exact > top).any():
        return {"customdata": packed(exact), "hovertemplate": "%{customdata:.4g}"}
    return {"hovertemplate": f"%{{y:{form}}}"}


def _positive(values: Floats) -> Floats:
    return np.where(np.isfinite(values) & (values > 0), values, np.nan).astype(np.float32)
