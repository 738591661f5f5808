"""MNIST Lab: `streamlit run app.py` brings up everything (pages, store, data, training processes)."""

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mnist_core.ui import handed_in, push, start, teacher
from mnist_core.web import middleware

# `streamlit run` finds this by reading the file, and imports it once, outside of any session.
routes = [*push.routes(), *teacher.routes(), *handed_in.routes()]
app = st.App(__file__, routes=routes, lifespan=start.lifespan, middleware=middleware())

if get_script_run_ctx(suppress_warning=True) is not None:
    from mnist_core.ui import classwork, frame, seal

    def below(page: str) -> None:
        """What stands between the frame's line and the page."""
        seal.begin()
        classwork.draw(page)

    frame.run(below)
