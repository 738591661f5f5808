"""One image as its numbers: a heat map that shows each pixel's value."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]


def numbers_chart(
    values: NDArray[np.floating],
    ends: tuple[float, float],
    rows: range,
    columns: range,
    dark: bool,
    translate: Translate,
) -> Figure:
    """The part `rows` × `columns` of `values` (28×28), each pixel with its number; `ends`: what is white and what is black.

    Letters are as large as the pixels allow: with the whole image, zoom in to read them.
    """
    part = values[rows.start : rows.stop, columns.start : columns.stop]
    layout = theme.layout(
        "", translate(N_("Column")), dark=dark, revision=f"numbers-{rows.start}-{columns.start}-{len(rows)}"
    )
    layout["hovermode"] = "closest"
    layout["margin"] |= {"t": 34}
    axis = {"showgrid": False, "ticks": "", "dtick": 1 if len(rows) < 20 else 3, "constrain": "domain"}
    layout["xaxis"] |= axis
    layout["yaxis"] |= axis | {
        "autorange": "reversed",
        "scaleanchor": "x",
        "title": {"text": translate(N_("Row"))},
    }
    whole = bool(np.allclose(values, np.round(values)))
    cells = {
        "type": "heatmap",
        "uid": "numbers",
        "x": list(columns),
        "y": list(rows),
        "z": packed(part),
        "zmin": ends[0],
        "zmax": ends[1],
        # As on paper: ink is dark, whatever the theme.
        "colorscale": [[0, "#FFFFFF"], [1, "#101010"]],
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "texttemplate": "%{z:.0f}" if whole else "%{z:.2f}",
        "hovertemplate": translate(N_("row %{y}, column %{x}: %{z:.4~f}")) + "<extra></extra>",
    }
    return {"data": [cells], "layout": layout}
