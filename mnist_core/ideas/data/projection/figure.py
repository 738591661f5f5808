"""A map of images: two numbers of each as a place, a color and a sign for each digit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
Places = NDArray[np.float32]
# A sign for each digit, no two alike: seven colors do not do for ten.
SYMBOLS = (
    "circle-open",
    "triangle-up",
    "square",
    "diamond-open",
    "cross",
    "star",
    "x",
    "triangle-down-open",
    "hexagon",
    "square-open",
)


def map_chart(
    places: NDArray[np.float32],
    labels: NDArray[np.uint8],
    digits: Sequence[int],
    axes: tuple[int, int],
    shares: NDArray[np.float32],
    chosen: int | None,
    dark: bool,
    translate: Translate,
) -> Figure:
    """The images of `digits` at their numbers `axes` (0-based) of `places` (n×k); `chosen`: the row that is ringed.

    Each trace's `uid` is digit-0 to digit-9 and its `meta` the digit; a point's number counts the images of that digit.
    """
    first, second = axes

    def title(axis: int) -> str:
        text = translate(N_("Component {number}: {fraction} of the variance"))
        return text.format(number=axis + 1, fraction=f"{shares[axis]:.1%}")

    layout = theme.layout("", title(first), dark=dark, revision="map", across=str(first), up=str(second))
    layout["hovermode"] = "closest"
    layout["margin"] |= {"t": 40}
    layout["legend"] |= {"y": 0.995, "itemsizing": "constant"}
    layout["yaxis"] |= {"title": {"text": title(second)}}
    plane = places[:, [first, second]]
    traces = []
    for digit in digits:
        of_digit = plane[labels == digit]
        traces.append(_cloud(digit, of_digit, dark))
        if len(of_digit):
            layout["annotations"].append(_name_tag(digit, of_digit, dark))
    if chosen is not None:
        traces.append(_ring(plane[[chosen]], dark))
    return {"data": traces, "layout": layout}


def _cloud(digit: int, places: Places, dark: bool) -> dict[str, Any]:
    """The images of a digit at their places, n×2."""
    color = theme.run_color(digit, dark)
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": f"digit-{digit}",
        "meta": digit,
        "name": str(digit),
        "x": packed(places[:, 0]),
        "y": packed(places[:, 1]),
        "marker": {
            "symbol": SYMBOLS[digit],
            "size": 8,
            "color": color,
            "line": {"width": 1.4, "color": color},
            "opacity": 0.8,
        },
        "hovertemplate": f"{digit}<extra></extra>",
    }


def _name_tag(digit: int, places: Places, dark: bool) -> dict[str, Any]:
    """The digit in the middle of its images."""
    across, upwards = np.median(places, axis=0)
    return {
        "x": float(across),
        "y": float(upwards),
        "text": f"<b>{digit}</b>",
        "showarrow": False,
        "bgcolor": theme.veil(dark),
        "bordercolor": theme.run_color(digit, dark),
        "borderpad": 3,
        "font": {"size": 20, "color": theme.ink(dark)},
    }


def _ring(place: Places, dark: bool) -> dict[str, Any]:
    """A ring around the image that is chosen, 1×2."""
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": "chosen",
        "x": packed(place[:, 0]),
        "y": packed(place[:, 1]),
        "marker": {"symbol": "circle-open", "size": 26, "color": theme.ink(dark), "line": {"width": 3}},
        "showlegend": False,
        "hoverinfo": "skip",
    }
