"""Reads what a chart tells Plotly."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np


def numbers(packed: dict[str, str]) -> Any:
    """The numbers of a typed array."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), "<f4")


def floats(packed: dict[str, str]) -> list[float]:
    """The same as a list."""
    values: list[float] = numbers(packed).tolist()
    return values


def trace(figure: dict[str, Any], uid: str) -> Any:
    """The only trace of this name."""
    (match,) = [trace for trace in figure["data"] if trace["uid"] == uid]
    return match


def traces(figure: dict[str, Any]) -> dict[str, Any]:
    """All traces by their names."""
    return {trace.get("uid"): trace for trace in figure["data"]}


def ends_of(figure: dict[str, Any], axis: str) -> tuple[float, float]:
    """Where an axis begins and ends while nobody zooms."""
    assert "range" not in figure["layout"][axis]  # Plotly would drop a student's zoom when it changes
    options = figure["layout"][axis]["autorangeoptions"]
    assert options["include"] == [options["clipmin"], options["clipmax"]]
    return options["clipmin"], options["clipmax"]
