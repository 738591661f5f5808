"""A walk through two valleys as a chart."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, packed
from mnist_core.ideas.loss.local_minima.concept import height
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
VIEW = 2.5  # the picture reaches from −VIEW to VIEW
LOW, HIGH = -1.8, 4.5


def hills_chart(walked: NDArray[np.float64], dark: bool, translate: Translate) -> Figure:
    """The loss with the places of the walk on it."""
    layout = theme.layout(translate(N_("Trajectory")), translate(N_("Weight")), dark=dark, revision="hills")
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(-VIEW, VIEW)
    layout["yaxis"] |= ends(LOW, HIGH) | {"title": {"text": translate(N_("Loss"))}}
    x = np.linspace(-VIEW, VIEW, 201)
    line = {"type": "scatter", "mode": "lines", "showlegend": False}
    hills = line | {
        "uid": "hills",
        "x": packed(x),
        "y": packed(height(x)),
        "line": {"color": theme.quiet(dark), "width": 2.5},
        "hoverinfo": "skip",
    }
    seen = walked[np.abs(walked) <= 3 * VIEW]
    color = theme.run_color(1, dark)
    walk = line | {
        "uid": "walk",
        "mode": "lines+markers",
        "x": packed(seen),
        "y": packed(height(seen)),
        "line": {"color": color, "width": 1.8},
        "marker": {"size": [8.0] * (len(seen) - 1) + [15.0], "color": color},
        "customdata": packed(np.arange(len(seen))),
        "hovertemplate": "%{customdata}: %{x:.3g}, %{y:.3g}<extra></extra>",
    }
    return {"data": [hills, walk], "layout": layout}
