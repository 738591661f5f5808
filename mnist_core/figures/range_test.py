"""A range test as a chart: loss and accuracy against the rising rate, and the rates that it suggests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mnist_core.diagnostics.range_test import Reading, SuggestionKind
from mnist_core.figures import marks, theme
from mnist_core.figures.axes import ChartView, Floats, clipped, ends, log_ticks, packed, spread, top_of_loss
from mnist_core.messages import ANY_SIZE, N_, Message, Translate, message, number_text

Figure = dict[str, Any]
NAMES: Mapping[SuggestionKind, str] = {
    "valley": N_("valley"),
    "steepest": N_("steepest"),
    "tenth": N_("a tenth"),
}
SYMBOLS: Mapping[SuggestionKind, str] = {"valley": "circle", "steepest": "triangle-down", "tenth": "square"}


def chart(
    run_id: str,
    reading: Reading,
    lowest: float,
    highest: float,
    chance: float,
    dark: bool,
    translate: Translate,
    *,
    guess: float = 0.1,
) -> Figure:
    """Losses above, raw ones faint and smoothed ones strong; below the smoothed accuracy with the suggestions marked on it.

    The rates that break are shaded. `chance`, `guess`: loss and accuracy of a guess.
    """
    title = translate(N_("Loss and accuracy as the rate rises"))
    layout = theme.layout(title, translate(N_("Learning rate")), dark=dark, revision=f"{run_id}-range")
    layout["hovermode"] = "closest"
    low, high = float(np.log10(lowest)), float(np.log10(highest))
    layout["xaxis"] |= ends(low, high, log=True) | log_ticks(low, high) | {"anchor": "y2"}
    top = _top(reading, chance)
    shares = {"domain": [0, 0.4], "tickformat": ".0%", "dtick": 0.25, "title": {"text": translate(N_("Accuracy"))}}
    layout["yaxis2"] = layout["yaxis"] | ends(0, 1.02) | shares
    layout["yaxis"] |= ends(0, top) | {"domain": [0.48, 1], "title": {"text": translate(N_("Loss"))}}
    figure: Figure = {"data": [], "layout": layout}
    color = theme.SPLIT_STYLES["train"].color(dark)
    for uid, values, width, name in (
        ("raw", reading.losses, 1.0, N_("every mini-batch")),
        ("smoothed", reading.smoothed, 3.5, N_("smoothed")),
    ):
        line = _line(uid, reading, clipped(values.astype(np.float32), top), translate(name), color, width)
        line["opacity"] = 0.4 if uid == "raw" else 1.0
        line["hovertemplate"] = f"%{{x:.3g}}: %{{y:{ANY_SIZE}}}<extra></extra>"
        figure["data"].append(line)
    fraction = _line("accuracy", reading, reading.accuracies.astype(np.float32), translate(N_("Accuracy")), color, 3.5)
    fraction |= {"yaxis": "y2", "showlegend": False, "hovertemplate": "%{x:.3g}: %{y:.0%}<extra></extra>"}
    figure["data"].append(fraction)
    figure["data"] += [_mark(reading, index, dark, translate) for index in range(len(reading.suggestions))]
    text = translate(N_("chance: {value}"))
    marks.reference(figure, chance, text.format(value=f"{chance:.3f}"), ChartView(dark=dark))
    marks.reference(figure, guess, text.format(value=f"{guess:.0%}"), ChartView(dark=dark))
    for words in (layout["shapes"][-1], layout["annotations"][-1]):
        words["yref"] = "y2"
    if reading.breaks is not None and reading.breaks < highest:
        _shade(layout, reading.breaks, highest, dark, translate)
    ends_of_y2 = spread({"xaxis": layout["xaxis"], "yaxis": layout["yaxis2"]})
    figure["data"] += [trace | {"yaxis": "y2"} for trace in ends_of_y2]
    return figure


def _top(reading: Reading, chance: float) -> float:
    """The greatest loss shown: what broke is shaded, and what the loss began with is seen."""
    whole = reading.smoothed[np.isfinite(reading.smoothed)]
    first = 1.1 * float(whole[0]) if len(whole) else 0.0
    return max(first, min(2 * chance, top_of_loss([reading.losses.astype(np.float32)], chance)))


def _line(uid: str, reading: Reading, values: Floats, name: str, color: str, width: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "x": packed(reading.rates),
        "y": packed(values),
        "name": name,
        "line": {"color": color, "width": width},
    }


def _mark(reading: Reading, index: int, dark: bool, translate: Translate) -> dict[str, Any]:
    suggestion = reading.suggestions[index]
    place = int(np.nanargmin(np.abs(np.log10(reading.rates) - np.log10(suggestion.rate))))
    name = f"{translate(NAMES[suggestion.kind])}: {number_text(suggestion.rate, 2)}"
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": suggestion.kind,
        "x": [suggestion.rate],
        "y": [float(reading.accuracies[place])],
        "yaxis": "y2",
        "name": name,
        "marker": {
            "size": 17,
            "symbol": SYMBOLS[suggestion.kind],
            "color": theme.run_color(index + 1, dark),
            "line": {"width": 2, "color": theme.ink(dark)},
        },
        "hovertemplate": f"{name}<extra></extra>",
    }


def _shade(layout: dict[str, Any], low: float, high: float, dark: bool, translate: Translate) -> None:
    layout["shapes"].append(
        {
            "type": "rect",
            "yref": "paper",
            "x0": low,
            "x1": high,
            "y0": 0,
            "y1": 1,
            "fillcolor": theme.broken(dark),
            "opacity": 0.12,
            "line": {"width": 0},
            "layer": "below",
        }
    )
    layout["annotations"].append(
        {
            "x": float(np.log10(high)),
            "xanchor": "right",  # beyond the end of the axis there is no room, however few rates break
            "yref": "y2",  # high up, where the accuracy of what broke is not
            "y": 1,
            "yanchor": "top",
            "showarrow": False,
            "text": translate(N_("breaks")),
            "font": {"size": theme.NOTE_SIZE, "color": theme.broken(dark)},
            "bgcolor": theme.veil(dark),
        }
    )


def describe(reading: Reading) -> Message:
    """The chart in words, for those who do not see it."""
    return message(
        N_("Loss and accuracy at {n} rising rates. {said}"),
        n=int(np.isfinite(reading.losses).sum()),
        said=reading.finding,
    )
