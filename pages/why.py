"""Why it breaks: a bowl, where everything is known."""

from __future__ import annotations

import streamlit as st

from mnist_core.ui import bowl_panel, frame
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()


def page() -> None:
    """One view."""
    st.title(_("Why a learning rate breaks"))
    preload()
    frame.safely(bowl_panel.draw)()


page()
