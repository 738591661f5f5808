"""The weights of a run that a page looks at: the last with which it answers with numbers."""

from __future__ import annotations

from weakref import WeakKeyDictionary

import streamlit as st

from mnist_core.errors import CheckpointError
from mnist_core.networks import forward, weights
from mnist_core.records import Run
from mnist_core.ui.texts import _

_finite: WeakKeyDictionary[weights.Snapshot, bool] = WeakKeyDictionary()  # as long as weights/ keeps them


def last_sound(run: Run) -> weights.Snapshot:
    """The last weights with which the run answers with numbers. Raises CheckpointError."""

    def is_finite(snapshot: weights.Snapshot) -> bool:
        # Asked again with every stroke: it goes over all weights.
        if snapshot not in _finite:
            _finite[snapshot] = forward.is_finite(run.config, snapshot.weights)
        return _finite[snapshot]

    return weights.last_that(run.id, is_finite)


def find(run: Run) -> weights.Snapshot | None:
    """The last weights with which the run answers with numbers, None where there are none; says so where they are not its last."""
    try:
        snapshot = last_sound(run)
    except CheckpointError:
        _nothing(run)
        return None
    if snapshot.step < (run.checkpoint_step or 0):
        text = _(
            "The output of this run is now NaN. Shown here is the network after step {step}, the last saved one whose output is not NaN."
        )
        st.info(text.format(step=f"{snapshot.step:,}"), icon=":material/trending_up:")
    return snapshot


def _nothing(run: Run) -> None:
    """Say why there is nothing to look at."""
    if not (steps := weights.saved_steps(run.id)):
        st.info(_("No weights have been saved for this run yet. Results appear here as soon as there are some."))
        return
    text = _(
        "The output of this run is NaN after step {step}, and no earlier weights were saved. There is nothing to show."
    )
    st.warning(text.format(step=f"{steps['last']:,}"), icon=":material/trending_up:")
