"""Loss and gradients: one unit, scores to a loss, a loss that grows without end, two valleys."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from mnist_core.messages import N_
from mnist_core.ui import frame, hills_panel, loss_panel, perceptron_panel
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()

VIEWS: Mapping[str, tuple[str, Callable[[], None]]] = {
    "perceptron": (N_("A perceptron"), perceptron_panel.draw),
    "classes": (N_("Scores to loss"), loss_panel.draw_classes),
    "binary": (N_("Sure and wrong"), loss_panel.draw_binary),
    "valleys": (N_("Two valleys"), hills_panel.draw),
}


def page() -> None:
    """One of the views; the address names it."""
    st.title(_("Loss: how wrong, as one number"))
    if "loss_view" not in st.session_state:
        asked = st.query_params.get("view")
        st.session_state["loss_view"] = asked if asked in VIEWS else "perceptron"
    names = {name: _(title) for name, (title, _draw) in VIEWS.items()}
    shown = st.segmented_control(
        _("View"),
        list(VIEWS),
        required=True,
        key="loss_view",
        format_func=names.__getitem__,
        label_visibility="collapsed",
    )
    st.query_params["view"] = shown or "perceptron"
    preload()
    frame.safely(VIEWS[shown or "perceptron"][1])()


page()
