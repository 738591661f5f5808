"""The sharpness of runs against their edges 2/rate."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mnist_core.diagnostics.edge import edges
from mnist_core.figures import theme
from mnist_core.figures.axes import Across, ChartView, ends, log_ticks, packed, spread
from mnist_core.messages import N_, Translate
from mnist_core.records import Curves, Run

Figure = dict[str, Any]
BEYOND = 0.06  # opacity


def chart(runs: Sequence[tuple[Run, Curves]], view: ChartView, translate: Translate) -> Figure:
    """A line for each run, its edge dashed in the same color, on a log axis."""
    title = translate(N_("Sharpness and stability edge 2 / rate (dashed)"))
    layout = theme.layout(title, translate(N_("Step (weight updates)")), dark=view.dark, revision="sharpness")
    layout["legend"]["traceorder"] = "normal"  # Plotly turns it round where ground is filled; beside it stands the loss
    across = Across.of([curves for _run, curves in runs], view)
    layout["xaxis"] |= across.layout()
    figure: Figure = {"data": [], "layout": layout}
    for index, (run, curves) in enumerate(runs):
        rows = curves.sharpness
        rows = rows[np.isfinite(rows["sharpness"]) & (rows["sharpness"] > 0)]
        name = translate(N_("rate {rate}")).format(rate=run.rates)
        color = theme.run_color(index, view.dark)
        figure["data"].append(_line(f"run{index}", across.values(rows), rows["sharpness"], name, color, "solid", 3))
        line = edges(run.config, rows["learning_rate"])
        if line is not None and len(rows):
            figure["data"] += _beyond(index, across.values(rows), line, color, 10 ** _ends(runs)[1])
            figure["data"].append(
                _line(f"edge{index}", across.values(rows), line, name, color, "dash", 1.6) | {"showlegend": False}
            )
    low, high = _ends(runs)
    layout["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    figure["data"] += spread(layout)
    return figure


def _beyond(index: int, x: Any, edge: Any, color: str, top: float) -> list[dict[str, Any]]:
    """The ground above an edge, where each step overshoots by more than the last."""
    quiet = {"mode": "lines", "line": {"width": 0}, "showlegend": False, "hoverinfo": "skip"}
    ceiling = {
        "type": "scatter",
        "uid": f"top{index}",
        "x": packed(x),
        "y": packed(np.full(len(edge), top, np.float32)),
    }
    ground = {"type": "scatter", "uid": f"beyond{index}", "x": packed(x), "y": packed(edge)}
    shade = {"fill": "tonexty", "fillcolor": theme.transparent(color, BEYOND)}
    return [ceiling | quiet, ground | quiet | shade]


def _ends(runs: Sequence[tuple[Run, Curves]]) -> tuple[float, float]:
    """Powers of ten that hold all lines; one that broke may leave."""
    values: list[float] = []
    for run, curves in runs:
        line = edges(run.config, curves.sharpness["learning_rate"])
        sharpness = curves.sharpness["sharpness"]
        values += sharpness[np.isfinite(sharpness) & (sharpness > 0) & (sharpness < 1e4)].tolist()
        values += line[np.isfinite(line)].tolist() if line is not None else []
    values = values or [1.0, 10.0]
    return float(np.log10(min(values) * 0.7)), float(np.log10(max(values) * 1.3))


def _line(uid: str, x: Any, y: Any, name: str, color: str, dash: str, width: float) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "x": packed(x),
        "y": packed(y),
        "name": name,
        "line": {"color": color, "width": width, "dash": dash},
        "hovertemplate": "%{y:.3g}",
    }
