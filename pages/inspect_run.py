"""Inspect: what did the network learn? Draw a digit for it, look at its mistakes and inside."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from mnist_core.messages import N_
from mnist_core.records import Run
from mnist_core.ui import course_panel, disturb_panel, draw_panel, frame, inspect_choice, mistakes_panel, network_panel
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: Mapping[str, tuple[str, Callable[[Run, list[Run]], None]]] = {
    "draw": (N_("Draw a digit"), draw_panel.draw),
    "mistakes": (N_("Mistakes"), mistakes_panel.draw),
    "inside": (N_("Inside"), network_panel.draw),
    "course": (N_("Over time"), course_panel.draw),
    "disturb": (N_("Disturb"), disturb_panel.draw),
}


def page() -> None:
    """The run above, then one of the views; the address names both."""
    st.title(_("Inspect: what did the network learn?"))
    preload()
    chosen = inspect_choice.choose()
    if chosen is None:
        return
    if "inspect_view" not in st.session_state:
        asked = st.query_params.get("view")
        st.session_state["inspect_view"] = asked if asked in VIEWS else "draw"
    names = {name: _(title) for name, (title, _draw) in VIEWS.items()}
    view = st.segmented_control(
        _("View"),
        list(VIEWS),
        required=True,
        key="inspect_view",
        format_func=names.__getitem__,
        label_visibility="collapsed",
    )
    st.query_params["view"] = view or "draw"
    frame.safely(VIEWS[view or "draw"][1])(*chosen)


frame.safely(page)()
