"""Two trainings of one network beside each other: both losses, and below them their difference."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
Floats = NDArray[np.float64]
MINIMUM = 1e-8  # difference shown; float32 tells none that is smaller
LAST_DIGIT = 2.3 * 2.0**-23  # of a loss near ln 10 in float32


def comparison_chart(scratch: Floats, engine: Floats, dark: bool, translate: Translate) -> Figure:
    """The loss of each update: the engine's as a broad line, that from scratch as dots on it; |difference| on a log axis."""
    layout = theme.layout(
        translate(N_("Loss of each batch, and the difference between the curves")),
        translate(N_("Update")),
        dark=dark,
        revision="comparison",
    )
    difference = np.maximum(np.abs(scratch - engine), MINIMUM)
    layout["xaxis"] |= ends(0, len(scratch)) | {"anchor": "y2"}
    top = 1.05 * float(max(np.max(scratch), np.max(engine)))
    low, high = float(np.log10(MINIMUM)), float(max(-5.0, np.ceil(np.log10(difference.max()))))
    layout["yaxis2"] = (
        layout["yaxis"] | ends(low, high, log=True) | log_ticks(low, high) | {"dtick": 2, "domain": [0, 0.32]}
    )
    layout["yaxis"] |= ends(0, top) | {"domain": [0.42, 1], "title": {"text": translate(N_("Loss"))}}
    ends_of_y2 = spread({"xaxis": layout["xaxis"], "yaxis": layout["yaxis2"]})
    lines = _lines(scratch, engine, difference, dark, translate)
    return {"data": lines + [trace | {"yaxis": "y2"} for trace in ends_of_y2], "layout": layout}


def _lines(
    scratch: Floats, engine: Floats, difference: Floats, dark: bool, translate: Translate
) -> list[dict[str, Any]]:
    """Both losses, their difference, and the last digit of a number."""
    line = {"type": "scatter", "mode": "lines", "x": packed(np.arange(1, len(scratch) + 1))}
    return [
        line
        | {
            "uid": "engine",
            "name": translate(N_("MNIST Lab")),
            "y": packed(engine),
            "line": {"color": theme.run_color(0, dark), "width": 6},
            "opacity": 0.45,
            "hovertemplate": "%{y:.7f}",
        },
        line
        | {
            "uid": "scratch",
            "name": translate(N_("from scratch")),
            "y": packed(scratch),
            "line": {"color": theme.run_color(1, dark), "width": 2, "dash": "dot"},
            "hovertemplate": "%{y:.7f}",
        },
        line
        | {
            "uid": "difference",
            "name": translate(N_("difference")),
            "y": packed(difference),
            "yaxis": "y2",
            "line": {"color": theme.ink(dark), "width": 1.6},
            "hovertemplate": "%{y:.2g}",
        },
        line
        | {
            "uid": "digit",
            "name": translate(N_("the last digit of float32")),
            "x": [0, len(scratch)],
            "y": [LAST_DIGIT, LAST_DIGIT],
            "yaxis": "y2",
            "line": {"color": theme.quiet(dark), "width": 1.6, "dash": "dash"},
            "hoverinfo": "skip",
        },
    ]
