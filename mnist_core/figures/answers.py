"""What networks answer for one image: a bar for each digit, and several networks beneath each other. No Streamlit, no torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.messages import N_, Message, Translate, message

Figure = dict[str, Any]
Shares = NDArray[np.float64]
DIGITS = [str(digit) for digit in range(10)]


def bars(shares: Shares, dark: bool, translate: Translate) -> Figure:
    """The probabilities (10) as bars, the greatest in a colour of its own."""
    title = translate(N_("Probability of each digit"))
    layout = theme.layout(title, "", dark=dark, revision="bars")
    layout["hovermode"] = "closest"
    layout["xaxis"] |= {"type": "category", "showgrid": False, "fixedrange": True, "tickfont": {"size": 18}}
    layout["yaxis"] |= {"range": [0, 1.12], "tickformat": ".0%", "dtick": 0.25, "fixedrange": True}
    known = np.nan_to_num(shares)
    style = theme.SPLIT_STYLES["train"].colour(dark)
    best = int(known.argmax())
    colours = [style if digit == best else theme.quiet(dark) for digit in range(10)]
    trace = {
        "type": "bar",
        "uid": "bars",
        "x": DIGITS,
        "y": packed(known),
        "text": [f"{share:.0%}" if share >= 0.005 else "" for share in known],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": colours},
        "hovertemplate": "%{x}: %{y:.2%}<extra></extra>",
    }
    return {"data": [trace], "layout": layout}


def side_by_side(names: Sequence[str], shares: Shares, dark: bool, translate: Translate) -> Figure:
    """The probabilities of several networks (n×10): a row each, darker (on dark ground: lighter) the surer."""
    layout = theme.layout("", "", dark=dark, revision="side-by-side")
    layout["hovermode"] = "closest"
    layout["margin"] |= {"t": 6}
    layout["xaxis"] |= {
        "type": "category",
        "showgrid": False,
        "fixedrange": True,
        "side": "top",
        "tickfont": {"size": 18},
    }
    # Two runs may have one name: the axis counts rows, its labels name them.
    layout["yaxis"] |= {
        "autorange": "reversed",
        "showgrid": False,
        "fixedrange": True,
        "ticks": "",
        "tickvals": list(range(len(names))),
        "ticktext": list(names),
    }
    ground = "#1B1E25" if dark else "#F3F4F6"
    top = theme.SPLIT_STYLES["train"].colour(dark)
    trace = {
        "type": "heatmap",
        "uid": "side-by-side",
        "x": DIGITS,
        "y": list(range(len(names))),
        "z": packed(shares),
        "zmin": 0,
        "zmax": 1,
        "colorscale": [[0, ground], [1, top]],
        "showscale": False,
        "xgap": 2,
        "ygap": 4,
        "text": [[_cell(share) for share in row] for row in shares],
        "texttemplate": "%{text}",
        "textfont": {"size": theme.FONT_SIZE},
        "customdata": [[name] * 10 for name in names],
        "hovertemplate": "%{customdata}<br>%{x}: %{z:.2%}<extra></extra>",
    }
    return {"data": [trace], "layout": layout}


def _cell(share: float) -> str:
    if not np.isfinite(share):
        return "NaN"
    return f"{share:.0%}" if share >= 0.005 else ""


def describe(shares: Shares) -> Message:
    """The answer in words, for those who do not see the bars."""
    if not np.isfinite(shares).all():
        return message(N_("This network answers with no numbers."))
    first, second = (int(digit) for digit in np.argsort(-shares, kind="stable")[:2])
    return message(
        N_("The network sees a {first} ({share}); next comes {second} ({other})."),
        first=first,
        share=f"{shares[first]:.0%}",
        second=second,
        other=f"{shares[second]:.0%}",
    )
