"""A map of images: two numbers of each as a place, a color and a sign for each class."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.figures.class_names import DIGITS, Classes
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
Places = NDArray[np.float32]
# A sign for each class, no two alike: seven colors do not do for ten.
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
    chosen_labels: Sequence[int],
    axes: tuple[int, int],
    shares: NDArray[np.float32],
    chosen: int | None,
    dark: bool,
    translate: Translate,
    classes: Classes = DIGITS,
) -> Figure:
    """The images with `chosen_labels` at their numbers `axes` (0-based) of `places` (n×k); `chosen`: the row that is ringed.

    Each trace's `uid` is class-0 to class-9 and its `meta` the label; a point's number counts the images of that class.
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
    for label in chosen_labels:
        of_class, name = plane[labels == label], classes[label].plotly
        traces.append(_cloud(label, name, of_class, dark))
        if len(of_class):
            layout["annotations"].append(_name_tag(label, name, of_class, dark))
    if chosen is not None:
        traces.append(_ring(plane[[chosen]], dark))
    return {"data": traces, "layout": layout}


def _cloud(label: int, name: str, places: Places, dark: bool) -> dict[str, Any]:
    """The images of a class at their places, n×2."""
    color = theme.run_color(label, dark)
    return {
        "type": "scatter",
        "mode": "markers",
        "uid": f"class-{label}",
        "meta": label,
        "name": name,
        "x": packed(places[:, 0]),
        "y": packed(places[:, 1]),
        "marker": {
            "symbol": SYMBOLS[label],
            "size": 8,
            "color": color,
            "line": {"width": 1.4, "color": color},
            "opacity": 0.8,
        },
        "hovertemplate": f"{name}<extra></extra>",
    }


def _name_tag(label: int, name: str, places: Places, dark: bool) -> dict[str, Any]:
    """The name of a class in the middle of its images."""
    across, upwards = np.median(places, axis=0)
    return {
        "x": float(across),
        "y": float(upwards),
        "text": f"<b>{name}</b>",
        "showarrow": False,
        "bgcolor": theme.veil(dark),
        "bordercolor": theme.run_color(label, dark),
        "borderpad": 3,
        "font": {"size": 20 if len(name) <= 2 else 14, "color": theme.ink(dark)},
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
