"""Inside the layers: choose a run, and see what goes on in it over time."""

from __future__ import annotations

from functools import partial

import streamlit as st

from mnist_core.panels import layer_charts, started
from mnist_core.ui import frame, lesson, live_parts, names, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _


def draw(panel: Panel) -> None:
    """Choose among my runs, then look inside."""
    lesson.look_at(
        _(
            "A layer learns while gradients reach it and each update is about a thousandth of its weights. Compare a run that learns with one that collapsed: which layer dies first?"
        )
    )
    runs = [run for run in watch.my_runs_to_choose() if run.state != "queued"]
    if not runs:
        st.info(_("Train a network first; its weights and activations appear here."))
        lesson.experiment("two-layer-net-rate-1.5", _("A network whose hidden units die within the first updates."))
        return
    ids = {run.id: run for run in runs}
    run_on_train = started.run_on_train()
    run_id = panel.selectbox(
        "run",
        _("Run"),
        list(ids),
        run_on_train if run_on_train in ids else None,
        format_func=lambda run_id: names.option(ids[run_id]),
    )
    moving = ids[run_id].active
    frame.fragment(_charts)(panel, run_id, moving)


def _charts(panel: Panel, run_id: str, moving: bool) -> None:
    """The charts of one run, moving while it does."""
    view = watch.look(run_id)
    if view.run.active != moving:
        st.rerun()
    live_parts.link([view], partial(layer_charts.signature, run_id), key=panel.key("layers_link"))
    layer_charts.draw(panel, view)
