"""The bowl as charts: the trajectory in it, its loss step by step, and what each rate would do."""

from __future__ import annotations

from typing import Any

import numpy as np

from mnist_core.figures import marks, theme
from mnist_core.figures.axes import ChartView, ends, log_ticks, packed, spread
from mnist_core.ideas.stability.bowl import concept as bowls
from mnist_core.ideas.stability.bowl.concept import Bowl
from mnist_core.messages import N_, Translate, number_text

Figure = dict[str, Any]
VIEW = 3.0  # the picture reaches from −VIEW to VIEW
LOWEST, HIGHEST = 1e-6, 1e6  # of the losses shown
FACTORS = 1.6  # highest factor shown
SHOWN_RATES = 1.6  # times the edge


def trajectory_chart(bowl: Bowl, steps: int, dark: bool, translate: Translate) -> Figure:
    """The trajectory after so many steps: on the parabola for one direction, on contours for two."""
    places = bowls.path(bowl, steps)
    return (_line if len(bowl.curvatures) == 1 else _plane)(bowl, places, dark, translate)


def _line(bowl: Bowl, places: Any, dark: bool, translate: Translate) -> Figure:
    layout = theme.layout(translate(N_("Trajectory")), translate(N_("Weight")), dark=dark, revision="bowl-1")
    x = np.linspace(-VIEW, VIEW, 201)[:, None]
    top = 0.5 * bowl.curvatures[0] * VIEW**2
    layout["xaxis"] |= ends(-VIEW, VIEW)
    layout["yaxis"] |= ends(0, top) | {"title": {"text": translate(N_("Loss"))}}
    curve = _trace("bowl", x[:, 0], bowls.loss(bowl, x), theme.quiet(dark), 2.5, translate(N_("loss")))
    visible = np.abs(places[:, 0]) <= 3 * VIEW
    steps = _steps(places[visible, 0], bowls.loss(bowl, places[visible]), dark, translate)
    return {"data": [curve, steps], "layout": layout}


def _plane(bowl: Bowl, places: Any, dark: bool, translate: Translate) -> Figure:
    layout = theme.layout(translate(N_("Trajectory")), translate(N_("Steep weight")), dark=dark, revision="bowl-2")
    layout["hovermode"] = "closest"
    layout["xaxis"] |= ends(-VIEW, VIEW)
    layout["yaxis"] |= ends(-VIEW, VIEW) | {"title": {"text": translate(N_("Flat weight"))}}
    grid = np.linspace(-VIEW, VIEW, 61)
    x, y = np.meshgrid(grid, grid)
    # Levels by the root of the loss: rings at equal distances.
    heights = np.sqrt(bowls.loss(bowl, np.stack([x, y], -1)))
    rings = {
        "type": "contour",
        "uid": "bowl",
        "x": packed(grid),
        "y": packed(grid),
        "z": packed(heights),
        "ncontours": 14,
        "contours": {"coloring": "lines"},
        "line": {"width": 1.2},
        "colorscale": [[0, theme.quiet(dark)], [1, theme.quiet(dark)]],
        "showscale": False,
        "hoverinfo": "skip",
    }
    visible = np.abs(places).max(1) <= 3 * VIEW
    return {"data": [rings, _steps(places[visible, 0], places[visible, 1], dark, translate)], "layout": layout}


def _steps(x: Any, y: Any, dark: bool, translate: Translate) -> dict[str, Any]:
    color = theme.run_color(1, dark)
    sizes = np.full(len(x), 8.0)
    sizes[-1:] = 15
    return _trace("trajectory", x, y, color, 1.8, translate(N_("steps"))) | {
        "mode": "lines+markers",
        "marker": {"size": sizes.tolist(), "color": color},
        "customdata": packed(np.arange(len(x))),
        "hovertemplate": "%{customdata}: %{x:.3g}, %{y:.3g}<extra></extra>",
    }


def loss_chart(bowl: Bowl, steps: int, dark: bool, translate: Translate) -> Figure:
    """The loss after each step, on a log axis: a straight line, whose slope is the factor."""
    layout = theme.layout(translate(N_("Loss after each step")), translate(N_("Step")), dark=dark, revision="bowl-loss")
    values = bowls.loss(bowl, bowls.path(bowl, steps))
    color = theme.run_color(1, dark)
    low, high = np.log10(LOWEST), np.log10(HIGHEST)
    layout["xaxis"] |= ends(0, max(10, steps))
    layout["yaxis"] |= ends(low, high, log=True) | log_ticks(low, high)
    clipped = np.clip(np.nan_to_num(values, nan=HIGHEST * 3), LOWEST / 3, HIGHEST * 3)
    line = _trace("loss", np.arange(steps + 1), clipped, color, 2.5, translate(N_("loss")))
    figure: Figure = {"data": [line | {"mode": "lines+markers", "marker": {"size": 6}}], "layout": layout}
    figure["data"] += spread(layout)
    return figure


def rates_chart(bowl: Bowl, dark: bool, translate: Translate) -> Figure:
    """What a step multiplies the distance by, against the rate: below 1 it arrives, above 1 it leaves."""
    heading = translate(N_("Factor on the distance per step"))
    layout = theme.layout(heading, translate(N_("Learning rate")), dark=dark, revision="bowl-rates")
    layout["hovermode"] = "closest"
    end = max(SHOWN_RATES * bowl.edge, 1.1 * bowl.rate)
    rates = np.linspace(end / 400, end, 400)
    layout["xaxis"] |= ends(0, end)
    layout["yaxis"] |= ends(0, FACTORS)
    color, current = theme.run_color(0, dark), float(bowls.factors(bowl, np.array([bowl.rate]))[0])
    curve = _trace("factors", rates, np.minimum(bowls.factors(bowl, rates), FACTORS * 2), color, 2.5, "")
    dot = _trace("rate", np.array([bowl.rate]), np.array([min(current, FACTORS)]), theme.run_color(1, dark), 0, "")
    figure: Figure = {
        "data": [curve, dot | {"mode": "markers", "marker": {"size": 16, "color": theme.run_color(1, dark)}}]
    }
    figure["layout"] = layout
    # The curve crosses this line at the edge: on either side of it there is room above the line, on the wider for the name.
    text = translate(N_("1: same distance"))
    marks.reference(figure, 1.0, text, ChartView(dark=dark), at_left=2 * bowl.edge > end)
    _shade_beyond(figure, bowl.edge, end, dark, translate)
    return figure


def _shade_beyond(figure: Figure, edge: float, end: float, dark: bool, translate: Translate) -> None:
    layout = figure["layout"]
    layout["shapes"].append(
        {
            "type": "rect",
            "yref": "paper",
            "x0": edge,
            "x1": end,
            "y0": 0,
            "y1": 1,
            "fillcolor": theme.broken(dark),
            "opacity": 0.12,
            "line": {"width": 0},
            "layer": "below",
        }
    )
    layout["annotations"].append(
        {
            "x": edge,
            "xanchor": "left",
            "yref": "paper",
            "y": 0.04,
            "yanchor": "bottom",
            "showarrow": False,
            "text": translate(N_("edge: {rate}")).format(rate=number_text(edge, 4)),
            "font": {"size": theme.NOTE_SIZE, "color": theme.broken(dark)},
            "bgcolor": theme.veil(dark),
        }
    )


def _trace(uid: str, x: Any, y: Any, color: str, width: float, name: str) -> dict[str, Any]:
    return {
        "type": "scatter",
        "mode": "lines",
        "uid": uid,
        "x": packed(np.asarray(x)),
        "y": packed(np.asarray(y)),
        "name": name,
        "line": {"color": color, "width": width},
        "showlegend": False,
        "hovertemplate": "%{x:.3g}: %{y:.3g}<extra></extra>",
    }
