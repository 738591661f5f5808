"""Settings that a host keeps as secrets: Streamlit Community Cloud has no other way to set any."""

from __future__ import annotations

import streamlit as st


def read() -> None:
    """Have Streamlit read its secrets, where there are any: it puts each of them into the environment, where the cluster
    finds them too, in the place of what stood there."""
    st.secrets.load_if_toml_exists()
