"""Loss and gradients: one unit, scores to a loss, a loss that grows without end, two valleys."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.loss.backpropagation import panel as backpropagation_panel
from mnist_core.ideas.loss.cross_entropy import panel as cross_entropy_panel
from mnist_core.ideas.loss.from_scratch import panel as from_scratch_panel
from mnist_core.ideas.loss.gradient_check import panel as gradient_check_panel
from mnist_core.ideas.loss.local_minima import panel as local_minima_panel
from mnist_core.ideas.loss.perceptron import panel as perceptron_panel
from mnist_core.messages import N_
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: views.Views = {
    "perceptron": (N_("A perceptron"), perceptron_panel.draw),
    "classes": (N_("Scores to loss"), cross_entropy_panel.draw_classes),
    "binary": (N_("Sure and wrong"), cross_entropy_panel.draw_binary),
    "valleys": (N_("Two valleys"), local_minima_panel.draw),
    "backprop": (N_("Forward and backward"), backpropagation_panel.draw),
    "check": (N_("Numerical gradient"), gradient_check_panel.draw),
    "scratch": (N_("From scratch"), from_scratch_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Loss and gradients"))
    preload()
    views.show(VIEWS, key="loss_view")


page()
