"""Home: what this is, and three first experiments."""

from __future__ import annotations

import streamlit as st

from mnist_core.messages import N_
from mnist_core.ui import frame
from mnist_core.ui.texts import _

frame.ensure()

# Preset, heading, what it shows.
FIRST = (
    ("keras-first-look", N_("See it learn"), N_("A network with one hidden layer reaches 98 % in five epochs.")),
    (
        "two-layer-net-rate-1.5",
        N_("Break it"),
        N_("The same kind of network at learning rate 1.5 learns nothing. Why?"),
    ),
    ("overfit-and-stop", N_("See it overfit"), N_("With 1,000 images it learns them by heart: the curves part.")),
)


def page() -> None:
    """One message, three doors."""
    st.title(_("See how neural networks train"))
    st.markdown(
        _(
            "Move a slider, press **Run**, and watch training, validation and test curves grow. "
            "When a learning rate is too high, watch it break – and see why."
        )
    )
    for column, (preset, heading, text) in zip(st.columns(3, gap="medium"), FIRST, strict=True):
        with column, st.container(border=True, height="stretch"):
            st.subheader(_(heading))
            st.markdown(_(text))
            st.page_link(
                "pages/train.py",
                label=_("Open this experiment"),
                icon=":material/arrow_forward:",
                query_params={"preset": preset},
            )


page()
