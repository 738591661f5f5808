"""Inspect: what did the network learn? Draw a digit for it, look at its mistakes and inside."""

from __future__ import annotations

import streamlit as st

from mnist_core.inspect_page import run_choice
from mnist_core.inspect_page.views import VIEWS
from mnist_core.ui import data_note, frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import PAGE, Panel
from mnist_core.ui.texts import _

frame.ensure()


def page() -> None:
    """The run above, then one of the views; the address names both."""
    st.title(_("Inspect: what did the network learn?"))
    preload()
    chosen = run_choice.choose(PAGE)
    if chosen is None:
        return
    data_note.follow(chosen[0].config.dataset)
    views.show(Panel("inspect"), VIEWS, PAGE, *chosen)


frame.safely(page)()
