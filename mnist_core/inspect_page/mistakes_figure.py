"""A network's mistakes: confusion matrix, accuracy by class, reliability."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.diagnostics.mistakes import Reliability
from mnist_core.figures import cells, class_names, theme
from mnist_core.figures.axes import packed
from mnist_core.figures.class_names import DIGITS, Classes
from mnist_core.messages import N_, Message, Translate, accuracy_text, message
from mnist_core.records import Split

Figure = dict[str, Any]


def matrix(
    counts: NDArray[np.int64], rates: bool, dark: bool, translate: Translate, classes: Classes = DIGITS
) -> Figure:
    """How often each class (rows) was answered with each (columns): right answers in one color, mistakes in another.

    Mistakes are colored against the most frequent one: beside the right answers they would all look like none.
    """
    layout = theme.layout("", translate(N_("Predicted class")), dark=dark, revision="confusion")
    layout["hovermode"] = "closest"
    layout["margin"] |= {"t": 30}
    axis = {"showgrid": False, "fixedrange": True, "ticks": ""} | class_names.letters(classes)
    layout["xaxis"] |= axis | {"type": "category"} | class_names.letters(classes, slanted=True)
    layout["yaxis"] |= axis | {
        "autorange": "reversed",
        "tickvals": list(range(len(classes))),
        "ticktext": class_names.ticks(classes),
        "title": {"text": translate(N_("True class"))},
    }
    totals = np.maximum(counts.sum(1, keepdims=True), 1)
    cell_values = counts / totals if rates else counts.astype(np.float64)
    texts = [[_number(value, rates) for value in row] for row in cell_values]
    right = np.eye(len(classes), dtype=bool)
    ground = theme.cell(dark)
    traces, fills = [], np.empty(counts.shape, object)
    for name, mask, color in (
        ("right", right, theme.SPLIT_STYLES["train"].color(dark)),
        ("wrong", ~right, theme.broken(dark)),
    ):
        values = np.where(mask, cell_values, np.nan)
        most = float(max(np.nanmax(values), 1e-9))
        for row, column in np.argwhere(mask):
            fills[row, column] = theme.mix(ground, color, float(cell_values[row, column]) / most)
        colors = {"zmin": 0, "zmax": most, "colorscale": [[0, ground], [1, color]]}
        hover = "%{y} → %{x}: " + ("%{z:.1%}" if rates else "%{z:,.0f}") + "<extra></extra>"
        traces.append(_cells(name, values, classes) | colors | {"hovertemplate": hover})
    across = class_names.ticks(classes)
    traces.append(cells.words("numbers", texts, lambda row, column: fills[row, column], x=across, size=theme.NOTE_SIZE))
    return {"data": traces, "layout": layout}


def _cells(uid: str, values: NDArray[np.float64], classes: Classes) -> dict[str, Any]:
    """Those cells of the matrix that have a value."""
    return {
        "type": "heatmap",
        "uid": uid,
        "x": class_names.ticks(classes),
        "y": list(range(len(classes))),
        "z": packed(values),
        "showscale": False,
        "hoverongaps": False,
        "xgap": 2,
        "ygap": 2,
    }


def _number(value: float, rates: bool) -> str:
    if not value:
        return ""
    return f"{100 * value:.1f}" if rates else f"{value:,.0f}"


def describe(counts: NDArray[np.int64], classes: Classes = DIGITS) -> Message:
    """The matrix in words; what shows it as Markdown escapes it, since names may be typed."""
    wrong = counts - np.diag(counts.diagonal())
    true, answer = (int(place) for place in np.unravel_index(int(wrong.argmax()), wrong.shape))
    if not wrong.any():
        return message(N_("All {images} images are classified correctly."), images=f"{counts.sum():,}")
    return message(
        N_(
            "{right} of {images} images are classified correctly. The most frequent mistake: {true} taken for {answer}, once."
        )
        if wrong.max() == 1
        else N_(
            "{right} of {images} images are classified correctly. The most frequent mistake: {true} taken for {answer}, {number} times."
        ),
        right=f"{counts.diagonal().sum():,}",
        images=f"{counts.sum():,}",
        number=int(wrong.max()),
        true=classes[true].plain,
        answer=classes[answer].plain,
    )


def by_class(
    accuracies: NDArray[np.float64], part: Split, dark: bool, translate: Translate, classes: Classes = DIGITS
) -> Figure:
    """Accuracy of the images of each class as bars, in the color of their part."""
    layout = theme.layout(translate(N_("Accuracy by class")), "", dark=dark, revision="by-class")
    layout["hovermode"] = "closest"
    layout["xaxis"] |= {"type": "category", "showgrid": False, "fixedrange": True}
    layout["xaxis"] |= class_names.letters(classes, slanted=True)
    layout["yaxis"] |= {"range": [0, 1.12], "tickformat": ".0%", "dtick": 0.25, "fixedrange": True}
    trace = {
        "type": "bar",
        "uid": "by-class",
        "x": class_names.ticks(classes),
        "y": packed(np.nan_to_num(accuracies)),
        "text": [f"{value:.1%}" if np.isfinite(value) else "" for value in accuracies],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": theme.SPLIT_STYLES[part].color(dark)},
        "hovertemplate": "%{x}: %{y:.1%}<extra></extra>",
    }
    return {"data": [trace], "layout": layout}


def reliability_chart(reliability: Reliability, part: Split, dark: bool, translate: Translate) -> Figure:
    """How often answers of each sureness are right, beside the line on which a network knows what it knows."""
    layout = theme.layout(
        translate(N_("Is 90% confidence right nine times out of ten?")),
        translate(N_("Confidence")),
        dark=dark,
        revision="reliability",
    )
    layout["hovermode"] = "closest"
    layout["showlegend"] = False
    ends = {"range": [0, 1.04], "tickformat": ".0%", "dtick": 0.25, "fixedrange": True}
    layout["xaxis"] |= ends
    layout["yaxis"] |= ends | {"title": {"text": translate(N_("Accuracy"))}}
    filled = reliability.images > 0
    line = {
        "type": "scatter",
        "mode": "lines",
        "uid": "honest",
        "x": [0, 1],
        "y": [0, 1],
        "hoverinfo": "skip",
        "line": {"color": theme.quiet(dark), "dash": "dot", "width": 2},
    }
    style = theme.SPLIT_STYLES[part]
    points = {
        "type": "scatter",
        "mode": "lines+markers",
        "cliponaxis": False,
        "uid": "reliability",
        "x": packed(reliability.confidence[filled]),
        "y": packed(reliability.accuracy[filled]),
        "customdata": [int(number) for number in reliability.images[filled]],
        "line": {"color": style.color(dark), "width": 3},
        # The area of a sign is the number of its images, from a visible smallest on.
        "marker": {
            "color": style.color(dark),
            "size": (8 + 22 * np.sqrt(reliability.images[filled] / reliability.images.max())).tolist(),
        },
        "hovertemplate": translate(N_("confidence %{x:.0%}, accuracy %{y:.0%}, images %{customdata:,}"))
        + "<extra></extra>",
    }
    return {"data": [line, points], "layout": layout}


def describe_reliability(reliability: Reliability) -> Message:
    """The diagram in words."""
    mean = float(np.nansum(reliability.confidence * reliability.images) / reliability.images.sum())
    right = float(np.nansum(reliability.accuracy * reliability.images) / reliability.images.sum())
    return message(
        N_("Mean confidence {sure}, accuracy {right}; expected calibration error (ECE) {error}."),
        sure=accuracy_text(mean),
        right=accuracy_text(right),
        error=accuracy_text(reliability.error),
    )
