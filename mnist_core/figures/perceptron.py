"""One unit's output over its two inputs. Knows neither Streamlit nor torch."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.concepts.perceptron import Activation, perceptron
from mnist_core.figures import theme
from mnist_core.figures.axes import ends, packed
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
LOW, HIGH = -1.0, 2.0  # of the inputs shown
CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


def surface_chart(
    weights: tuple[float, float], bias: float, activation: Activation, dark: bool, translate: Translate
) -> Figure:
    """The output as a map with the four corners' values written on it."""
    layout = theme.layout(
        translate(N_("Output over two inputs")), translate(N_("Input x₁")), dark=dark, revision="perceptron"
    )
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(LOW, HIGH)
    layout["yaxis"] |= ends(LOW, HIGH) | {"title": {"text": translate(N_("Input x₂"))}}
    grid = np.linspace(LOW, HIGH, 121)
    x = np.stack(np.meshgrid(grid, grid), -1)
    output = perceptron(x, weights, bias, activation)
    least = -1.0 if activation == "tanh" else 0.0
    surface = {
        "type": "heatmap",
        "uid": "surface",
        "x": packed(grid),
        "y": packed(grid),
        "z": packed(output),
        "zmin": least,
        "zmax": max(1.0, float(output.max())),
        "colorscale": theme.scale(dark),
        "zsmooth": False if activation == "step" else "best",
        "colorbar": {"thickness": 14, "outlinewidth": 0},
        "hovertemplate": "%{x:.2f}, %{y:.2f}: %{z:.3f}<extra></extra>",
    }
    values = perceptron(CORNERS, weights, bias, activation)
    corners = {
        "type": "scatter",
        "mode": "markers",
        "uid": "corners",
        "x": [corner[0] for corner in CORNERS],
        "y": [corner[1] for corner in CORNERS],
        "marker": {"size": 14, "color": "#FFFFFF", "line": {"color": "#000000", "width": 2}},
        "showlegend": False,
        "hoverinfo": "skip",
    }
    layout["annotations"] += [
        {
            "x": corner[0],
            "y": corner[1],
            "yshift": 20,
            "text": f"{value:.2f}",
            "showarrow": False,
            "bgcolor": theme.veil(dark),
            "font": {"size": theme.NOTE_SIZE, "color": theme.ink(dark)},
        }
        for corner, value in zip(CORNERS, values.tolist(), strict=True)
    ]
    return {"data": [surface, corners], "layout": layout}
