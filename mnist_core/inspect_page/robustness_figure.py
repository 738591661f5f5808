"""Accuracy against the strength of a disturbance, for several runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.messages import ACCURACY, N_, Translate
from mnist_core.records import Split

Figure = dict[str, Any]


def chart(
    names: Sequence[str],
    splits: Sequence[Split | Literal[""]],
    strengths: Sequence[float],
    accuracy: NDArray[np.float32],
    chosen: float,
    x_title: str,
    dark: bool,
    translate: Translate,
) -> Figure:
    """A curve for each run (`accuracy`: runs × strengths); a line at the strength that is looked at.

    `splits`: of the images of each run, which stand in the title, or with each name where they are not the same for all.
    """
    title, names = _named(names, splits, translate)
    layout = theme.layout(title, x_title, dark=dark, revision="disturb", across=x_title)
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


def _named(
    names: Sequence[str], splits: Sequence[Split | Literal[""]], translate: Translate
) -> tuple[str, Sequence[str]]:
    """The chart's title and the names of its curves. The split "": of a run without a curve."""
    words = [f" – {translate(theme.SPLIT_STYLES[split].name)}" if split else "" for split in splits]
    title = translate(N_("Accuracy"))
    if len({*words} - {""}) == 1:
        return title + max(words), names
    return title, [name + word for name, word in zip(names, words, strict=True)]
