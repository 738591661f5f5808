"""pad: a place to draw a digit on. The browser sends strokes; Python paints them, so all browsers make the same image.

Our own 5 kB rather than streamlit-drawable-canvas: it answers while the pen is down, sends a few points a time, and
speaks the page's language. docs/architecture.md ("A drawn digit") has what both gave in a browser.
"""

from __future__ import annotations

import math
from typing import Any

import streamlit as st

from mnist_core.data.drawing import PAD, Stroke
from mnist_core.ui import chart
from mnist_core.ui.texts import _

_STROKES = "drawn_strokes"  # outlives the component, when the page is left
MOST_STROKES, MOST_POINTS = 100, 8_000
WIDTHS = (4.0, 60.0)


def pad(key: str) -> tuple[Stroke, ...]:
    """Draw the pad; what is on it now."""
    component = st.components.v2.component("mnist_lab_pad", js=chart.LOADER)
    data = {
        "script": chart.script("pad.js"),
        "strokes": st.session_state.setdefault(_STROKES, []),
        "undo": _("Undo"),
        "clear": _("Clear"),
        "width": _("Pen"),
        "description": _("Draw here with a mouse, pen or finger."),
    }
    state = component(key=key, data=data, height=342, on_strokes_change=lambda: None)
    value = state.get("strokes")
    if value is not None:
        st.session_state[_STROKES] = value
    return strokes(st.session_state[_STROKES])


def last_drawing() -> tuple[Stroke, ...]:
    """What the student drew last, where no pad is shown."""
    return strokes(st.session_state.get(_STROKES, []))


def strokes(value: Any) -> tuple[Stroke, ...]:
    """The `value` that the browser sent, as far as it can be strokes: it says what it likes."""
    valid: list[Stroke] = []
    points = 0
    for stroke in value[:MOST_STROKES] if isinstance(value, list) else ():
        try:
            numbers = [float(number) for number in stroke["p"]]
            width = float(stroke["w"])
        except (TypeError, KeyError, ValueError):
            continue
        points += len(numbers) // 2
        if not numbers or points > MOST_POINTS or not all(map(math.isfinite, [*numbers, width])):
            continue
        clipped = [min(2.0 * PAD, max(-float(PAD), number)) for number in numbers]
        pairs = zip(clipped[::2], clipped[1::2], strict=False)
        valid.append(Stroke(min(WIDTHS[1], max(WIDTHS[0], width)), tuple(pairs)))
    return tuple(valid)
