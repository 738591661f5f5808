"""Binary cross-entropy as curves, for both answers."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.ideas.loss.binary_cross_entropy import concept
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
HIGHEST = 10.0  # loss shown
LOWEST = 1e-4  # on the log axis


def binary_chart(probability: float, target: int, log: bool, dark: bool, translate: Translate) -> Figure:
    """Binary cross-entropy against the probability given to yes, for both answers, with the chosen one marked."""
    layout = theme.layout(
        translate(N_("Binary cross-entropy")),
        translate(N_("Probability of yes")),
        dark=dark,
        revision="binary",
        up=str(log),
    )
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(0, 1)
    low, high = float(np.log10(LOWEST)), float(np.log10(HIGHEST))
    layout["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high) if log else ends(0, HIGHEST)
    p = np.linspace(1e-5, 1 - 1e-5, 800)
    figure: Figure = {"data": [], "layout": layout}
    for answer, name in ((1, translate(N_("the answer is yes"))), (0, translate(N_("the answer is no")))):
        figure["data"].append(
            {
                "type": "scatter",
                "mode": "lines",
                "uid": f"answer-{answer}",
                "name": name,
                "x": packed(p),
                "y": packed(concept.binary_cross_entropy(p, answer)),
                "line": {"color": theme.run_color(answer, dark), "dash": theme.run_dash(1 - answer), "width": 2.5},
                "hovertemplate": "%{x:.3f}: %{y:.4g}<extra></extra>",
            }
        )
    loss = float(concept.binary_cross_entropy(probability, target))
    figure["data"].append(
        {
            "type": "scatter",
            "mode": "markers",
            "uid": "here",
            "x": [probability],
            "y": [min(max(loss, LOWEST), HIGHEST)],
            "marker": {"size": 16, "color": theme.run_color(target, dark)},
            "cliponaxis": False,
            "showlegend": False,
            "hovertemplate": "%{x:.3f}: %{y:.4g}<extra></extra>",
        }
    )
    figure["data"] += spread(layout)
    return figure
