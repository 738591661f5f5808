"""Inside a network for one image: what units give, and the arithmetic of one output pixel. No Streamlit, no torch."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]


def units(values: NDArray[np.float32], dark: bool, translate: Translate) -> Figure:
    """What each unit of a layer gives, as bars."""
    layout = theme.layout(
        translate(N_("What each unit gives")), translate(N_("Unit")), dark=dark, revision=f"units-{len(values)}"
    )
    layout["hovermode"] = "closest"
    layout["xaxis"] |= {"showgrid": False}
    trace = {
        "type": "bar",
        "uid": "units",
        "x": list(range(len(values))),
        "y": packed(np.nan_to_num(values)),
        "marker": {"color": theme.SPLIT_STYLES["train"].colour(dark)},
        "hovertemplate": "%{x}: %{y:.3f}<extra></extra>",
    }
    return {"data": [trace], "layout": layout}


def arithmetic(patch: NDArray[np.float32], kernel: NDArray[np.float32], dark: bool, translate: Translate) -> Figure:
    """Inputs × weights = products, three squares of k×k with their numbers."""
    layout = theme.layout("", "", dark=dark, revision="arithmetic")
    layout["hovermode"] = "closest"
    layout["margin"] |= {"t": 40}
    titles = (translate(N_("Inputs")), translate(N_("Weights")), translate(N_("Products")))
    hidden = {"visible": False, "fixedrange": True}
    ground = "#1B1E25" if dark else "#FFFFFF"
    colours = [[0, "#56B4E9" if dark else "#0072B2"], [0.5, ground], [1, "#E67800"]]
    traces = []
    for number, (title, values) in enumerate(zip(titles, (patch, kernel, patch * kernel), strict=True)):
        name = "" if number == 0 else str(number + 1)
        left = number * 0.35
        layout[f"xaxis{name}"] = hidden | {"domain": [left, left + 0.3], "anchor": f"y{name}"}
        layout[f"yaxis{name}"] = hidden | {"autorange": "reversed", "anchor": f"x{name}"}
        layout["annotations"].append(
            {
                "text": ("", "× ", "= ")[number] + title,
                "x": left + 0.15,
                "y": 1.02,
                "xref": "paper",
                "yref": "paper",
                "xanchor": "center",
                "yanchor": "bottom",
                "showarrow": False,
                "font": {"size": theme.FONT_SIZE + 1},
            }
        )
        greatest = float(np.abs(np.nan_to_num(values)).max()) or 1.0
        traces.append(
            {
                "type": "heatmap",
                "uid": f"square-{number}",
                "z": packed(values),
                "xaxis": f"x{name}",
                "yaxis": f"y{name}",
                "zmin": -greatest,
                "zmax": greatest,
                "colorscale": colours,
                "showscale": False,
                "xgap": 2,
                "ygap": 2,
                "texttemplate": "%{z:.2f}",
                "textfont": {"size": theme.FONT_SIZE - 1},
                "hoverinfo": "skip",
            }
        )
    return {"data": traces, "layout": layout}
