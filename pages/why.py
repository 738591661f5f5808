"""Why it breaks: a bowl, where everything is known, and the landscape of a network's loss."""

from __future__ import annotations

import streamlit as st

from mnist_core.ui import bowl_panel, frame, landscape_panel
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()
VIEWS = {"bowl": bowl_panel.draw, "landscape": landscape_panel.draw}


def page() -> None:
    """One of the views."""
    st.title(_("Why a learning rate breaks"))
    preload()
    names = {"bowl": _("A bowl"), "landscape": _("The landscape")}
    shown = st.segmented_control(
        _("View"),
        list(VIEWS),
        default="bowl",
        required=True,
        key="why_view",
        format_func=names.__getitem__,
        label_visibility="collapsed",
    )
    frame.safely(VIEWS[shown or "bowl"])()


page()
