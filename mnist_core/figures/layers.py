"""Inside the layers over time: dead units, gradients, updates, and how activations are spread."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import marks, theme
from mnist_core.figures.axes import Across, ChartView, ends, log_ticks, packed, positive_ends, spread
from mnist_core.messages import N_, Translate
from mnist_core.records import SPREAD_BINS, SPREAD_LOW, SPREAD_STEP, Curves

Figure = dict[str, Any]
Kind = Literal["dead_units", "gradient", "update", "activation"]
Spread = Literal["activations", "gradients"]
TITLES: Mapping[Kind, str] = {
    "dead_units": N_("Fraction of dead units"),
    "gradient": N_("Gradient norm"),
    "update": N_("Update-to-weight ratio"),
    "activation": N_("Magnitude of the activations (RMS)"),
}
SPREADS: Mapping[Spread, str] = {"activations": N_("Activations"), "gradients": N_("Gradients")}
RULE = 1e-3  # a rule of thumb for the ratio of update to weight (A. Karpathy, CS231n, 2015)


def chart(
    run_id: str, curves: Curves, kind: Kind, names: Sequence[str], view: ChartView, translate: Translate
) -> Figure:
    """A line for each layer that was measured; `names`: what they are called, in their order."""
    rows = curves.layers
    layout = theme.layout(translate(TITLES[kind]), translate(_AXIS), dark=view.dark, revision=f"{run_id}-{kind}")
    across = Across.of([curves], view)
    layout["xaxis"] |= across.layout()
    figure: Figure = {"data": [], "layout": layout}
    for layer, name in enumerate(names):
        layer_rows = rows[rows["layer"] == layer]
        values = layer_rows[kind].astype(np.float32)
        if kind != "dead_units":
            values = np.where(values > 0, values, np.nan).astype(np.float32)
        if not np.isfinite(values).any():
            continue
        line = _line(layer, name, view.dark)
        hover = "%{y:.1%}" if kind == "dead_units" else "%{y:.3g}"
        figure["data"].append(
            line | {"x": packed(across.values(layer_rows)), "y": packed(values), "hovertemplate": hover}
        )
    if kind == "dead_units":
        layout["yaxis"] |= {"range": [0, 1.02], "tickformat": ".0%", "dtick": 0.2}
        return figure
    low, high = np.log10(positive_ends([rows[kind]]))
    if kind == "update":
        marks.reference(figure, RULE, translate(N_("rule of thumb: 0.001")), view, log=True)
        low, high = min(low, -3.0), max(high, -3.0)
    low, high = float(np.floor(low)), float(np.ceil(high + 0.05))
    if kind == "update":
        low = min(low, float(np.log10(RULE)) - 0.2)  # on the axis itself the line's name is not drawn
    layout["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    figure["data"] += spread(layout)
    return figure


def _line(layer: int, name: str, dark: bool) -> Figure:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"layer{layer}",
        "name": name,
        "line": {"color": theme.run_color(layer, dark), "width": 2.5, "dash": theme.run_dash(layer)},
    }


_AXIS = N_("Step (weight updates)")


def spread_chart(
    run_id: str, curves: Curves, layer: int, kind: Spread, view: ChartView, translate: Translate
) -> Figure:
    """How the sizes of a layer's numbers are spread over half decades, over time: the more there are, the more they stand out
    from the ground."""
    rows = curves.layers[curves.layers["layer"] == layer]
    title = translate(SPREADS[kind])
    layout = theme.layout(title, translate(_AXIS), dark=view.dark, revision=f"{run_id}-{kind}-{layer}")
    layout["hovermode"] = "closest"
    shares: NDArray[np.float32] = rows[kind].astype(np.float32).T / 255
    middles = SPREAD_LOW + SPREAD_STEP * (np.arange(SPREAD_BINS) + 0.5)
    used = np.flatnonzero(shares.any(1)) if shares.any() else np.array([0])
    low, high = float(middles[used[0]] - 0.5), float(middles[used[-1]] + 0.5)
    layout["yaxis"] |= ends(low, high) | {"title": {"text": translate(N_("Magnitude (power of ten)"))}}
    few, most = (0.0, 1.0) if view.dark else (1.0, 0.0)
    # Evaluations are not evenly spaced: each fills the place up to the next.
    heat = {
        "type": "heatmap",
        "uid": kind,
        "x": packed(rows["step"].astype(np.float32)),
        "y": packed(middles),
        "z": packed(np.sqrt(shares)),
        "colorscale": [
            [0, "rgba(0,0,0,0)"],
            [0.01, theme.scale_color(few, view.dark)],
            [1, theme.scale_color(most, view.dark)],
        ],
        "zmin": 0,
        "zmax": 1,
        "showscale": False,
        "customdata": packed(shares),
        "hovertemplate": "%{customdata:.1%}<extra></extra>",
    }
    return {"data": [heat], "layout": layout}
