"""Why it breaks: a bowl where everything is known, then a network: its sharpness, its landscape, the inside of its layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from mnist_core.messages import N_
from mnist_core.ui import bowl_panel, frame, inside_panel, landscape_panel, sharpness_panel
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: Mapping[str, tuple[str, Callable[[], None]]] = {
    "bowl": (N_("A bowl"), bowl_panel.draw),
    "sharpness": (N_("Sharpness"), sharpness_panel.draw),
    "landscape": (N_("The landscape"), landscape_panel.draw),
    "inside": (N_("Inside the layers"), inside_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Why a learning rate breaks"))
    if "why_view" not in st.session_state:
        asked = st.query_params.get("view")
        st.session_state["why_view"] = asked if asked in VIEWS else "bowl"
    names = {name: _(title) for name, (title, _draw) in VIEWS.items()}
    shown = st.segmented_control(
        _("View"),
        list(VIEWS),
        required=True,
        key="why_view",
        format_func=names.__getitem__,
        label_visibility="collapsed",
    )
    st.query_params["view"] = shown or "bowl"
    preload()
    frame.safely(VIEWS[shown or "bowl"][1])()


page()
