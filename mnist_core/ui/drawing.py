"""drawing: HTML with SVG that our own code made, in the page's letters; Streamlit's own HTML takes no SVG, its images no description."""

from __future__ import annotations

import streamlit as st

from mnist_core.ui import chart


def drawing(html: str, *, key: str) -> None:
    """Draw `html` under `key`, as high as it is. Whoever makes it escapes every text in it and describes it."""
    component = st.components.v2.component("mnist_lab_drawing", js=chart.LOADER, isolate_styles=False)
    component(key=key, data={"key": key, "script": chart.script("drawing.js"), "html": html}, height="content")
