"""One unit's output over its two inputs."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.figures import scene, theme
from mnist_core.figures.axes import ends, packed
from mnist_core.ideas.loss.perceptron.concept import Activation, perceptron
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
LIFT = 0.05  # of the height, by which corners float above the surface, so that it does not cover half of them
LOW, HIGH = -1.0, 2.0  # of the inputs shown
CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


def map_chart(
    weights: tuple[float, float], bias: float, activation: Activation, dark: bool, translate: Translate
) -> Figure:
    """The output as a map, with the line where the sum is 0, and the four corners' values written on it."""
    layout = theme.layout(
        translate(N_("Output for two inputs")), translate(N_("Input x₁")), dark=dark, revision="perceptron"
    )
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(LOW, HIGH)
    layout["yaxis"] |= ends(LOW, HIGH) | {"title": {"text": translate(N_("Input x₂"))}}
    ground = _step_map(weights, bias, dark) if activation == "step" else _smooth_map(weights, bias, activation, dark)
    values = perceptron(CORNERS, weights, bias, activation)
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
    return {"data": [ground, *_edge(weights, bias), _corners(14) | {"type": "scatter"}], "layout": layout}


def surface_chart(
    weights: tuple[float, float], bias: float, activation: Activation, dark: bool, translate: Translate
) -> Figure:
    """The same as a surface that can be turned, with the four corners on it."""
    layout = theme.layout(translate(N_("Output for two inputs")), "", dark=dark, revision="perceptron-surface")
    grid = np.linspace(LOW, HIGH, 61)
    output = perceptron(np.stack(np.meshgrid(grid, grid), -1), weights, bias, activation)
    axes = tuple(scene.titled(translate(title)) for title in (N_("Input x₁"), N_("Input x₂"), N_("Output")))
    scene.place(layout, axes, sides=(1.2, 1.2, 0.8), eye=(-1.3, -1.6, 0.9), low=0.15, dark=dark)
    surface = {
        "type": "surface",
        "uid": "surface",
        "x": packed(grid),
        "y": packed(grid),
        "z": packed(output),
        "colorscale": theme.scale(dark),
        "showscale": False,
        "hoverinfo": "skip",
    }
    values = perceptron(CORNERS, weights, bias, activation)
    heights = packed(values + LIFT * max(1.0, float(np.ptp(output))))
    return {"data": [surface, _corners(6) | {"type": "scatter3d", "z": heights}], "layout": layout}


def _corners(size: int) -> dict[str, Any]:
    return {
        "mode": "markers",
        "uid": "corners",
        "x": [corner[0] for corner in CORNERS],
        "y": [corner[1] for corner in CORNERS],
        "marker": {"size": size, "color": "#FFFFFF", "line": {"color": "#000000", "width": 2}},
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _smooth_map(weights: tuple[float, float], bias: float, activation: Activation, dark: bool) -> dict[str, Any]:
    grid = np.linspace(LOW, HIGH, 121)
    output = perceptron(np.stack(np.meshgrid(grid, grid), -1), weights, bias, activation)
    return {
        "type": "heatmap",
        "uid": "surface",
        "x": packed(grid),
        "y": packed(grid),
        "z": packed(output),
        "zmin": -1.0 if activation == "tanh" else min(0.0, float(output.min())),
        "zmax": max(1.0, float(output.max())),
        "colorscale": theme.scale(dark),
        "zsmooth": "best",
        "colorbar": {"thickness": 14, "outlinewidth": 0},
        "hovertemplate": "%{x:.2f}, %{y:.2f}: %{z:.3f}<extra></extra>",
    }


def _step_map(weights: tuple[float, float], bias: float, dark: bool) -> dict[str, Any]:
    """Two areas with a sharp edge: the contour of the sum at 0."""
    grid = np.linspace(LOW, HIGH, 41)
    x = np.stack(np.meshgrid(grid, grid), -1)
    return {
        "type": "contour",
        "uid": "surface",
        "x": packed(grid),
        "y": packed(grid),
        "z": packed(x @ np.array(weights) + bias),
        "customdata": packed(perceptron(x, weights, bias, "step")),
        "autocontour": False,
        "contours": {"start": 0, "end": 0, "size": 1},
        "zmin": -0.5,
        "zmax": 0.5,
        "colorscale": theme.scale(dark),
        "line": {"width": 0},
        "showscale": False,
        "hovertemplate": "%{x:.2f}, %{y:.2f}: %{customdata:.0f}<extra></extra>",
    }


def _edge(weights: tuple[float, float], bias: float) -> list[dict[str, Any]]:
    """The line on which the sum is 0, as far as it is in view."""
    w1, w2 = weights
    if w1 == w2 == 0:
        return []
    # From the line's point nearest to the middle, far enough both ways.
    middle = (LOW + HIGH) / 2
    away = (w1 * middle + w2 * middle + bias) / (w1 * w1 + w2 * w2)
    foot = np.array([middle - away * w1, middle - away * w2])
    along = np.array([-w2, w1]) / np.hypot(w1, w2) * 2 * (HIGH - LOW)
    start, end = foot - along, foot + along
    return [
        {
            "type": "scatter",
            "mode": "lines",
            "uid": "edge",
            "x": [float(start[0]), float(end[0])],
            "y": [float(start[1]), float(end[1])],
            "line": {"color": "#FFFFFF", "width": 2, "dash": "dash"},
            "showlegend": False,
            "hoverinfo": "skip",
        }
    ]
