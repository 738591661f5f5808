"""Why it breaks: a bowl where everything is known, then a network: its sharpness, its landscape, the inside of its layers."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas import registry
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

frame.ensure()

VIEWS = registry.views("why")


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Why a high learning rate breaks training"))
    preload()
    views.show(Panel("why"), VIEWS)


page()
