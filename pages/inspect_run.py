"""Inspect: what did the network learn? Draw a digit and see what one's networks make of it."""

from __future__ import annotations

import streamlit as st

from mnist_core.ui import draw_panel, frame, inspect_choice
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()


def page() -> None:
    """The run above; the address names it."""
    st.title(_("Inspect: what did the network learn?"))
    preload()
    chosen = inspect_choice.choose()
    if chosen is not None:
        frame.safely(draw_panel.draw)(*chosen)


frame.safely(page)()
