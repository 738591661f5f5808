"""live_chart: a Plotly figure in the page that is updated in place.

`st.plotly_chart` builds the chart anew at every change and loses zoom and hidden curves; this small component of our
own calls `Plotly.react`. Plotly's script is the one in the plotly package, served from there once, never sent inline.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import plotly
import streamlit as st

from mnist_core.ui.texts import _

_SCRIPT = Path(__file__).with_name("chart.js").read_text(encoding="utf-8")
_PLOTLY = Path(plotly.__file__).parent / "package_data"
# A component of the first kind is no more than a folder that the server serves.
_ASSETS = "mnist_lab_plotly"
_VERSION = zlib.crc32((plotly.__version__ + _SCRIPT).encode())


def preload() -> None:
    """Let the browser fetch Plotly now, so that the first chart does not wait for it. Draws nothing."""
    component = st.components.v2.component("mnist_lab_preload", js=_SCRIPT, isolate_styles=False)
    component(key="preload", data={"plotly": _plotly_address()}, height=0)


def _plotly_address() -> str:
    served = st.components.v1.declare_component(_ASSETS, path=str(_PLOTLY))
    return f"component/{served.name}/plotly.min.js?v={_VERSION}"


def live_chart(figure: dict[str, Any], *, key: str, height: int, description: str, subject: str = "") -> None:
    """Draw `figure` (`{"data", "layout"}`), or bring what is drawn under `key` up to date.

    `height` in pixels; `description` for those who do not see it; `subject` what it is about: when that changes, the
    chart counts as new.
    """
    component = st.components.v2.component("mnist_lab_chart", js=_SCRIPT, isolate_styles=False)
    data = {
        "figure": figure,
        "key": key,
        "height": height,
        "description": description,
        "subject": subject,
        "version": zlib.crc32(repr(figure).encode()),
        "plotly": _plotly_address(),
        "failure": _("The charts' program could not be fetched from this server. Reload the page."),
    }
    component(key=key, data=data, height=height)
