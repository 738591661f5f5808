"""Inside a network for one image: what units give, and the arithmetic of one output pixel."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import cells, class_names, theme
from mnist_core.figures.axes import packed
from mnist_core.figures.class_names import Classes
from mnist_core.messages import ANY_SIZE, N_, Translate, measured_text

Figure = dict[str, Any]


def units(values: NDArray[np.float32], dark: bool, translate: Translate, classes: Classes | None = None) -> Figure:
    """What each unit of a layer gives, as bars; of the last layer a unit is a class."""
    title, unit = (N_("Output of each class"), N_("Class")) if classes else (N_("Activation of each unit"), N_("Unit"))
    layout = theme.layout(translate(title), translate(unit), dark=dark, revision=f"{unit}-{len(values)}")
    layout["hovermode"] = "closest"
    layout["xaxis"] |= {"showgrid": False}
    if classes:
        layout["xaxis"] |= {
            "tickvals": list(range(len(values))),
            "ticktext": class_names.ticks(classes),
        } | class_names.letters(classes, slanted=True)
    trace = {
        "type": "bar",
        "uid": "units",
        "x": list(range(len(values))),
        "y": packed(np.nan_to_num(values)),
        "marker": {"color": theme.SPLIT_STYLES["train"].color(dark)},
        "hovertemplate": f"%{{x}}: %{{y:{ANY_SIZE}}}<extra></extra>",
    }
    return {"data": [trace], "layout": layout}


def square(values: NDArray[np.float32], title: str, dark: bool) -> Figure:
    """A square of k×k numbers, orange above 0 and blue below."""
    layout = theme.layout(title, "", dark=dark, revision="square")
    layout["hovermode"] = "closest"
    layout["margin"] |= {"l": 0, "r": 0, "b": 0}
    hidden = {"visible": False, "fixedrange": True}
    layout["xaxis"] |= hidden
    layout["yaxis"] |= hidden | {"autorange": "reversed"}
    ground = theme.paper(dark)
    below, above = theme.SPLIT_STYLES["train"].color(dark), theme.RAISES
    finite = np.nan_to_num(values)
    maximum = float(np.abs(finite).max()) or 1.0

    def fill(row: int, column: int) -> str:
        fraction = float(finite[row, column]) / maximum
        return theme.mix(ground, above if fraction > 0 else below, abs(fraction))

    trace = {
        "type": "heatmap",
        "uid": "square",
        "z": packed(values),
        "zmin": -maximum,
        "zmax": maximum,
        "colorscale": [[0, below], [0.5, ground], [1, above]],
        "showscale": False,
        "xgap": 2,
        "ygap": 2,
        "hovertemplate": f"%{{z:{ANY_SIZE}}}<extra></extra>",
    }
    texts = [[measured_text(round(float(value), 2) + 0.0, 2) for value in row] for row in values]  # + 0.0: no -0.00
    return {"data": [trace, cells.words("numbers", texts, fill, size=theme.NOTE_SIZE)], "layout": layout}
