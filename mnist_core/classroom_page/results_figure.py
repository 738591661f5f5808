"""All curves of a round as thin lines that say whose they are, for a report; the board's are drawn alive, and say nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core import escape
from mnist_core.diagnostics import chance_loss
from mnist_core.figures import theme
from mnist_core.figures.axes import Across, ChartView, clipped, loss_axis, packed, spread, top_of_losses
from mnist_core.figures.curves import SHARES, empty
from mnist_core.figures.overlay import Metric, heading
from mnist_core.messages import ACCURACY, ANY_SIZE, Translate
from mnist_core.records import Curves, Run, Split

Figure = dict[str, Any]
CURVE_POINTS = 80  # of a thin line, at most: there may be thousands of them
PLAIN = 0.5  # place on the scale of colors of lines that have no order


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
                "hovertemplate": f"%{{y:{ACCURACY}}}" if metric == "accuracy" else f"%{{y:{ANY_SIZE}}}",
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
