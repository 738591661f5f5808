"""Seconds per epoch against the batch size, with the two numbers that it is made of."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis.batch_times.schema import Parameters, Result
from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.ideas.batch_size.updates_per_epoch.concept import updates_per_epoch
from mnist_core.messages import N_, Translate, number_text

Figure = dict[str, Any]


@dataclass(frozen=True)
class Times:
    """How long one update takes at each batch size."""

    images: int  # in an epoch
    sizes: tuple[int, ...]
    seconds: NDArray[np.float64]  # of one update

    @classmethod
    def of(cls, parameters: Parameters, result: Result) -> Times:
        """From an analysis of the kind batch-times."""
        return cls(parameters.train_size, parameters.batch_sizes, result.seconds)

    @property
    def updates(self) -> NDArray[np.float64]:
        """Updates per epoch at each size."""
        return np.array([updates_per_epoch(self.images, size) for size in self.sizes], float)

    @property
    def epochs(self) -> NDArray[np.float64]:
        """Seconds per epoch at each size: so many updates of so many seconds."""
        return self.updates * self.seconds


def epochs_chart(times: Times, dark: bool, translate: Translate) -> Figure:
    """Seconds per epoch, beside what they would be if every update took as long as that of the smallest batch."""
    layout = _layout(times, translate(N_("Seconds per epoch, extrapolated")), dark, translate, beyond=0.6)
    words = [f"{value:,.0f}" if value >= 9.5 else number_text(value, 2) for value in times.epochs]
    measured = _line("epochs", times.sizes, times.epochs, theme.run_color(0, dark)) | {
        "mode": "lines+markers+text",
        "name": translate(N_("measured")),
        "text": words,
        "textposition": "top right",  # the line comes from above on the left
        "cliponaxis": False,
        "textfont": {"size": theme.FONT_SIZE},
        "marker": {"size": 11},
    }
    same = _line("same", times.sizes, times.updates * times.seconds[0], theme.quiet(dark)) | {
        "mode": "lines",
        "name": translate(N_("if every update took the same time")),
        "line": {"color": theme.quiet(dark), "width": 2, "dash": "dash"},
        "hoverinfo": "skip",
    }
    _scale(layout, [*times.epochs, times.epochs[0]])
    return {"data": [same, measured, *spread(layout)], "layout": layout}


def updates_chart(times: Times, dark: bool, translate: Translate) -> Figure:
    """Updates per epoch at each size."""
    layout = _layout(times, translate(N_("Updates per epoch")), dark, translate)
    _scale(layout, times.updates)
    line = _line("updates", times.sizes, times.updates, theme.run_color(1, dark)) | {"showlegend": False}
    return {"data": [line, *spread(layout)], "layout": layout}


def update_chart(times: Times, dark: bool, translate: Translate) -> Figure:
    """Milliseconds of one update at each size."""
    layout = _layout(times, translate(N_("Milliseconds per update")), dark, translate)
    milliseconds = times.seconds * 1e3
    _scale(layout, milliseconds)
    line = _line("update", times.sizes, milliseconds, theme.run_color(2, dark)) | {"showlegend": False}
    return {"data": [line, *spread(layout)], "layout": layout}


def _layout(times: Times, title: str, dark: bool, translate: Translate, beyond: float = 0.25) -> dict[str, Any]:
    """`beyond`: room on the right of the greatest size, in powers of ten."""
    layout = theme.layout(title, translate(N_("Batch size")), dark=dark, revision=title)
    layout["hovermode"] = "closest"
    high = math.log10(max(times.sizes))
    layout["xaxis"] |= ends(-0.25, high + beyond, log=True) | log_ticks(0, high)
    return layout


def _scale(layout: dict[str, Any], values: Sequence[float] | NDArray[np.float64]) -> None:
    low, high = math.log10(min(values) / 1.6), math.log10(max(values) * 2.2)
    layout["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high)


def _line(uid: str, x: Sequence[int], y: NDArray[np.float64], color: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": uid,
        "x": packed(np.array(x)),
        "y": packed(y),
        "line": {"color": color, "width": 2.6},
        "marker": {"size": 9, "color": color},
        "hovertemplate": "%{x:,.0f}: %{y:,.4~g}<extra></extra>",
    }
