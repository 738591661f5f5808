"""Charts in space that can be turned: axes, frame and the eye's place."""

from __future__ import annotations

from typing import Any

from mnist_core.figures import theme

Figure = dict[str, Any]
Three = tuple[float, float, float]


def place(
    layout: dict[str, Any], axes: tuple[dict[str, Any], ...], *, sides: Three, eye: Three, low: float, dark: bool
) -> None:
    """Make `layout` one of a scene in space.

    `axes`: Plotly's words for x, y and z that differ from the defaults; `sides`: how long they are, beside each other;
    `eye`: from where one looks at first, in the same unit; `low`: how far below the middle one looks.
    """
    defaults = {
        "color": theme.ink(dark),
        "gridcolor": theme.faint(dark),
        "showbackground": False,
        "showspikes": False,
        "tickfont": {"size": 11},
        **theme.NUMBERS,
    }
    layout["scene"] = {f"{name}axis": defaults | words for name, words in zip("xyz", axes, strict=True)} | {
        "aspectmode": "manual",
        "aspectratio": dict(zip("xyz", sides, strict=True)),
        "camera": {"eye": dict(zip("xyz", eye, strict=True)), "center": {"x": 0, "y": 0, "z": -low}},
    }
    layout["margin"] = {"l": 0, "r": 0, "t": 44, "b": 0}


def titled(text: str) -> dict[str, Any]:
    """An axis with a title."""
    return {"title": {"text": text, "font": {"size": theme.NOTE_SIZE}}}
