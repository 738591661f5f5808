"""The settings that a block leaves free: a control for each, within what the lesson says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from mnist_core.config import FIELDS, RunConfig, choices
from mnist_core.panels import controls
from mnist_core.rounds import LAYERS, Free, nearest
from mnist_core.ui import names
from mnist_core.ui.panel import Panel

STOPS: Mapping[str, Sequence[float]] = {
    "learning_rate": controls.RATES,
    "batch_size": controls.SIZES,
    "train_size": controls.TRAIN_SIZES,
    "validation_size": controls.VALIDATION_SIZES,
    "epochs": controls.EPOCHS,
    "weight_decay": controls.DECAYS,
}
WIDTH = 300  # px of a control
PLACES = 50  # of a range without stops of its own


def draw(panel: Panel, config: RunConfig, free: Free) -> dict[str, Any]:
    """The controls, beginning with what `config` says; returns what they show, by setting."""
    if not free:
        return {}
    with st.container(horizontal=True, vertical_alignment="bottom", key=panel.key("free")):
        return {name: _control(panel, name, getattr(config, name), allowed) for name, allowed in free.items()}


def _control(panel: Panel, name: str, current: Any, allowed: tuple[Any, ...]) -> Any:
    title = names.setting(name)
    current = nearest(name, current, allowed)
    if name in LAYERS:
        return _layers(panel, name, current, allowed)
    with st.container(width=WIDTH):
        if FIELDS[name] is bool:
            return panel.toggle(f"free_{name}", title, current)
        if choices(name):
            return panel.selectbox(f"free_{name}", title, list(allowed), current, format_func=names.choice)
        stops = _stops(name, current, allowed)
        if len(stops) < 2:
            return current
        return panel.select_slider(f"free_{name}", title, stops, current, format_func=names.number)


def _stops(name: str, current: Any, allowed: tuple[Any, ...]) -> list[Any]:
    least, greatest = allowed
    between = STOPS.get(name, [least + (greatest - least) * place / PLACES for place in range(PLACES + 1)])
    kind = float if FIELDS[name] is float else int
    return sorted({kind(stop) for stop in between if least <= stop <= greatest} | {least, greatest, current})


def _layers(panel: Panel, name: str, current: Sequence[int], allowed: tuple[Any, ...]) -> tuple[int, ...]:
    """How many layers, and how many units each has."""
    how_many, of_each = names.of_layers(name)
    fewest, most, least, greatest = allowed
    count = len(current)
    if fewest < most:
        with st.container(width=WIDTH):
            count = panel.slider(f"free_{name}_count", how_many, fewest, most, count)
    first = current[0] if current else min(max(64, least), greatest)
    known = controls.FILTERS if name == "filters" else controls.UNITS
    stops = sorted({units for units in known if least <= units <= greatest} | {least, greatest, first})
    units = first
    if count and len(stops) > 1:
        with st.container(width=WIDTH):
            units = panel.select_slider(f"free_{name}_units", of_each, stops, first, format_func=names.number)
    if tuple(current) and units == first and count == len(current):
        return tuple(current)
    return (int(units),) * count
