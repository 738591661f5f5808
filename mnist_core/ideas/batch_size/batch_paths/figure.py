"""Three descents on one contour, and their loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.figures import marks, theme
from mnist_core.figures.axes import ChartView, ends, log_ticks, packed, spread
from mnist_core.ideas.batch_size.batch_paths import concept
from mnist_core.ideas.batch_size.batch_paths.concept import Numbers, Points
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
ACROSS, UP = (-2.0, 3.2), (-1.6, 3.4)  # what the picture shows of a and b
HIGHEST = 10.0  # loss shown
SYMBOLS = ("circle", "square", "diamond")


@dataclass(frozen=True)
class Trajectory:
    """One descent: its name, where it was, and how many steps make an epoch."""

    name: str
    places: Numbers  # (steps + 1) × 2
    per_epoch: int


def contour_chart(points: Points, trajectories: Sequence[Trajectory], dark: bool, translate: Translate) -> Figure:
    """The loss over slope and intercept as rings, the trajectories on it, the lowest place as a cross."""
    layout = theme.layout(
        translate(N_("Full batch, mini-batch, single examples")),
        translate(N_("Slope a")),
        dark=dark,
        revision="batch-paths",
    )
    layout["hovermode"] = "closest"
    layout["legend"]["traceorder"] = "reversed"
    layout["xaxis"] |= ends(*ACROSS)
    layout["yaxis"] |= ends(*UP) | {"title": {"text": translate(N_("Intercept b"))}}
    # The noisiest below, so that the smooth ones stay in sight.
    paths = [_path(place, trajectory, dark) for place, trajectory in enumerate(trajectories)]
    return {"data": [_rings(points, dark), *reversed(paths), _minimum(points, dark, translate)], "layout": layout}


def _rings(points: Points, dark: bool) -> dict[str, Any]:
    a, b = np.linspace(*ACROSS, 45), np.linspace(*UP, 45)
    above = concept.loss(points, *np.meshgrid(a, b)) - concept.loss(points, *concept.lowest(points))
    return {
        "type": "contour",
        "uid": "loss",
        "x": packed(a),
        "y": packed(b),
        "z": packed(np.sqrt(np.maximum(above, 0))),  # rings at equal distances
        "ncontours": 22,
        "contours": {"coloring": "lines"},
        "line": {"width": 1.2},
        "colorscale": [[0, theme.quiet(dark)], [1, theme.quiet(dark)]],
        "showscale": False,
        "hoverinfo": "skip",
    }


def _minimum(points: Points, dark: bool, translate: Translate) -> dict[str, Any]:
    a, b = concept.lowest(points)
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "lowest",
        "x": packed(np.array([a])),
        "y": packed(np.array([b])),
        "marker": {"symbol": "x", "size": 13, "color": theme.ink(dark)},
        "showlegend": False,
        "hovertemplate": translate(N_("minimum")) + "<br>a %{x:.3f}, b %{y:.3f}<extra></extra>",
    }


def _path(place: int, trajectory: Trajectory, dark: bool) -> dict[str, Any]:
    color = theme.run_color(place, dark)
    near = trajectory.places[np.abs(trajectory.places).max(1) <= 3 * ACROSS[1]]
    sizes = np.full(len(near), 6.0 if len(near) < 100 else 4.0)
    sizes[-1:] = 16
    return _line(place, trajectory, near[:, 0], near[:, 1], dark) | {
        "mode": "lines+markers",
        "marker": {"size": sizes.tolist(), "color": color, "symbol": SYMBOLS[place], "opacity": 1},
        "customdata": packed(np.arange(len(near))),
        "hovertemplate": "%{customdata}: a %{x:.3f}, b %{y:.3f}",
    }


def loss_chart(
    points: Points, trajectories: Sequence[Trajectory], epochs: bool, dark: bool, translate: Translate
) -> Figure:
    """The loss over all points after each step (`epochs`: against points seen) on a log axis, with the least there is."""
    layout = theme.layout(
        translate(N_("Loss over all points")),
        translate(N_("Epoch") if epochs else N_("Step")),
        dark=dark,
        revision="batch-paths-loss",
        across=str(epochs),
    )
    minimum = float(concept.loss(points, *concept.lowest(points)))
    low, high = np.log10(minimum / 1.5), np.log10(HIGHEST)
    end = max((len(trajectory.places) - 1) / (trajectory.per_epoch if epochs else 1) for trajectory in trajectories)
    layout["xaxis"] |= ends(0, max(1.0 if epochs else 10.0, end))
    layout["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    figure: Figure = {"data": [], "layout": layout}
    for place, trajectory in enumerate(trajectories):
        values = concept.loss(points, trajectory.places[:, 0], trajectory.places[:, 1])
        x = np.arange(len(values)) / (trajectory.per_epoch if epochs else 1)
        figure["data"].append(_line(place, trajectory, x, np.minimum(values, HIGHEST * 3), dark))
    text = translate(N_("minimum: {loss}")).format(loss=f"{minimum:.3f}")
    marks.reference(figure, minimum, text, ChartView(dark=dark), log=True)
    layout["annotations"][-1]["yanchor"] = "top"  # no trajectory comes below it
    figure["data"] += spread(layout)
    return figure


def _line(place: int, trajectory: Trajectory, x: Any, y: Any, dark: bool) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": f"trajectory{place}",
        "legendgroup": f"trajectory{place}",
        "name": trajectory.name,
        "x": packed(np.asarray(x)),
        "y": packed(np.asarray(y)),
        "line": {
            "color": theme.run_color(place, dark),
            "width": (3.2, 2.2, 1.3)[place],
            "dash": theme.run_dash(place),
        },
        "hovertemplate": "%{y:.4g}",
    }
