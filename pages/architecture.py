"""Architecture: what a network is built of, what its size costs, and what it buys."""

from __future__ import annotations

import streamlit as st

from mnist_core.messages import N_
from mnist_core.ui import (
    convolution_panel,
    equal_panel,
    frame,
    grid_panel,
    layers_panel,
    race_panel,
    valley_panel,
    views,
)
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: views.Views = {
    "layers": (N_("Layers and units"), layers_panel.draw),
    "grid": (N_("Depth × width"), grid_panel.draw),
    "equal": (N_("MLP against CNN"), equal_panel.draw),
    "convolution": (N_("How a convolution slides"), convolution_panel.draw),
    "valley": (N_("Optimizers in a valley"), valley_panel.draw),
    "race": (N_("Optimizers raced"), race_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Architecture: layers, units, filters"))
    preload()
    views.show(VIEWS, key="architecture_view")


page()
