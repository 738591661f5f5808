"""Architecture: what a network is built of, what its size costs, and what it buys."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas import registry
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

frame.ensure()

VIEWS = registry.views("architecture")


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Architecture: layers, units, filters"))
    preload()
    views.show(Panel("architecture"), VIEWS)


page()
