"""Why it breaks: a bowl where everything is known, then a network: its sharpness, its landscape, the inside of its layers."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas.stability.bowl import panel as bowl_panel
from mnist_core.ideas.stability.inside_layers import panel as inside_layers_panel
from mnist_core.ideas.stability.landscape import panel as landscape_panel
from mnist_core.ideas.stability.sharpness import panel as sharpness_panel
from mnist_core.messages import N_
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: views.Views = {
    "bowl": (N_("A bowl"), bowl_panel.draw),
    "sharpness": (N_("Sharpness"), sharpness_panel.draw),
    "landscape": (N_("The landscape"), landscape_panel.draw),
    "inside": (N_("Inside the layers"), inside_layers_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Why a learning rate breaks"))
    preload()
    views.show(VIEWS, key="why_view")


page()
