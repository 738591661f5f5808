"""The run that the Inspect page looks into; the address names it."""

from __future__ import annotations

import streamlit as st

from mnist_core.errors import RunNotFoundError
from mnist_core.records import Run
from mnist_core.ui import address, names, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

KEY = "inspected"  # in the panel's session


def choose(panel: Panel) -> tuple[Run, list[Run]] | None:
    """The chosen run and all runs of the student that have weights, those that are over first, newest first; None (and what to do) where there is none.

    A run of somebody else that the address names can be looked into as well.
    """
    runs = {run.id: run for run in watch.my_runs_with_weights()}
    run_id = st.query_params.get(panel.address("run")) if address.followed() else panel.session.get(KEY)
    if run_id and run_id not in runs and (other := _of_somebody(run_id)) is not None:
        runs[run_id] = other
    if not runs:
        st.info(_("You have no run with saved weights yet. Train a network first, then come back."))
        st.page_link("pages/train.py", label=_("Train a network"), icon=":material/play_circle:")
        return None
    address.can_use(panel.address("run"), not run_id or run_id in runs)
    listed = list(runs)
    start = run_id if run_id in runs else listed[0]
    if address.followed():
        start = address.widget_default(panel.key(KEY), start) or listed[0]
    # What the address asks for is the default, as in ui/views.py.
    chosen_id = st.selectbox(
        _("Run"),
        listed,
        index=listed.index(start),
        key=panel.key(KEY),
        format_func=lambda run_id: names.option(runs[run_id]),
    )
    address.say(**{panel.address("run"): chosen_id})
    return runs[chosen_id], list(runs.values())


def _of_somebody(run_id: str) -> Run | None:
    try:
        run = watch.find(run_id)
    except RunNotFoundError:
        return None
    return run if run.checkpoint_step is not None else None
