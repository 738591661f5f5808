"""Runs over depth and width as a heat map that fills while they train."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]


@dataclass(frozen=True)
class Cell:
    """One network's place: its value (NaN: none yet), what is written there, whether it broke, and what hover tells besides."""

    value: float
    text: str
    broken: bool = False
    more: str = ""


def grid_chart(
    title: str,
    rows: Sequence[str],
    columns: Sequence[str],
    cells: Sequence[Sequence[Cell | None]],
    dark: bool,
    translate: Translate,
    *,
    log: bool = False,
) -> Figure:
    """`cells` by row (number of hidden layers, the fewest at the bottom) and column (units); None: no run there.

    Three layers of one map, `uid` values, waiting and broken: only whole runs have a part in the colors. `log`: of the colors.
    """
    layout = theme.layout(title, translate(N_("Units in each hidden layer")), dark=dark, revision="grid")
    layout["hovermode"] = "closest"
    plain = {"showgrid": False, "fixedrange": True, "ticks": "", "tickfont": {"size": 18}, "type": "category"}
    layout["xaxis"] |= plain
    layout["yaxis"] |= plain | {"title": {"text": translate(N_("Hidden layers"))}}
    values = np.array([[math.nan if cell is None else cell.value for cell in row] for row in cells], float)
    broken = np.array([[cell is not None and cell.broken for cell in row] for row in cells])
    waiting = np.array([[cell is not None for cell in row] for row in cells]) & ~broken & ~np.isfinite(values)
    texts = [["" if cell is None else cell.text for cell in row] for row in cells]
    hover_texts = [
        ["" if cell is None else f"{cell.text}<br>{cell.more}".removesuffix("<br>") for cell in row] for row in cells
    ]
    valid = np.where(broken, np.nan, values)
    colored = np.log10(np.maximum(valid, 1e-9)) if log else valid
    finite = colored[np.isfinite(colored)]
    minimum, most = (float(finite.min()), float(finite.max())) if len(finite) else (0.0, 1.0)
    ground, red = theme.faint(dark), theme.transparent(theme.broken(dark), 0.35)
    layers = (
        ("values", colored, minimum, max(most, minimum + 1e-9), theme.scale(dark)),
        ("waiting", np.where(waiting, 0.0, np.nan), 0.0, 1.0, [[0, ground], [1, ground]]),
        ("broken", np.where(broken, 0.0, np.nan), 0.0, 1.0, [[0, red], [1, red]]),
    )
    traces = []
    for uid, z, low, high, colors in layers:
        trace = {
            "type": "heatmap",
            "uid": uid,
            "x": list(columns),
            "y": list(rows),
            "z": packed(z),
            "zmin": low,
            "zmax": high,
            "colorscale": colors,
            "showscale": False,
            "hoverongaps": False,
            "xgap": 4,
            "ygap": 4,
            "text": [
                [text if np.isfinite(value) else "" for text, value in zip(row, places, strict=True)]
                for row, places in zip(texts, z, strict=True)
            ],
            "texttemplate": "%{text}",
            "textfont": {"size": theme.FONT_SIZE + 2} | ({} if uid == "values" else {"color": theme.ink(dark)}),
            "hovertext": hover_texts,
            "hovertemplate": "%{y} × %{x}: %{hovertext}<extra></extra>",
        }
        traces.append(trace)
    return {"data": traces, "layout": layout}
