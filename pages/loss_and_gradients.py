"""Loss and gradients: one unit, scores to a loss, a loss that grows without end, two valleys."""

from __future__ import annotations

import streamlit as st

from mnist_core.messages import N_
from mnist_core.ui import (
    backprop_panel,
    frame,
    gradient_panel,
    hills_panel,
    loss_panel,
    perceptron_panel,
    scratch_panel,
    views,
)
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: views.Views = {
    "perceptron": (N_("A perceptron"), perceptron_panel.draw),
    "classes": (N_("Scores to loss"), loss_panel.draw_classes),
    "binary": (N_("Sure and wrong"), loss_panel.draw_binary),
    "valleys": (N_("Two valleys"), hills_panel.draw),
    "backprop": (N_("Forward and backward"), backprop_panel.draw),
    "check": (N_("Numerical gradient"), gradient_panel.draw),
    "scratch": (N_("From scratch"), scratch_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Loss and gradients"))
    preload()
    views.show(VIEWS, key="loss_view")


page()
