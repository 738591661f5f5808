"""Large type, for a projector: everything that is measured in the root's letters grows, and the charts with it.

The browser's address keeps the choice (`large=1`), so that a link opens as large as it was.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.ui import address
from mnist_core.ui.texts import _

GROWTH = 1.3
ADDRESS = "large"
_STYLE = f"<style>html {{ font-size: {GROWTH * 17:.1f}px !important; }}</style>"  # 17: baseFontSize in config.toml


def begin() -> None:
    """Choose for a new session what the address asks for, and let letters grow where that is wanted."""
    if "large" not in st.session_state:
        st.session_state["large"] = st.query_params.get(ADDRESS) == "1"
    if enabled():
        st.html(_STYLE)


def enabled() -> bool:
    """Whether this session shows large type."""
    return bool(st.session_state.get("large", False))


def growth() -> float:
    """What letters of charts are multiplied by."""
    return GROWTH if enabled() else 1.0


def switch() -> None:
    """The switch that stands on every page."""
    st.session_state["large_choice"] = enabled()

    def changed() -> None:
        st.session_state["large"] = st.session_state["large_choice"]

    address.say(**{ADDRESS: "1" if enabled() else None})
    st.toggle(_("Large type"), key="large_choice", on_change=changed)
