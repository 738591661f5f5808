"""Accuracy against the strength of a disturbance, for several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.messages import ACCURACY, N_, Translate

Figure = dict[str, Any]


def chart(
    names: Sequence[str],
    strengths: Sequence[float],
    accuracy: NDArray[np.float32],
    chosen: float,
    x_title: str,
    dark: bool,
    translate: Translate,
) -> Figure:
    """A curve for each run (`accuracy`: runs × strengths); a line at the strength that is looked at."""
    layout = theme.layout(translate(N_("Accuracy")), x_title, dark=dark, revision="disturb", across=x_title)
    layout["yaxis"] |= {"range": [0, 1.02], "tickformat": ".0%", "fixedrange": True}
    layout["xaxis"] |= {"fixedrange": True}
    layout["margin"] |= {"t": 60 + 22 * len(names), "b": 56}
    layout["shapes"].append(
        {
            "type": "line",
            "x0": chosen,
            "x1": chosen,
            "y0": 0,
            "y1": 1,
            "yref": "paper",
            "line": {"color": theme.quiet(dark), "width": 2, "dash": "dot"},
        }
    )
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "uid": str(number),
            "name": escape.plotly(name),
            "x": list(strengths),
            "y": packed(values),
            "line": {"color": theme.run_color(number, dark), "dash": theme.run_dash(number), "width": 3},
            "marker": {"size": 8},
            "hovertemplate": f"%{{y:{ACCURACY}}}",
        }
        for number, (name, values) in enumerate(zip(names, accuracy, strict=True))
    ]
    return {"data": traces, "layout": layout}
