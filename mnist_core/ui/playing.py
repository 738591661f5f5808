"""Play: a panel that goes on by itself, drawn again every moment until its end or until somebody pauses it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from mnist_core.ui import frame
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

_PLAYING = "playing"  # in the panel's session


def draw(panel: Panel, content: Callable[[Panel, bool], None], seconds: float) -> None:
    """Draw `content`, which hears whether it plays; every `seconds` while it does."""
    playing = on(panel)
    frame.fragment(content, every=seconds if playing else None)(panel, playing)


def on(panel: Panel) -> bool:
    """Whether it plays."""
    return bool(panel.session.get(_PLAYING))


def stop(panel: Panel) -> None:
    """Its end has been reached."""
    panel.session[_PLAYING] = False


def go_on(panel: Panel, slider: str, most: int, by: int = 1) -> None:
    """Move the slider (its name) on, before it is drawn; at `most` playing ends."""
    place = panel.session.get(slider, 0)
    if place >= most:
        stop(panel)
    elif on(panel):
        panel.session[slider] = min(most, place + by)


def play_or_pause(panel: Panel, playing: bool, slider: str | None = None) -> None:
    """Play, from 0 on of `slider`, or pause. `playing`: what the content heard."""
    st.button(
        _("Pause") if playing else _("Play"),
        key=panel.key("play"),
        icon=":material/pause:" if playing else ":material/play_arrow:",
        on_click=_play,
        args=(panel, not playing, slider),
    )
    if playing != on(panel):
        st.rerun()  # begin or end playing


def one_step(panel: Panel, slider: str, most: int) -> None:
    """A button that moves the slider by one."""
    st.button(
        _("One step"),
        key=panel.key("one"),
        icon=":material/skip_next:",
        on_click=_one_more,
        args=(panel, slider, most),
    )


def _play(panel: Panel, playing: bool, slider: str | None) -> None:
    """What the press means is in it: one that arrives twice would undo itself."""
    panel.session[_PLAYING] = playing
    if playing and slider is not None:
        panel.session[slider] = 0


def _one_more(panel: Panel, slider: str, most: int) -> None:
    panel.session[slider] = min(most, panel.session[slider] + 1)
