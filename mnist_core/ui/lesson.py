"""What every page that explains has: what to look at, the very code behind it, and an experiment to run."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import streamlit as st

from mnist_core.ui import embedding
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _


def look_at(text: str) -> None:
    """What to look at, in two sentences."""
    st.markdown(text)


def code(panel: Panel, *parts: Callable[..., Any] | type[Any]) -> None:
    """The source of functions and classes, on request; not in a frame of another page."""
    if embedding.wanted():
        return
    with st.expander(
        _("The code behind it"), icon=":material/code:", on_change="rerun", key=panel.key("code")
    ) as expander:
        if expander.open:
            st.code("\n\n".join(inspect.getsource(part).strip() for part in parts), language="python")


def experiment(preset: str, text: str, **changes: str) -> None:
    """One experiment to run on the Train page, and what it will show; `changes`: settings that differ from its own.

    Not in a frame of another page.
    """
    if embedding.wanted():
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f":material/science: {text}", width="stretch")
        st.page_link(
            "pages/train.py",
            label=_("Open this experiment"),
            icon=":material/arrow_forward:",
            query_params={"preset": preset, **changes},
        )
