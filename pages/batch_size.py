"""Batch size: how many images speak before each step."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.batch_size.batch_paths import panel as batch_paths_panel
from mnist_core.ideas.batch_size.batch_race import panel as batch_race_panel
from mnist_core.ideas.batch_size.batch_times import panel as batch_times_panel
from mnist_core.ideas.batch_size.gradient_noise import panel as gradient_noise_panel
from mnist_core.ideas.batch_size.updates_per_epoch import panel as updates_per_epoch_panel
from mnist_core.messages import N_
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: views.Views = {
    "updates": (N_("Updates per epoch"), updates_per_epoch_panel.draw),
    "noise": (N_("Gradient noise"), gradient_noise_panel.draw),
    "paths": (N_("Three ways down"), batch_paths_panel.draw),
    "seconds": (N_("Seconds per epoch"), batch_times_panel.draw),
    "race": (N_("Equal epochs, equal updates"), batch_race_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Batch size: how many images before each step"))
    preload()
    views.show(VIEWS, key="batch_view")


page()
