"""Loss and gradients: one unit, scores to a loss, a loss that grows without end, two valleys."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas import registry
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

frame.ensure()

VIEWS = registry.views("loss_and_gradients")


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Loss and gradients"))
    preload()
    views.show(Panel("loss_and_gradients"), VIEWS)


page()
