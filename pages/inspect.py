"""Inspect: what did the network learn? Draw a digit for it, look at its mistakes and inside."""

from __future__ import annotations

import streamlit as st

from mnist_core.inspect_page import (
    activations_panel,
    draw_panel,
    mistakes_panel,
    robustness_panel,
    run_choice,
    snapshots_panel,
)
from mnist_core.messages import N_
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import PAGE, Panel
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: views.Views = {
    "draw": (N_("Draw a digit"), draw_panel.draw),
    "mistakes": (N_("Mistakes"), mistakes_panel.draw),
    "inside": (N_("Weights and activations"), activations_panel.draw),
    "course": (N_("Through training"), snapshots_panel.draw),
    "disturb": (N_("Robustness"), robustness_panel.draw),
}


def page() -> None:
    """The run above, then one of the views; the address names both."""
    st.title(_("Inspect: what did the network learn?"))
    preload()
    chosen = run_choice.choose(PAGE)
    if chosen is None:
        return
    views.show(Panel("inspect"), VIEWS, PAGE, *chosen)


frame.safely(page)()
