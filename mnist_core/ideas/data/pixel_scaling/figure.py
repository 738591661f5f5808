"""Pixels in a scale: how their values spread, two of them against each other with a line, and the loss of that line."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.ideas.data.pixel_scaling.concept import Numbers, Surface
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
BINS = 40
GRID = 41  # places of the surface, each way
WINDOW = 1.25  # of the surface, to each side of its lowest place


def histogram_chart(values: Numbers, scale: str, dark: bool, translate: Translate) -> Figure:
    """How often each value comes, on a log axis, with the mean and one standard deviation to both sides."""
    layout = theme.layout(translate(N_("All values")), translate(N_("Value")), dark=dark, revision=f"histogram-{scale}")
    layout["hovermode"] = "closest"
    layout["bargap"] = 0.03
    counts, edges = np.histogram(values, BINS)
    layout["yaxis"] |= {
        "type": "log",
        "title": {"text": translate(N_("Number of pixels"))},
        "dtick": 1,
        "exponentformat": "power",
    }
    bars = {
        "type": "bar",
        "uid": "histogram",
        "x": packed((edges[:-1] + edges[1:]) / 2),
        "y": packed(np.where(counts > 0, counts, np.nan)),
        "marker": {"color": theme.run_color(0, dark)},
        "hovertemplate": "%{x:.3g}: %{y:,}<extra></extra>",
        "showlegend": False,
    }
    mean, deviation = float(values.mean()), float(values.std())
    for place, dash in ((mean - deviation, "dot"), (mean, "solid"), (mean + deviation, "dot")):
        layout["shapes"].append(
            {
                "type": "line",
                "yref": "paper",
                "x0": place,
                "x1": place,
                "y0": 0,
                "y1": 1,
                "line": {"color": theme.run_color(1, dark), "width": 2.5, "dash": dash},
            }
        )
    layout["annotations"].append(
        {
            "x": mean,
            "yref": "paper",
            "y": 1,
            "yanchor": "bottom",
            "xanchor": "left",
            "text": translate(N_("mean ± standard deviation")),
            "showarrow": False,
            "font": {"size": theme.NOTE_SIZE, "color": theme.run_color(1, dark)},
        }
    )
    return {"data": [bars], "layout": layout}


def scatter_chart(
    x: Numbers, y: Numbers, line: tuple[float, float], scale: str, dark: bool, translate: Translate
) -> Figure:
    """Two pixels against each other, an image a point, and the line y = a·x + b."""
    layout = theme.layout(
        translate(N_("Two neighboring pixels")), translate(N_("First pixel (x)")), dark=dark, revision=f"two-{scale}"
    )
    layout["hovermode"] = "closest"
    layout["showlegend"] = False
    # The origin is part of the picture: where the cloud lies in relation to it is what centring changes.
    layout["xaxis"] |= {"rangemode": "tozero", "zeroline": True, "zerolinecolor": theme.quiet(dark), "zerolinewidth": 2}
    layout["yaxis"] |= {
        "rangemode": "tozero",
        "zeroline": True,
        "zerolinecolor": theme.quiet(dark),
        "zerolinewidth": 2,
        "title": {"text": translate(N_("Second pixel (y)"))},
    }
    points = {
        "type": "scatter",
        "mode": "markers",
        "uid": "points",
        "x": packed(x),
        "y": packed(y),
        "marker": {"size": 6, "color": theme.transparent(theme.run_color(0, dark), 0.45)},
        "hovertemplate": "%{x:.3g}, %{y:.3g}<extra></extra>",
    }
    ends = np.array([x.min(), x.max()])
    low, high = float(y.min()), float(y.max())
    fitted = np.clip(line[0] * ends + line[1], low - (high - low), high + (high - low))
    fitted_line = {
        "type": "scatter",
        "mode": "lines",
        "uid": "line",
        "x": packed(ends),
        "y": packed(fitted),
        "line": {"color": theme.run_color(1, dark), "width": 3.5},
        "hoverinfo": "skip",
    }
    return {"data": [points, fitted_line], "layout": layout}


def surface_chart(bowl: Surface, trajectory: Numbers, scale: str, dark: bool, translate: Translate) -> Figure:
    """Contours of the loss over a and b around its lowest place, both in the same unit, and the trajectory of descent."""
    layout = theme.layout(
        translate(N_("Loss of the line")), translate(N_("Slope a")), dark=dark, revision=f"surface-{scale}"
    )
    layout["hovermode"] = "closest"
    layout["showlegend"] = False
    a, b = bowl.lowest
    layout["xaxis"] |= {"range": [a - WINDOW, a + WINDOW], "constrain": "domain"}
    layout["yaxis"] |= {
        "range": [b - WINDOW, b + WINDOW],
        "scaleanchor": "x",
        "constrain": "domain",
        "title": {"text": translate(N_("Intercept b"))},
    }
    return {"data": [_rings(bowl, dark), *_trajectory(bowl, trajectory, dark)], "layout": layout}


def _rings(bowl: Surface, dark: bool) -> dict[str, Any]:
    """Contours, at equal distances: their levels go by the root of the loss."""
    a, b = bowl.lowest
    first, second = np.linspace(a - WINDOW, a + WINDOW, GRID), np.linspace(b - WINDOW, b + WINDOW, GRID)
    return {
        "type": "contour",
        "uid": "surface",
        "x": packed(first),
        "y": packed(second),
        "z": packed(np.sqrt(bowl.above(np.stack(np.meshgrid(first, second), -1)))),
        "ncontours": 14,
        "contours": {"coloring": "fill"},
        "line": {"width": 0.8, "color": theme.quiet(dark)},
        "colorscale": [[0, "#1B1E25" if dark else "#FFFFFF"], [1, "#3A5A78" if dark else "#9DBAD5"]],
        "showscale": False,
        "hoverinfo": "skip",
    }


def _trajectory(bowl: Surface, trajectory: Numbers, dark: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The trajectory, as far as it is near, its last step large; and the lowest place."""
    color = theme.run_color(1, dark)
    near = np.abs(trajectory - bowl.lowest).max(1) < 4 * WINDOW
    sizes = np.full(len(trajectory), 7.0)
    sizes[-1] = 15
    path = {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": "trajectory",
        "x": packed(trajectory[near, 0]),
        "y": packed(trajectory[near, 1]),
        "line": {"color": color, "width": 2},
        "marker": {"color": color, "size": sizes[near].tolist()},
        "hovertemplate": "a = %{x:.3g}, b = %{y:.3g}<extra></extra>",
    }
    lowest = {
        "type": "scatter",
        "mode": "markers",
        "uid": "lowest",
        "x": [float(bowl.lowest[0])],
        "y": [float(bowl.lowest[1])],
        "marker": {"symbol": "x-thin", "size": 14, "line": {"width": 3, "color": theme.ink(dark)}},
        "hovertemplate": "a = %{x:.3g}, b = %{y:.3g}<extra></extra>",
    }
    return path, lowest
