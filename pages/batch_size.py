"""Batch size: how many images speak before each step."""

from __future__ import annotations

import streamlit as st

from mnist_core.ui import frame
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Batch size: how many images before each step"))
    preload()


page()
