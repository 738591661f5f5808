"""Learning rate: many rates at one click, and the range test: where training is slow, good, on the edge, broken."""

from __future__ import annotations

import streamlit as st

from mnist_core.ui import controls, draft, frame, names, rates_panel
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()


def settings() -> None:
    """What is trained: an experiment, in a line, and the way to change more of it."""
    draft.keep_possible()
    controls.experiment()
    st.caption(names.but_the_rate(draft.config()))
    st.page_link("pages/train.py", label=_("Change more on the Train page"), icon=":material/tune:")


def page() -> None:
    """The network in the sidebar; a tab each."""
    st.title(_("Learning rate: too small, good, on the edge, broken"))
    draft.fields()
    if problem := st.session_state.pop("address_error", None):
        st.warning(_("The address asked for settings that cannot be. The experiment's own are shown instead."))
        frame.show_error(problem)
    with st.sidebar:
        settings()
    preload()
    rates_panel.draw()
    draft.write_address(sweep=st.session_state["shown_sweep"])


page()
