"""Gradient descent on a loss with two minima as a chart."""

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


def trajectory_chart(trajectory: NDArray[np.float64], dark: bool, translate: Translate) -> Figure:
    """The loss with the trajectory on it."""
    layout = theme.layout(translate(N_("Trajectory")), translate(N_("Weight")), dark=dark, revision="minima")
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(-VIEW, VIEW)
    layout["yaxis"] |= ends(LOW, HIGH) | {"title": {"text": translate(N_("Loss"))}}
    x = np.linspace(-VIEW, VIEW, 201)
    line = {"type": "scatter", "mode": "lines", "showlegend": False}
    curve = line | {
        "uid": "loss",
        "x": packed(x),
        "y": packed(height(x)),
        "line": {"color": theme.quiet(dark), "width": 2.5},
        "hoverinfo": "skip",
    }
    visible = trajectory[np.abs(trajectory) <= 3 * VIEW]
    color = theme.run_color(1, dark)
    path = line | {
        "uid": "trajectory",
        "mode": "lines+markers",
        "x": packed(visible),
        "y": packed(height(visible)),
        "line": {"color": color, "width": 1.8},
        "marker": {"size": [8.0] * (len(visible) - 1) + [15.0], "color": color},
        "customdata": packed(np.arange(len(visible))),
        "hovertemplate": "%{customdata}: %{x:.3g}, %{y:.3g}<extra></extra>",
    }
    return {"data": [curve, path], "layout": layout}
