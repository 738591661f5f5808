"""The loss on a plane of weights: contours of its logarithm with the run's path, and the same as a surface."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.analysis.landscape.schema import Result
from mnist_core.figures import scene, theme
from mnist_core.figures.axes import LEAST_LOSS, ends, packed
from mnist_core.figures.curves import Figure
from mnist_core.messages import N_, Message, Translate, message, number_text

Floats = NDArray[np.float64]
LEVELS = 16  # contours, about
LIFT = 0.03  # of the height, by which the path floats above the surface


@dataclass(frozen=True)
class Plane:
    """What is drawn: losses[row, column] at ys[row], xs[column]; the path's places, n × 2, after `steps` updates.

    `explained`: shares of the path's extent along the two directions; None for random directions.
    """

    xs: Floats
    ys: Floats
    losses: Floats
    path: Floats
    steps: NDArray[np.int64]
    explained: tuple[float, float] | None
    images: int

    @classmethod
    def of(cls, result: Result) -> Plane:
        """From an analysis's result."""
        grid = (result.xs, result.ys, result.losses)
        return cls(*grid, result.path, result.steps, result.explained, result.images)

    @property
    def broken(self) -> int:
        """At how many points the loss is no finite number."""
        return int((~np.isfinite(self.losses)).sum())

    @property
    def heights(self) -> Floats:
        """The loss's power of ten, at most that of the greatest finite one."""
        finite = self.losses[np.isfinite(self.losses)]
        top = float(finite.max()) if len(finite) else 1.0
        filled = np.where(np.isfinite(self.losses), self.losses, top)
        return np.asarray(np.log10(np.maximum(filled, LEAST_LOSS)))

    def height_at(self, places: Floats) -> Floats:
        """The same at places of the plane, between the points of the grid."""
        column, along = _between(self.xs, places[:, 0])
        row, up = _between(self.ys, places[:, 1])
        z = self.heights
        low = z[row, column] * (1 - along) + z[row, column + 1] * along
        high = z[row + 1, column] * (1 - along) + z[row + 1, column + 1] * along
        return np.asarray(low * (1 - up) + high * up)


def _between(grid: Floats, values: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The place in the grid below each value, and the share of the way to the next."""
    place = np.clip(np.searchsorted(grid, values) - 1, 0, len(grid) - 2)
    return place, np.clip((values - grid[place]) / (grid[place + 1] - grid[place]), 0, 1)


def contours(analysis_id: str, plane: Plane, dark: bool, translate: Translate) -> Figure:
    """The plane from above."""
    first, second = _axis_titles(plane, translate)
    layout = theme.layout(translate(N_("Loss, seen from above")), first, dark=dark, revision=f"{analysis_id}-contours")
    layout["xaxis"] |= ends(float(plane.xs[0]), float(plane.xs[-1])) | {"showgrid": False}
    layout["yaxis"] |= ends(float(plane.ys[0]), float(plane.ys[-1])) | {"showgrid": False, "title": {"text": second}}
    layout["hovermode"] = "closest"
    z = plane.heights
    low, high = float(z.min()), float(z.max())
    ground = {
        "type": "contour",
        "uid": "ground",
        "x": packed(plane.xs),
        "y": packed(plane.ys),
        "z": packed(z),
        "customdata": packed(10**z),
        "colorscale": _scale(dark),
        "contours": {"start": low, "end": high, "size": max(1e-3, (high - low) / LEVELS)},
        "line": {"width": 0.7, "color": theme.quiet(dark)},
        "colorbar": _bar(low, high, translate),
        "hovertemplate": translate(N_("loss {value}")).format(value="%{customdata:.3g}") + "<extra></extra>",
    }
    return {"data": [ground, *_casing(plane, dark), *_path(plane, dark, translate)], "layout": layout}


def surface(analysis_id: str, plane: Plane, dark: bool, translate: Translate) -> Figure:
    """The plane as a landscape that can be turned."""
    first, second = _axis_titles(plane, translate)
    layout = theme.layout(translate(N_("Loss, as a surface")), "", dark=dark, revision=f"{analysis_id}-surface")
    z = plane.heights
    low, high = float(z.min()), float(z.max())
    upwards = _ticks(low, high) | {"title": {"text": translate(N_("Loss"))}}
    axes = (scene.titled(first), scene.titled(second), upwards)
    scene.place(layout, axes, sides=(1.25, 1.25, 0.75), eye=(-1.5, -1.5, 1.05), low=0.22, dark=dark)
    ground = {
        "type": "surface",
        "uid": "ground",
        "x": packed(plane.xs),
        "y": packed(plane.ys),
        "z": packed(z),
        "colorscale": _scale(dark),
        "showscale": False,
        "opacity": 0.92,
        "hoverinfo": "skip",
    }
    return {"data": [ground, *_lifted(_path(plane, dark, translate), plane, low, high)], "layout": layout}


def _lifted(traces: list[dict[str, Any]], plane: Plane, low: float, high: float) -> list[dict[str, Any]]:
    """The path and its ends at their heights."""
    heights = plane.height_at(plane.path) + LIFT * max(0.1, high - low)
    for trace in traces:
        rows = {"path": slice(None), "start": slice(0, 1), "end": slice(-1, None)}[trace["uid"]]
        trace |= {"type": "scatter3d", "z": packed(heights[rows])}
        trace["marker"] = trace["marker"] | {"size": 3 if trace["uid"] == "path" else 7}
        trace["marker"]["symbol"] = {"path": "circle", "start": "square", "end": "diamond"}[trace["uid"]]
    return traces


def _casing(plane: Plane, dark: bool) -> list[dict[str, Any]]:
    """A wider line below the path, so that it stands out from every color of the ground."""
    if len(plane.path) < 2:
        return []
    line = {"color": "#16181D" if dark else "#FFFFFF", "width": 5.5}
    words = {"type": "scatter", "mode": "lines", "uid": "casing", "hoverinfo": "skip", "showlegend": False}
    return [words | {"x": packed(plane.path[:, 0]), "y": packed(plane.path[:, 1]), "line": line}]


def _path(plane: Plane, dark: bool, translate: Translate) -> list[dict[str, Any]]:
    """The way of the run, its start (square) and its end (star)."""
    ink, paper = ("#FFFFFF", "#16181D") if dark else ("#000000", "#FFFFFF")
    end = _mark("end", plane.path[-1:], plane.steps[-1:], "star", ink, paper, translate(N_("end")), translate)
    if len(plane.path) < 2:
        return [end]
    trajectory = _mark(
        "path", plane.path, plane.steps, "circle", ink, paper, translate(N_("trajectory of the run")), translate
    )
    trajectory |= {"mode": "lines+markers", "line": {"color": ink, "width": 2.5}}
    trajectory["marker"] |= {"size": 6}
    start = _mark("start", plane.path[:1], plane.steps[:1], "square", ink, paper, translate(N_("start")), translate)
    return [trajectory, start, end]


def _mark(
    uid: str,
    places: Floats,
    steps: NDArray[np.int64],
    symbol: str,
    ink: str,
    paper: str,
    name: str,
    translate: Translate,
) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": uid,
        "name": name,
        "x": packed(places[:, 0]),
        "y": packed(places[:, 1]),
        "customdata": packed(steps),
        "marker": {"symbol": symbol, "size": 14, "color": ink, "line": {"width": 1.2, "color": paper}},
        "hovertemplate": translate(N_("step {step}")).format(step="%{customdata:,}") + f"<extra>{name}</extra>",
    }


def _axis_titles(plane: Plane, translate: Translate) -> tuple[str, str]:
    if plane.explained is None:
        return translate(N_("First random direction")), translate(N_("Second random direction"))
    first = translate(N_("First direction ({fraction} of the trajectory)"))
    second = translate(N_("Second direction ({fraction})"))
    return first.format(fraction=f"{plane.explained[0]:.0%}"), second.format(fraction=f"{plane.explained[1]:.1%}")


def _scale(dark: bool) -> list[list[Any]]:
    """Low losses stand out from the ground least, so that the path, which ends there, is seen."""
    colors = [color for _place, color in theme.scale(dark)]
    return [[place / 10, color] for place, color in enumerate(reversed(colors) if not dark else colors)]


def _bar(low: float, high: float, translate: Translate) -> dict[str, Any]:
    words = {"thickness": 12, "outlinewidth": 0, "title": {"text": translate(N_("Loss")), "side": "top"}}
    return words | _ticks(low, high) | {"tickfont": {"size": theme.NOTE_SIZE}}


def _ticks(low: float, high: float) -> dict[str, Any]:
    """Losses written as plain numbers where their powers of ten stand."""
    decades = range(math.floor(low), math.ceil(high) + 1)
    steps = (1, 2, 5) if high - low <= 3 else (1,)
    values = [value for decade in decades for step in steps if low <= (value := decade + math.log10(step)) <= high]
    if len(values) < 2:
        values = [low, high]
    return {"tickvals": values, "ticktext": [number_text(10**value, 2) for value in values]}


def describe(plane: Plane) -> Message:
    """The charts in words, for those who do not see them."""
    z = plane.heights
    return message(
        N_("The loss on a plane of weights, from {low} to {high}; at the end of the run it is {end}."),
        low=number_text(10 ** z.min(), 3),
        high=number_text(10 ** z.max(), 3),
        end=number_text(10 ** plane.height_at(plane.path[-1:])[0], 3),
    )
