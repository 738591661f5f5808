"""Inside a network for one image: what units give, and the arithmetic of one output pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import cells, theme
from mnist_core.figures.axes import packed
from mnist_core.messages import N_, Translate, minus

Figure = dict[str, Any]


def units(values: NDArray[np.float32], dark: bool, translate: Translate) -> Figure:
    """What each unit of a layer gives, as bars."""
    layout = theme.layout(
        translate(N_("Activation of each unit")), translate(N_("Unit")), dark=dark, revision=f"units-{len(values)}"
    )
    layout["hovermode"] = "closest"
    layout["xaxis"] |= {"showgrid": False}
    trace = {
        "type": "bar",
        "uid": "units",
        "x": list(range(len(values))),
        "y": packed(np.nan_to_num(values)),
        "marker": {"color": theme.SPLIT_STYLES["train"].color(dark)},
        "hovertemplate": "%{x}: %{y:.3f}<extra></extra>",
    }
    return {"data": [trace], "layout": layout}


def square(values: NDArray[np.float32], title: str, dark: bool) -> Figure:
    """A square of k×k numbers, orange above 0 and blue below."""
    layout = theme.layout(title, "", dark=dark, revision="square")
    layout["hovermode"] = "closest"
    layout["margin"] |= {"l": 0, "r": 0, "b": 0}
    hidden = {"visible": False, "fixedrange": True}
    layout["xaxis"] |= hidden
    layout["yaxis"] |= hidden | {"autorange": "reversed"}
    ground = theme.paper(dark)
    below, above = theme.SPLIT_STYLES["train"].color(dark), theme.RAISES
    finite = np.nan_to_num(values)
    maximum = float(np.abs(finite).max()) or 1.0

    def fill(row: int, column: int) -> str:
        fraction = float(finite[row, column]) / maximum
        return theme.mix(ground, above if fraction > 0 else below, abs(fraction))

    trace = {
        "type": "heatmap",
        "uid": "square",
        "z": packed(values),
        "zmin": -maximum,
        "zmax": maximum,
        "colorscale": [[0, below], [0.5, ground], [1, above]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": "%{z:.4f}<extra></extra>",
    }
    texts = [[minus(f"{round(float(value), 2) + 0.0:.2f}") for value in row] for row in values]  # + 0.0: no -0.00
    return {"data": [trace, cells.words("numbers", texts, fill, size=theme.NOTE_SIZE)], "layout": layout}
