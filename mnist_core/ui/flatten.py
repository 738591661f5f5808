"""flatten: an image that becomes a vector, row by row, played or by slider; all of it in the browser."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.ui import chart
from mnist_core.ui.texts import _, ngettext

SMALL = 4  # images up to this side show their numbers


def flatten(image: NDArray[np.uint8], key: str) -> None:
    """Draw the player for a square image (side×side, 0 to 255)."""
    side = len(image)
    values = [int(value) for value in image.reshape(-1)]
    data = {
        "script": chart.script("flatten.js"),
        "side": side,
        "values": values,
        "texts": [str(value) for value in values] if side <= SMALL else None,
        "play": _("Play"),
        "pause": _("Pause"),
        "rows": _("Rows in the vector"),
        "statuses": [_status(rows, side) for rows in range(side + 1)],
    }
    component = st.components.v2.component("mnist_lab_flatten", js=chart.LOADER)
    component(key=key, data=data, height=330 if side <= SMALL else 540)


def _status(rows: int, side: int) -> str:
    text = ngettext(
        "{rows} row is in the vector: {numbers} of {count} values.",
        "{rows} rows are in the vector: {numbers} of {count} values.",
        rows,
    )
    return text.format(rows=rows, numbers=rows * side, count=side * side)
