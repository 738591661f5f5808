"""Batch size: how many images speak before each step."""

from __future__ import annotations

import streamlit as st

from mnist_core.ideas import registry
from mnist_core.ui import frame, views
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

frame.ensure()

VIEWS = registry.views("batch_size")


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Batch size: images per update"))
    preload()
    views.show(Panel("batch_size"), VIEWS)


page()
