"""Inputs × weights = products: three squares of numbers, beside each other or, where the page is narrow, beneath."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.figures import activations as charts
from mnist_core.ui import session
from mnist_core.ui.chart import live_chart
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

HEIGHT = 260  # pixels


def draw(panel: Panel, patch: NDArray[np.floating], kernel: NDArray[np.floating], description: str) -> None:
    """What a kernel (k×k) makes of the patch that it lies on (k×k); `description` tells what the products add up to."""
    squares = {
        "inputs": (_("Inputs"), patch),
        "weights": ("× " + _("Weights"), kernel),
        "products": ("= " + _("Products"), patch * kernel),
    }
    for column, (name, (title, values)) in zip(st.columns(3, gap="small"), squares.items(), strict=True):
        with column:
            figure = charts.square(values.astype(np.float32), title, session.dark())
            live_chart(figure, key=panel.key(f"chart_{name}"), height=HEIGHT, description=f"{title}. {description}")
