"""How many images of each class the three parts have, as bars."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import class_names, theme
from mnist_core.figures.axes import packed
from mnist_core.figures.class_names import DIGITS, Classes
from mnist_core.messages import N_, Translate
from mnist_core.records import Split

Figure = dict[str, Any]
PATTERNS: Mapping[Split, str] = {"train": "", "validation": "/", "test": "x"}


def balance_chart(
    counts: Mapping[Split, NDArray[np.int64]],
    shares: bool,
    dark: bool,
    translate: Translate,
    classes: Classes = DIGITS,
) -> Figure:
    """Bars of `counts` (one for each class in each part), or of the share of its part that each class has."""
    layout = theme.layout("", translate(N_("Class")), dark=dark, revision="balance", up=str(shares))
    layout["hovermode"] = "closest"
    layout["barmode"] = "group"
    layout["bargap"] = 0.25
    layout["legend"] |= {"y": 0.99}
    layout["margin"] |= {"t": 40}
    layout["xaxis"] |= {"type": "category", "showgrid": False, "fixedrange": True}
    layout["xaxis"] |= class_names.letters(classes, slanted=True)
    title = translate(N_("Fraction of the set")) if shares else translate(N_("Images"))
    layout["yaxis"] |= {"rangemode": "tozero", "title": {"text": title}, "tickformat": ".0%" if shares else ",d"}
    if shares:
        layout["shapes"].append(
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": 1 / len(classes),
                "y1": 1 / len(classes),
                "line": {"color": theme.quiet(dark), "width": 1.2, "dash": "longdash"},
            }
        )
    traces = [_bars(part, numbers, shares, dark, translate, classes) for part, numbers in counts.items()]
    return {"data": traces, "layout": layout}


def _bars(
    part: Split, numbers: NDArray[np.int64], shares: bool, dark: bool, translate: Translate, classes: Classes
) -> dict[str, Any]:
    """The bars of one part, told from the others by a pattern, too."""
    style = theme.SPLIT_STYLES[part]
    pattern = {
        "shape": PATTERNS[part],
        "fillmode": "overlay",
        "fgcolor": "#16181D" if dark else "#FFFFFF",
        "size": 7,
        "solidity": 0.2,
    }
    return {
        "type": "bar",
        "uid": part,
        "name": translate(style.name),
        "x": class_names.ticks(classes),
        "y": packed(numbers / max(1, int(numbers.sum())) if shares else numbers),
        "marker": {"color": style.color(dark), "pattern": pattern},
        "customdata": [int(number) for number in numbers],
        "hovertemplate": "%{x}: %{customdata:,} · %{y:.1%}<extra></extra>" if shares else "%{x}: %{y:,}<extra></extra>",
    }
