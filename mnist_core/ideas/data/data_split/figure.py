"""The three sets as a bar, and what a leak does to a test as curves."""

from __future__ import annotations

from typing import Any

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.ideas.data.classes.figure import PATTERNS
from mnist_core.ideas.data.data_split.concept import Leak
from mnist_core.messages import N_, Translate
from mnist_core.records import SPLITS, Split

Figure = dict[str, Any]


def split_chart(counts: dict[Split, int], unused: int, dark: bool, translate: Translate) -> Figure:
    """How many images each set has, in one bar; those of none are gray."""
    layout = theme.layout("", translate(N_("Images")), dark=dark, revision="split")
    layout["hovermode"] = "closest"
    layout["barmode"] = "stack"
    layout["margin"] |= {"t": 36}
    layout["legend"] |= {"y": 0.99, "traceorder": "normal"}
    layout["xaxis"] |= {"range": [0, 70_000], "fixedrange": True, "tickformat": ",d"}
    layout["yaxis"] |= {"showticklabels": False, "ticks": "", "showgrid": False, "fixedrange": True}
    # In the order of the files: the first images train, the last of them validate, the test images are a file of their own.
    order: list[tuple[str, str, int, str, str]] = []
    for part in SPLITS:
        style = theme.SPLIT_STYLES[part]
        if part == "validation" and unused:
            order.append(("unused", translate(N_("Unused")), unused, "rgba(128,128,128,0.35)", ""))
        order.append((part, translate(style.name), counts[part], style.color(dark), PATTERNS[part]))
    ground = "#16181D" if dark else "#FFFFFF"
    bars = [
        {
            "type": "bar",
            "orientation": "h",
            "uid": uid,
            "name": name,
            "x": [number],
            "y": [0],
            "text": [f"{number:,}" if number >= 3_000 else ""],
            "textposition": "inside",
            "insidetextanchor": "middle",
            "textangle": 0,
            "textfont": {"size": theme.FONT_SIZE + 2, "color": "#FFFFFF" if not dark else "#101010"},
            "marker": {
                "color": color,
                "pattern": {"shape": shape, "fillmode": "overlay", "fgcolor": ground, "size": 10, "solidity": 0.08},
            },
            "hovertemplate": "%{x:,}<extra>" + name + "</extra>",
        }
        for uid, name, number, color, shape in order
    ]
    return {"data": bars, "layout": layout}


def leak_chart(leak: Leak, place: int, dark: bool, translate: Translate) -> Figure:
    """Accuracy on the test images and on unseen ones against the share that leaked; `place` is marked."""
    layout = theme.layout(
        translate(N_("Measured accuracy")), translate(N_("Test images in memory")), dark=dark, revision="leak"
    )
    layout["hovermode"] = "x unified"
    layout["xaxis"] |= {"range": [-0.02, 1.02], "tickformat": ".0%"}
    layout["yaxis"] |= {"tickformat": ".0%"}
    traces = []
    for uid, name, values, color, dash, symbol in (
        ("test", translate(N_("on the test images")), leak.test, theme.broken(dark), "solid", "diamond"),
        (
            "unseen",
            translate(N_("on unseen images")),
            leak.unseen,
            theme.SPLIT_STYLES["test"].color(dark),
            "dot",
            "circle",
        ),
    ):
        sizes = [6.0] * len(values)
        sizes[place] = 17
        traces.append(
            {
                "type": "scatter",
                "mode": "lines+markers",
                "uid": uid,
                "name": name,
                "x": packed(leak.shares),
                "y": packed(values),
                "line": {"color": color, "dash": dash, "width": 3},
                "marker": {"color": color, "symbol": symbol, "size": sizes},
                "hovertemplate": "%{y:.1%}",
            }
        )
    return {"data": traces, "layout": layout}
