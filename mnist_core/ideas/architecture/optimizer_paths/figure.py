"""Optimizers on their way down a valley: paths over contours, and the loss after each step."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.ideas.architecture.optimizer_paths.surfaces_concept import Floats, Valley
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
LOWEST, HIGHEST = 1e-6, 1e2  # of the losses shown
SIGNS = ("circle", "square", "diamond", "triangle-up", "cross", "star", "triangle-down")


def paths_chart(
    valley: Valley, trajectories: Mapping[str, tuple[int, Floats]], revision: str, dark: bool, translate: Translate
) -> Figure:
    """The trajectories over the contours of the valley, each with a sign where it is now. `trajectories`: name → (place, trajectory).

    The place decides color, dash and sign, whatever others are shown.
    """
    layout = theme.layout(
        translate(N_("Trajectories")),
        translate(N_("First weight")),
        dark=dark,
        revision="valley",
        across=revision,
        up=revision,
    )
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(*valley.across)
    layout["yaxis"] |= ends(*valley.up) | {"title": {"text": translate(N_("Second weight"))}}
    figure: Figure = {"data": [_contours(valley, dark), _lowest(valley, dark, translate)], "layout": layout}
    for name, (place, trajectory) in trajectories.items():
        near = _near(valley, trajectory)
        figure["data"].append(_trajectory(name, place, near[:, 0], near[:, 1], dark))
    return figure


def _near(valley: Valley, trajectory: Floats) -> Floats:
    """The trajectory until it is far outside the picture."""
    middle = np.array([sum(valley.across) / 2, sum(valley.up) / 2])
    reach = np.array([valley.across[1] - valley.across[0], valley.up[1] - valley.up[0]])
    far = np.flatnonzero((np.abs(trajectory - middle) > 3 * reach).any(1))
    return trajectory[: far[0]] if len(far) else trajectory


def _contours(valley: Valley, dark: bool) -> dict[str, Any]:
    x, y = np.linspace(*valley.across, 81), np.linspace(*valley.up, 81)
    heights = valley.loss(np.stack(np.meshgrid(x, y), -1)) - valley.minimum
    return {
        "type": "contour",
        "uid": "valley",
        "x": packed(x),
        "y": packed(y),
        # By the root of the loss: a bowl has rings at equal distances.
        "z": packed(np.sqrt(np.maximum(heights, 0))),
        "ncontours": 18,
        "contours": {"coloring": "lines"},
        "line": {"width": 1},
        "colorscale": [[0, theme.quiet(dark)], [1, theme.quiet(dark)]],
        "showscale": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _lowest(valley: Valley, dark: bool, translate: Translate) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "lowest",
        "x": [place[0] for place in valley.lowest],
        "y": [place[1] for place in valley.lowest],
        "marker": {"symbol": "x-thin", "size": 15, "line": {"width": 3, "color": theme.ink(dark)}},
        "showlegend": False,
        "hovertemplate": translate(N_("lowest loss")) + "<extra></extra>",
    }


def _trajectory(name: str, place: int, x: Floats, y: Floats, dark: bool) -> dict[str, Any]:
    """A line, and at its end a large sign."""
    color = theme.run_color(place, dark)
    sizes = np.zeros(len(x))
    sizes[-1:] = 15
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": name,
        "name": name,
        "x": packed(x),
        "y": packed(y),
        "line": {"color": color, "width": 2.6, "dash": theme.run_dash(place)},
        "marker": {"symbol": SIGNS[place], "size": sizes.tolist(), "color": color, "opacity": 1},
        "customdata": packed(np.arange(len(x))),
        "hovertemplate": "%{customdata}: %{x:.3g}, %{y:.3g}<extra>%{fullData.name}</extra>",
    }


def losses_chart(
    valley: Valley, trajectories: Mapping[str, tuple[int, Floats]], steps: int, dark: bool, translate: Translate
) -> Figure:
    """How far each trajectory is above the lowest loss after each step, on a log axis."""
    heading, below = translate(N_("Loss after each step")), translate(N_("Step"))
    layout = theme.layout(heading, below, dark=dark, revision="valley-losses")
    low, high = np.log10(LOWEST), np.log10(HIGHEST)
    layout["showlegend"] = False  # that of the paths is above it
    layout["xaxis"] |= ends(0, max(10, steps))
    layout["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    figure: Figure = {"data": [], "layout": layout}
    for name, (place, trajectory) in trajectories.items():
        with np.errstate(over="ignore"):
            heights = np.clip(valley.loss(trajectory) - valley.minimum, LOWEST / 3, HIGHEST * 3)
        line = _trajectory(name, place, np.arange(len(trajectory), dtype=float), heights, dark)
        words = {"mode": "lines", "hovertemplate": "%{y:.3g}<extra>%{fullData.name}</extra>"}
        figure["data"].append(line | words)
    figure["data"] += spread(layout)
    return figure
