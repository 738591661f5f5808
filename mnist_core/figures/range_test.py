"""A range test as a chart: the loss against the rising rate, and the rates that it suggests. Knows neither Streamlit nor torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mnist_core.diagnostics.range_test import Reading, SuggestionKind
from mnist_core.figures import marks, theme
from mnist_core.figures.axes import ChartView, drawn, ends, log_ticks, packed, spread, top_of_loss
from mnist_core.messages import N_, Message, Translate, message

Figure = dict[str, Any]
NAMES: Mapping[SuggestionKind, str] = {
    "valley": N_("valley"),
    "steepest": N_("steepest"),
    "tenth": N_("a tenth"),
}
SYMBOLS: Mapping[SuggestionKind, str] = {"valley": "circle", "steepest": "triangle-down", "tenth": "square"}


def chart(
    run_id: str, reading: Reading, lowest: float, highest: float, chance: float, dark: bool, translate: Translate
) -> Figure:
    """Raw losses faint, smoothed ones strong, the suggestions marked on them, the rates that break shaded."""
    title = translate(N_("Loss while the rate rises"))
    layout = theme.layout(title, translate(N_("Learning rate")), dark=dark, revision=f"{run_id}-range")
    layout["hovermode"] = "closest"
    low, high = float(np.log10(lowest)), float(np.log10(highest))
    layout["xaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    top = min(2 * chance, top_of_loss([reading.losses.astype(np.float32)], chance))  # what broke is shaded
    layout["yaxis"] |= ends(0, top)
    colour = theme.SPLIT_STYLES["train"].colour(dark)
    figure: Figure = {"data": [], "layout": layout}
    for uid, values, width, name in (
        ("raw", reading.losses, 1.0, N_("each mini-batch")),
        ("smoothed", reading.smoothed, 3.5, N_("smoothed")),
    ):
        figure["data"].append(
            {
                "type": "scatter",
                "mode": "lines",
                "uid": uid,
                "x": packed(reading.rates),
                "y": packed(drawn(values.astype(np.float32), top)),
                "name": translate(name),
                "line": {"color": colour, "width": width},
                "opacity": 0.4 if uid == "raw" else 1.0,
                "hovertemplate": "%{x:.3g}: %{y:.3f}<extra></extra>",
            }
        )
    figure["data"] += [_mark(reading, index, dark, translate) for index in range(len(reading.suggestions))]
    marks.reference(
        figure, chance, translate(N_("chance: {value}")).format(value=f"{chance:.3f}"), ChartView(dark=dark)
    )
    if reading.breaks is not None and reading.breaks < highest:
        _shade(layout, reading.breaks, highest, dark, translate)
    figure["data"] += spread(layout)
    return figure


def _mark(reading: Reading, index: int, dark: bool, translate: Translate) -> dict[str, Any]:
    one = reading.suggestions[index]
    place = int(np.nanargmin(np.abs(np.log10(reading.rates) - np.log10(one.rate))))
    name = f"{translate(NAMES[one.kind])}: {one.rate:.2g}"
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": one.kind,
        "x": [one.rate],
        "y": [float(reading.smoothed[place])],
        "name": name,
        "marker": {
            "size": 17,
            "symbol": SYMBOLS[one.kind],
            "color": theme.run_colour(index + 1, dark),
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
            "x": float(np.log10(low)),
            "xanchor": "left",
            "yref": "paper",
            "y": 0.03,
            "yanchor": "bottom",
            "showarrow": False,
            "text": translate(N_("breaks")),
            "font": {"size": theme.NOTE_SIZE, "color": theme.broken(dark)},
            "bgcolor": theme.veil(dark),
        }
    )


def describe(reading: Reading) -> Message:
    """The chart in words, for those who do not see it."""
    return message(
        N_("Loss at {n} rising rates. {said}"), n=int(np.isfinite(reading.losses).sum()), said=reading.sentence
    )
