"""Play: a panel that goes on by itself, drawn again every moment until its end or until somebody pauses it."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from mnist_core.ui import frame
from mnist_core.ui.texts import _


def draw(name: str, panel: Callable[[bool], None], seconds: float) -> None:
    """Draw the panel, which hears whether it plays; every `seconds` while it does. `name` of its keys."""
    now = on(name)
    frame.fragment(panel, every=seconds if now else None)(now)


def on(name: str) -> bool:
    """Whether it plays."""
    return bool(st.session_state.get(f"{name}_playing"))


def stop(name: str) -> None:
    """Its end has been reached."""
    st.session_state[f"{name}_playing"] = False


def go_on(name: str, slider: str, most: int, by: int = 1) -> None:
    """Move the slider (its key) on, before it is drawn; at `most` playing ends."""
    place = st.session_state.get(slider, 0)
    if place >= most:
        stop(name)
    elif on(name):
        st.session_state[slider] = min(most, place + by)


def play_or_pause(name: str, now: bool, slider: str | None = None) -> None:
    """Play, from 0 on of `slider`, or pause. `now`: what the panel heard."""
    st.button(
        _("Pause") if now else _("Play"),
        key=f"{name}_play",
        icon=":material/pause:" if now else ":material/play_arrow:",
        on_click=_play,
        args=(name, not now, slider),
    )
    if now != on(name):
        st.rerun()  # begin or end playing


def one_step(name: str, slider: str, most: int) -> None:
    """A button that moves the slider by one."""
    st.button(_("One step"), key=f"{name}_one", icon=":material/skip_next:", on_click=_one_more, args=(slider, most))


def _play(name: str, wanted: bool, slider: str | None) -> None:
    """What the press means is in it: one that arrives twice would undo itself."""
    st.session_state[f"{name}_playing"] = wanted
    if wanted and slider is not None:
        st.session_state[slider] = 0


def _one_more(slider: str, most: int) -> None:
    st.session_state[slider] = min(most, st.session_state[slider] + 1)
