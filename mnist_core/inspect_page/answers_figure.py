"""What networks answer for one image: a bar for each class, and several networks beneath each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mnist_core import escape
from mnist_core.figures import cells, class_names, theme
from mnist_core.figures.axes import packed
from mnist_core.figures.class_names import DIGITS, Classes
from mnist_core.messages import N_, Message, Translate, message

Figure = dict[str, Any]
Shares = NDArray[np.float64]
ROW, CELL = 56, 30  # pixels of a network among several, with its name, and of its cells
SMALL = 13  # pixels of the numbers in them


def bars(shares: Shares, dark: bool, translate: Translate, classes: Classes = DIGITS) -> Figure:
    """The probabilities of `classes` as bars, the greatest in a color of its own."""
    title = translate(N_("Probability of each class"))
    layout = theme.layout(title, "", dark=dark, revision="bars")
    layout["hovermode"] = "closest"
    layout["xaxis"] |= {"type": "category", "showgrid": False, "fixedrange": True}
    layout["xaxis"] |= class_names.letters(classes, slanted=True)
    layout["yaxis"] |= {"range": [0, 1.12], "tickformat": ".0%", "dtick": 0.25, "fixedrange": True}
    finite = np.nan_to_num(shares)
    style = theme.SPLIT_STYLES["train"].color(dark)
    best = int(finite.argmax())
    colors = [style if place == best else theme.quiet(dark) for place in range(len(classes))]
    trace = {
        "type": "bar",
        "uid": "bars",
        "x": class_names.ticks(classes),
        "y": packed(finite),
        "text": [percent(fraction) if fraction >= 0.01 else "" for fraction in finite],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": colors},
        "hovertemplate": "%{x}: %{y:.2%}<extra></extra>",
    }
    return {"data": [trace], "layout": layout}


def side_by_side(
    names: Sequence[str], shares: Shares, dark: bool, translate: Translate, classes: Classes = DIGITS
) -> Figure:
    """The probabilities that several networks give the `classes` (networks × classes): a row each beneath its name, darker (on dark ground: lighter) the surer."""
    layout, titles = theme.layout("", "", dark=dark, revision="side-by-side"), [escape.plotly(name) for name in names]
    layout["hovermode"] = "closest"
    layout["margin"] |= {"t": 6}
    layout["xaxis"] |= {
        "showgrid": False,
        "fixedrange": True,
        "side": "top",
        "tickvals": list(range(len(classes))),
        "ticktext": class_names.ticks(classes),
        "range": [-0.5, len(classes) - 0.5],
    } | class_names.letters(classes, slanted=True)
    # The names stand above the rows, not beside them, where they would leave a telephone no room for the digits.
    layout["yaxis"] |= {"range": [len(names) - 0.5, -0.75], "visible": False, "fixedrange": True}
    ground, top = theme.cell(dark), theme.SPLIT_STYLES["train"].color(dark)
    rows = {
        "type": "heatmap",
        "uid": "side-by-side",
        "x": list(range(len(classes))),
        "y": list(range(len(names))),
        "z": packed(shares),
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, ground], [1, top]],
        "showscale": False,
        "hoverongaps": False,
        "xgap": 2,
        "ygap": ROW - CELL,
        "customdata": [[title] * len(classes) for title in titles],
        "hovertemplate": "%{customdata}<br>%{x}: %{z:.2%}<extra></extra>",
    }
    broken = ~np.isfinite(shares).all(1)
    texts = [[_cell(fraction) if np.isfinite(fraction) else "" for fraction in row] for row in shares]
    percent = cells.words(
        "shares", texts, lambda row, column: theme.mix(ground, top, float(shares[row, column])), size=SMALL
    )
    heads = _left_aligned("names", [number - 0.46 for number in range(len(titles))], titles, theme.ink(dark))
    nothing = _left_aligned(
        "broken",
        np.flatnonzero(broken).tolist(),
        [translate(N_("output is NaN"))] * int(broken.sum()),
        theme.broken(dark),
    )
    return {"data": [rows, percent, heads, nothing], "layout": layout}


def height(names: Sequence[str]) -> int:
    """Pixels that `side_by_side` of so many networks wants."""
    return 40 + ROW // 4 + ROW * len(names)


def _left_aligned(uid: str, rows: Sequence[float], texts: Sequence[str], color: str) -> dict[str, Any]:
    """Texts that begin where the cells begin."""
    return {
        "type": "scatter",
        "mode": "text",
        "uid": uid,
        "x": [-0.5] * len(texts),
        "y": list(rows),
        "text": list(texts),
        "textposition": "middle right",
        "textfont": {"size": theme.NOTE_SIZE, "color": color},
        "cliponaxis": False,
        "showlegend": False,
        "hoverinfo": "skip",
    }


def _cell(fraction: float) -> str:
    """The share in percent, without its sign: ten of them stand in a row on a telephone, too."""
    return f"{100 * fraction:.0f}" if fraction >= 0.005 else ""


def percent(fraction: float) -> str:
    """A probability in words: what is not nothing is not called 0 %."""
    if fraction < 0.01:
        return "<1%"
    return ">99%" if 0.99 < fraction < 1 else f"{fraction:.0%}"


# Whose answer it is: of the network that the view is about, or of one of two runs beside one another.
Whose = Literal["network", "this", "other"]
_ANSWERS: Mapping[Whose, str] = {
    "network": N_("The network's answer: {first} ({fraction}), then {second} ({other})."),
    "this": N_("This run's answer: {first} ({fraction}), then {second} ({other})."),
    "other": N_("The other run's answer: {first} ({fraction}), then {second} ({other})."),
}


def describe(shares: Shares, classes: Classes = DIGITS, whose: Whose = "network") -> Message:
    """The answer in words, for those who do not see the bars; what shows it as Markdown escapes it, since names may be typed."""
    if not np.isfinite(shares).all():
        return message(N_("The output of this network is NaN."))
    first, second = (int(place) for place in np.argsort(-shares, kind="stable")[:2])
    return message(
        _ANSWERS[whose],
        first=classes[first].plain,
        fraction=percent(shares[first]),
        second=classes[second].plain,
        other=percent(shares[second]),
    )
