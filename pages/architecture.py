"""Architecture: what a network is built of, what its size costs, and what it buys."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.architecture.convolution import panel as convolution_panel
from mnist_core.ideas.architecture.depth_and_width import panel as depth_and_width_panel
from mnist_core.ideas.architecture.layers import panel as layers_panel
from mnist_core.ideas.architecture.mlp_or_cnn import panel as mlp_or_cnn_panel
from mnist_core.ideas.architecture.optimizer_paths import panel as optimizer_paths_panel
from mnist_core.ideas.architecture.optimizer_race import panel as optimizer_race_panel
from mnist_core.messages import N_
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: views.Views = {
    "layers": (N_("Layers and units"), layers_panel.draw),
    "grid": (N_("Depth × width"), depth_and_width_panel.draw),
    "equal": (N_("MLP against CNN"), mlp_or_cnn_panel.draw),
    "convolution": (N_("How a convolution slides"), convolution_panel.draw),
    "valley": (N_("Optimizers in a valley"), optimizer_paths_panel.draw),
    "race": (N_("Optimizers raced"), optimizer_race_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Architecture: layers, units, filters"))
    preload()
    views.show(VIEWS, key="architecture_view")


page()
