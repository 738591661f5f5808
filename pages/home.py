"""Home: what this is, three first experiments, and the ideas behind them."""

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
# Page, its name, icon, the question that it answers.
IDEAS = (
    ("data", N_("Data"), "grid_view", N_("What does a network see of a digit, and why are the images split in three?")),
    ("loss_and_gradients", N_("Loss and gradients"), "functions", N_("How wrong is an answer, and which way is better?")),
    ("architecture", N_("Architecture"), "account_tree", N_("What do layers, units and filters cost, and what do they buy?")),
    ("batch_size", N_("Batch size"), "stacks", N_("How many images should speak before each step?")),
    ("why", N_("Why it breaks"), "help_center", N_("Where is the edge beyond which a learning rate fails?")),
)  # fmt: skip


def page() -> None:
    """One message, three doors, and a quiet row of ideas."""
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
    st.subheader(_("The ideas behind it, moved by hand"))
    for column, (name, title, icon, question) in zip(st.columns(len(IDEAS), gap="medium"), IDEAS, strict=True):
        with column:
            st.page_link(f"pages/{name}.py", label=_(title), icon=f":material/{icon}:")
            st.caption(_(question))


page()
