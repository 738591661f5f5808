"""The size of a network, layer by layer, as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import packed
from mnist_core.ideas.architecture.layers.concept import Dense, Memory
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
Measure = Literal["parameters", "multiplications", "memory"]
TITLES = {
    "parameters": N_("Parameters per layer"),
    "multiplications": N_("Multiplications per layer, for one example"),
    "memory": N_("Memory per layer during training"),
}
MEMORY = {
    "weights": N_("Weights"),
    "gradients": N_("Gradients"),
    "optimizer": N_("Optimizer"),
    "activations": N_("Activations of the batch"),
}
UNITS = ((1e9, "GB"), (1e6, "MB"), (1e3, "kB"))


def size_chart(
    layers: Sequence[Dense], memories: Sequence[Memory], measure: Measure, dark: bool, translate: Translate
) -> Figure:
    """One bar a layer; of memory in its four parts."""
    heading = translate(TITLES[measure])
    layout = theme.layout(heading, "", dark=dark, revision=f"sizes-{measure}-{len(layers)}")
    layout["hovermode"] = "closest"
    layout["barmode"] = "stack"
    names = [f"{layer.inputs:,} → {layer.outputs:,}" for layer in layers]
    layout["xaxis"] |= {"fixedrange": True, "showgrid": False, "tickvals": list(range(len(names))), "ticktext": names}
    layout["yaxis"] |= {"fixedrange": True, "rangemode": "tozero"}
    if measure == "memory":
        return {"data": _parts(memories, layout, dark, translate), "layout": layout}
    values = [getattr(layer, measure) for layer in layers]
    bar = _bar(measure, values, theme.run_color(0, dark)) | {
        "text": [f"{value:,}" for value in values],
        "textposition": "auto",
        "cliponaxis": False,
        "hovertemplate": "%{text}<extra></extra>",
    }
    return {"data": [bar], "layout": layout}


def _parts(memories: Sequence[Memory], layout: dict[str, Any], dark: bool, translate: Translate) -> list[Any]:
    unit, word = unit_of(max(memory.total for memory in memories))
    layout["yaxis"] |= {"title": {"text": word}}
    traces = []
    for index, (name, title) in enumerate(MEMORY.items()):
        values = [getattr(memory, name) for memory in memories]
        color = theme.run_color(index, dark)
        # Beside the color, a pattern tells the parts apart.
        pattern = {"shape": ("", "/", ".", "x")[index], "fgcolor": theme.transparent(theme.ink(dark), 0.7), "size": 9}
        traces.append(
            _bar(name, [value / unit for value in values], color)
            | {
                "name": translate(title),
                "text": [in_bytes(value) for value in values],
                "textposition": "none",
                "hovertemplate": "%{text}<extra>%{fullData.name}</extra>",
            }
        )
        traces[-1]["marker"] |= {"pattern": pattern}
    return traces


def _bar(uid: str, values: Sequence[float], color: str) -> dict[str, Any]:
    return {
        "type": "bar",
        "uid": uid,
        "x": list(range(len(values))),
        "y": packed(np.array(values, float)),
        "width": 0.6,
        "marker": {"color": color},
        "textfont": {"size": theme.FONT_SIZE + 1},
    }


def unit_of(size: float) -> tuple[float, str]:
    """How many bytes the largest unit has that `size` fills, and its name."""
    return next(((unit, word) for unit, word in UNITS if size >= unit), (1.0, "B"))


def in_bytes(size: int) -> str:
    """A number of bytes as it is read: 318 kB, 1.2 MB."""
    unit, word = unit_of(size)
    value = size / unit
    return f"{value:.0f} {word}" if unit == 1 or value >= 100 else f"{value:.1f} {word}"
