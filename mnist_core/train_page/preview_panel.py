"""Before the first run: what is about to happen. It goes when a run is shown."""

from __future__ import annotations

import streamlit as st

from mnist_core.config import RunConfig
from mnist_core.networks import models
from mnist_core.train_page.preview_figure import preview
from mnist_core.ui import own_images, seal, session
from mnist_core.ui.drawing import drawing
from mnist_core.ui.texts import _


def draw(config: RunConfig) -> None:
    """A sentence, and three pictures that follow the controls."""
    with st.container(border=True, key="preview"):
        st.markdown(_("Press **Run**, and this happens. The curves appear here within a second."))
        found = own_images.find(config.dataset)
        images = (config.image_set.train, config.image_set.test) if found is None else (found.train, found.test)
        html = preview(config, models.describe(config), images, session.dark(), _, sealed=seal.sealed())
        drawing(html, key="preview_drawing")
