"""A kernel on its way over an image: the window on the image, the pixel of the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.ideas.architecture.convolution.concept import Floats
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
LEFT, RIGHT = (0.0, 0.48), (0.52, 1.0)  # the two pictures, across


@dataclass(frozen=True)
class Stop:
    """Where the kernel of `side` pixels lies when it makes the output pixel at `row`, `column`."""

    side: int
    stride: int
    padding: int
    row: int
    column: int


def slide_chart(padded: Floats, output: Floats, stop: Stop, dark: bool, translate: Translate) -> Figure:
    """The image in its frame with the window on it, and the output with the pixel that the window makes."""
    layout = theme.layout("", "", dark=dark, revision="slide")
    layout["hovermode"] = "closest"
    layout["margin"] |= {"t": 40}
    ground = theme.paper(dark)
    above, below = theme.RAISES, theme.SPLIT_STYLES["train"].color(dark)
    maximum = float(np.abs(output).max()) or 1.0
    inside = len(padded) - 2 * stop.padding
    titles = (
        translate(N_("Image {side} × {side}, padding {padding}")).format(side=inside, padding=stop.padding),
        translate(N_("Output {side} × {side}")).format(side=len(output)),
    )
    scales = (
        (0.0, 1.0, [[0, ground], [1, theme.ink(dark)]]),
        (-maximum, maximum, [[0, below], [0.5, ground], [1, above]]),
    )
    figure: Figure = {"data": [], "layout": layout}
    for number, (values, (minimum, most, colors)) in enumerate(zip((padded, output), scales, strict=True)):
        name = "" if number == 0 else "2"
        span = (LEFT, RIGHT)[number]
        hidden = {"visible": False, "fixedrange": True, "constrain": "domain"}
        layout[f"xaxis{name}"] = hidden | {"domain": list(span), "anchor": f"y{name}"}
        square = {"scaleanchor": f"x{name}", "constraintoward": "top"}
        layout[f"yaxis{name}"] = hidden | square | {"autorange": "reversed", "anchor": f"x{name}"}
        layout["annotations"].append(_heading(titles[number], sum(span) / 2))
        picture = _picture(values, name) | {"zmin": minimum, "zmax": most, "colorscale": colors}
        figure["data"].append(picture | {"uid": ("image", "output")[number]})
    top, left = stop.row * stop.stride, stop.column * stop.stride
    line = {"color": above, "width": 3.5}
    layout["shapes"] = [
        # Where the image ends and the frame of zeros begins; where the output ends.
        _square("", stop.padding, stop.padding, inside, {"color": theme.quiet(dark), "width": 1, "dash": "dot"}),
        _square("2", 0, 0, len(output), {"color": theme.quiet(dark), "width": 1}),
        _square("", top, left, stop.side, line),
        _square("2", stop.row, stop.column, 1, line | {"color": theme.ink(dark)}),
    ]
    return figure


def _picture(values: Floats, axis: str) -> dict[str, Any]:
    """Pixels on the axes with this number."""
    return {
        "type": "heatmap",
        "x": list(range(values.shape[1])),
        "y": list(range(values.shape[0])),
        "z": packed(values),
        "xaxis": f"x{axis}",
        "yaxis": f"y{axis}",
        "showscale": False,
        "hovertemplate": "%{y}, %{x}: %{z:.3f}<extra></extra>",
    }


def _square(axis: str, top: int, left: int, side: int, line: dict[str, Any]) -> dict[str, Any]:
    ends = {"x0": left - 0.5, "x1": left + side - 0.5, "y0": top - 0.5, "y1": top + side - 0.5}
    return {"type": "rect", "xref": f"x{axis}", "yref": f"y{axis}", "line": line} | ends


def _heading(text: str, x: float) -> dict[str, Any]:
    return {
        "text": text,
        "x": x,
        "y": 1.02,
        "xref": "paper",
        "yref": "paper",
        "xanchor": "center",
        "yanchor": "bottom",
        "showarrow": False,
        "font": {"size": theme.FONT_SIZE + 1},
    }
