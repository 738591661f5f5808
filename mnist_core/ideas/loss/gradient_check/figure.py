"""Numerical gradient and backpropagation: their difference against the step, and the time of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from mnist_core.figures import theme
from mnist_core.figures.axes import ends, log_ticks, packed, spread
from mnist_core.ideas.loss.gradient_check.concept import STEPS, Agreement, Cost
from mnist_core.messages import N_, Translate

Figure = dict[str, Any]
# Where a unit of time begins to suit, and its seconds.
UNITS = (
    (N_("{n} h"), 7200.0, 3600.0),
    (N_("{n} min"), 120.0, 60.0),
    (N_("{n} s"), 0.1, 1.0),
    (N_("{n} ms"), 0.0, 1e-3),
)
LOW, HIGH = -14.0, 1.0  # powers of ten of the differences shown


def difference_chart(agreement: Agreement, step: float, dark: bool, translate: Translate) -> Figure:
    """The greatest difference of both gradients against the step, both on log axes, with the chosen step marked."""
    layout = theme.layout(
        translate(N_("Maximum difference between the two gradients")),
        translate(N_("Step size of the numerical gradient")),
        dark=dark,
        revision="difference",
    )
    layout["hovermode"] = "closest"
    minimum, most = float(np.log10(STEPS[-1])) - 0.3, float(np.log10(STEPS[0])) + 0.3
    power = {"exponentformat": "power", "dtick": 2}
    layout["xaxis"] |= ends(minimum, most, log=True) | log_ticks(minimum, most) | power
    layout["yaxis"] |= ends(LOW, HIGH, log=True) | log_ticks(LOW, HIGH) | power
    layout["annotations"] += _ends_of_the_curve(dark, translate)
    return {"data": [*_differences(agreement, step, dark), *spread(layout)], "layout": layout}


def _differences(agreement: Agreement, step: float, dark: bool) -> list[dict[str, Any]]:
    """The curve of the differences, and the sign at the chosen step."""
    differences = np.maximum(agreement.differences, 10**LOW)
    chosen = int(np.argmin(np.abs(np.log(np.array(STEPS) / step))))
    words = {"type": "scatter", "showlegend": False, "hovertemplate": "%{x:.0e}: %{y:.1e}<extra></extra>"}
    color = theme.run_color(0, dark)
    curve = {
        "mode": "lines+markers",
        "uid": "difference",
        "x": packed(np.array(STEPS)),
        "y": packed(differences),
        "line": {"color": color, "width": 2.5},
        "marker": {"size": 8, "color": color},
    }
    sign = {
        "mode": "markers",
        "uid": "here",
        "x": [STEPS[chosen]],
        "y": [float(differences[chosen])],
        "marker": {"size": 18, "color": theme.run_color(1, dark), "symbol": "diamond"},
    }
    return [words | curve, words | sign]


def _ends_of_the_curve(dark: bool, translate: Translate) -> list[dict[str, Any]]:
    """Why the difference rises on both sides."""
    notes = (
        (0.02, translate(N_("← too small: floating-point digits run out")), "left"),
        (0.98, translate(N_("too large: the loss curves in between →")), "right"),
    )
    return [
        {
            "x": x,
            "y": y,
            "xref": "paper",
            "yref": "paper",
            "xanchor": anchor,
            "yanchor": "top",
            "text": text,
            "showarrow": False,
            "font": {"size": theme.NOTE_SIZE, "color": theme.quiet(dark)},
            "bgcolor": theme.veil(dark),
        }
        for (x, text, anchor), y in zip(notes, (0.98, 0.88), strict=True)
    ]


def time_chart(costs: Sequence[tuple[str, Cost]], dark: bool, translate: Translate) -> Figure:
    """The time of both for each of the named networks, as bars on a log axis."""
    layout = theme.layout(
        translate(N_("Time for the whole gradient")), translate(N_("Seconds")), dark=dark, revision="time"
    )
    layout["hovermode"] = "closest"
    names = [name for name, _cost in costs]
    ways = (
        (translate(N_("Backpropagation")), [cost.backpropagation for _name, cost in costs]),
        (translate(N_("Numerical gradient")), [cost.all_numerical for _name, cost in costs]),
    )
    values = [value for _way, of_way in ways for value in of_way]
    low, high = float(np.floor(np.log10(min(values)))), float(np.ceil(np.log10(max(values)))) + 1.2
    layout["xaxis"] |= ends(low, high, log=True) | log_ticks(low, high) | {"exponentformat": "power", "dtick": 1}
    layout["xaxis"].pop("tickformat", None)
    layout["yaxis"] |= {"autorange": "reversed", "showgrid": False}
    layout["barmode"] = "group"
    data = [
        {
            "type": "bar",
            "orientation": "h",
            "uid": f"way{number}",
            "name": way,
            "y": names,
            "x": packed(np.array(of_way)),
            "text": [duration(value, translate) for value in of_way],
            "textposition": "outside",
            "cliponaxis": False,
            "marker": {"color": theme.run_color(number, dark), "pattern": {"shape": ("", "/")[number]}},
            "hovertemplate": "%{text}<extra></extra>",
        }
        for number, (way, of_way) in enumerate(ways)
    ]
    return {"data": data, "layout": layout}


def duration(seconds: float, translate: Translate) -> str:
    """A time with two digits, in the unit that suits it."""
    unit, unit_seconds = next((unit, unit_seconds) for unit, minimum, unit_seconds in UNITS if seconds >= minimum)
    value = float(f"{seconds / unit_seconds:.2g}")
    return translate(unit).format(n=f"{value:,g}")


def power(value: float) -> str:
    """A small number as a digit and a power of ten: 5·10⁻¹³."""
    digit, exponent = f"{value:.0e}".split("e")
    raised = str(int(exponent)).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))
    return f"{digit}·10{raised}"
