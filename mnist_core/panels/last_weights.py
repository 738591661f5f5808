"""The weights of a run that a page looks at: the last with which it answers with numbers."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import CheckpointError
from mnist_core.networks import forward, weights
from mnist_core.records import Run
from mnist_core.ui.texts import _


def last_sound(run: Run) -> weights.Snapshot:
    """The last weights with which the run answers with numbers. Raises CheckpointError."""
    return weights.last_that(run.id, lambda one: forward.sound(run.config, one.weights))


def find(run: Run) -> weights.Snapshot | None:
    """The last weights with which the run answers with numbers, None where there are none; says so where they are not its last."""
    try:
        found = last_sound(run)
    except CheckpointError:
        _nothing(run)
        return None
    if found.step < (run.checkpoint_step or 0):
        text = _(
            "This run answers with no numbers any more. What is shown is the network after step {step}, the last that did."
        )
        st.info(text.format(step=f"{found.step:,}"), icon=":material/trending_up:")
    return found


def _nothing(run: Run) -> None:
    """Say why there is nothing to look at."""
    if not (kept := weights.kept(run.id)):
        st.info(_("This run has left no weights yet. It answers as soon as it has."))
        return
    text = _(
        "After step {step} this run answers with no numbers, and no earlier weights were kept: there is nothing to see any more."
    )
    st.warning(text.format(step=f"{kept['last']:,}"), icon=":material/trending_up:")
