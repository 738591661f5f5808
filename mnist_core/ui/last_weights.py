"""The weights of a run that a page looks at: the last that are numbers."""

from __future__ import annotations

import streamlit as st

from mnist_core import weights
from mnist_core.errors import CheckpointError
from mnist_core.records import Run
from mnist_core.ui.texts import _


def find(run: Run) -> weights.Snapshot | None:
    """The last weights of the run that are numbers, None where there are none; says so where they are not its last."""
    try:
        last = weights.latest(run.id)
    except CheckpointError:
        st.info(_("This run has left no weights yet. It answers as soon as it has."))
        return None
    try:
        found = weights.latest_finite(run.id)
    except CheckpointError:
        text = _(
            "After step {step} the weights of this run are no numbers, and no earlier ones were kept: there is nothing to see any more."
        )
        st.warning(text.format(step=f"{last.step:,}"), icon=":material/trending_up:")
        return None
    if found.step < last.step:
        text = _(
            "The last weights of this run are no numbers. This is the network after step {step}, the last whose weights are."
        )
        st.info(text.format(step=f"{found.step:,}"), icon=":material/trending_up:")
    return found
