"""Mini-batch gradients around the full one: arrows, angles, and the spread against the batch size. Plain dicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, roomy, spread
from mnist_core.ideas.batch_size.gradient_noise.concept import Directions, Noise
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
ARROWS = 60  # drawn at most
BIN = 5  # degrees
WIDEST = 130  # degrees shown


def arrows_chart(directions: Directions, subject: str, dark: bool, translate: Translate) -> Figure:
    """Each gradient as a line from the weights as they are: across and along the full gradient, which is one long."""
    layout = theme.layout(
        translate(N_("Gradients of mini-batches")),
        translate(N_("Along the full-batch gradient (norm scaled to 1)")),
        dark=dark,
        revision=f"noise-{subject}",
    )
    layout["hovermode"] = "closest"
    # Most of every gradient is across; the chart is wider than high, so that what is along has room.
    reach = roomy(max(1.0, 1.1 * float(np.quantile(np.abs(directions.across[:ARROWS]), 0.9))))
    layout["xaxis"] |= ends(-0.3 * reach, max(1.1, reach))
    layout["yaxis"] |= ends(-reach, reach) | {
        "title": {"text": translate(N_("Perpendicular to it"))},
        "scaleanchor": "x",  # angles are seen as they are
    }
    return {"data": [*_singles(directions, dark, translate), _whole(reach, dark, translate)], "layout": layout}


def _singles(directions: Directions, dark: bool, translate: Translate) -> tuple[dict[str, Any], dict[str, Any]]:
    """Lines and tips of the gradients of single batches."""
    along, across = directions.along[:ARROWS], directions.across[:ARROWS]
    gap = np.full(len(along), np.nan)
    lines = {
        "type": "scatter",
        "mode": "lines",
        "uid": "lines",
        "x": packed(np.stack([np.zeros(len(along)), along, gap], 1).ravel()),
        "y": packed(np.stack([np.zeros(len(along)), across, gap], 1).ravel()),
        "line": {"color": theme.transparent(theme.run_color(0, dark), 0.35), "width": 1.3},
        "hoverinfo": "skip",
        "showlegend": False,
    }
    tips = {
        "type": "scatter",
        "mode": "markers",
        "uid": "tips",
        "name": translate(N_("one mini-batch each")),
        "x": packed(along),
        "y": packed(across),
        "customdata": packed(directions.angles[:ARROWS]),
        "marker": {"size": 7, "color": theme.run_color(0, dark)},
        "hovertemplate": "%{customdata:.0f}°: %{x:.2f}, %{y:.2f}<extra></extra>",
    }
    return lines, tips


def _whole(reach: float, dark: bool, translate: Translate) -> dict[str, Any]:
    """The arrow of the full gradient, in a chart that reaches so far."""
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "uid": "full",
        "name": translate(N_("all images")),
        "x": [0, 1],
        "y": [0, 0],
        "line": {"color": theme.run_color(1, dark), "width": 5},
        # A head that is no longer than the arrow itself.
        "marker": {
            "symbol": ["circle", "arrow"],
            "size": [1, min(20.0, max(6.0, 120 / reach))],
            "angleref": "previous",
        },
        "hoverinfo": "skip",
    }


def angles_chart(directions: Directions, dark: bool, translate: Translate) -> Figure:
    """How many of the batches point how far away from the full gradient, and the middle one."""
    layout = theme.layout(
        translate(N_("Angle to the full-batch gradient")), translate(N_("Degrees")), dark=dark, revision="angles"
    )
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(0, WIDEST) | {"tickvals": list(range(0, WIDEST, 30))}
    bins = np.arange(0, 180 + BIN, BIN)
    shares = np.histogram(directions.angles, bins)[0] / len(directions.angles)
    layout["yaxis"] |= ends(0, min(1.2, roomy(1.2 * float(shares.max())))) | {"tickformat": ".0%"}
    middle = float(np.median(directions.angles))
    bars = {
        "type": "bar",
        "uid": "angles",
        "x": packed(bins[:-1] + BIN / 2),
        "y": packed(shares),
        "width": BIN * 0.9,
        "marker": {"color": theme.run_color(0, dark)},
        "hovertemplate": "%{x:.0f}°: %{y:.1%}<extra></extra>",
    }
    half = translate(N_("half within {angle}°")).format(angle=f"{middle:.0f}")
    for place, name, color, anchor in (
        (middle, half, theme.run_color(1, dark), "left" if middle < 45 else "right"),
        (90.0, translate(N_("90°: no help")), theme.quiet(dark), "left"),
    ):
        layout["shapes"].append(
            {"type": "line", "yref": "paper", "x0": place, "x1": place, "y0": 0, "y1": 1}
            | {"line": {"color": color, "width": 2, "dash": "dash"}}
        )
        layout["annotations"].append(
            {"x": place, "yref": "paper", "y": 1, "yanchor": "top", "text": name, "showarrow": False}
            | {"xanchor": anchor, "bgcolor": theme.veil(dark)}
            | {"font": {"size": theme.NOTE_SIZE, "color": theme.ink(dark)}}
        )
    return {"data": [bars], "layout": layout}


def law_chart(
    noise: Noise, measured: Sequence[tuple[int, float]], chosen: int, dark: bool, translate: Translate
) -> Figure:
    """How far batches are from the full gradient against their size, measured and by the law, on log axes."""
    layout = theme.layout(
        translate(N_("Distance from the full-batch gradient")), translate(N_("Batch size")), dark=dark, revision="law"
    )
    layout["hovermode"] = "closest"
    high = math.log10(noise.images)
    layout["xaxis"] |= ends(-0.1, high + 0.1, log=True) | log_ticks(0, high)
    low, top = math.log10(noise.law(noise.images) / 2), math.log10(noise.law(1) * 1.6)
    layout["yaxis"] |= ends(low, top, log=True) | log_ticks(low, top)
    sizes = np.geomspace(1, noise.images * 0.97, 120)
    line: dict[str, Any] = {"type": "scatter", "mode": "lines", "x": packed(sizes), "hoverinfo": "skip"}
    laws = [
        line
        | {
            "uid": "root",
            "name": "1 / √B",
            "y": packed(np.array([noise.law(size) for size in sizes])),
            "line": {"color": theme.quiet(dark), "width": 2, "dash": "dash"},
        },
        line
        | {
            "uid": "expected",
            "name": translate(N_("1 / √B, without replacement")),
            "y": packed(np.array([noise.expected(size) for size in sizes])),
            "line": {"color": theme.run_color(0, dark), "width": 2.2},
        },
    ]
    smaller = [(size, value) for size, value in measured if size < noise.images]
    points = {
        "type": "scatter",
        "mode": "markers",
        "uid": "measured",
        "name": translate(N_("measured")),
        "x": packed(np.array([size for size, _value in smaller])),
        "y": packed(np.array([value for _size, value in smaller])),
        "marker": {
            "size": [17 if size == chosen else 10 for size, _value in smaller],
            "color": [theme.run_color(1 if size == chosen else 0, dark) for size, _value in smaller],
            "opacity": 1,
        },
        "hovertemplate": "%{x:,.0f}: %{y:.3g}<extra></extra>",
    }
    return {"data": [*laws, points, *spread(layout)], "layout": layout}
