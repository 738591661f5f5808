"""Many rates: one click trains the same network at many learning rates; drawn live, and read in a sentence.

The sweep is known by its id, which is in the address: whoever opens that sees it.
"""

from __future__ import annotations

import streamlit as st

from mnist_core.panels.reports import sweep_report
from mnist_core.records import SweepRecord
from mnist_core.sweep_page import sweep_panel, sweep_plan
from mnist_core.ui import frame, names, session, times, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _, ngettext

SHOWN = 6  # earlier sweeps before the rest is folded


def draw(panel: Panel) -> None:
    """The plan in the sidebar, the button, and the sweep that is shown."""
    sweep_id = panel.follow("shown_sweep", "sweep")
    with st.sidebar:
        plan = sweep_plan.controls()
    sweep_plan.launch(panel, plan)
    if sweep_id:
        frame.safely(sweep_panel.draw)(panel, sweep_id)
    else:
        st.info(
            _("Press the button: all runs start from the same weights, and their curves are drawn here together, live.")
        )
    frame.safely(_earlier)(panel)


def _earlier(panel: Panel) -> None:
    """This student's sweeps, to be opened again."""
    sweeps = session.store().sweeps.newest(session.student())
    if not sweeps:
        return
    for sweep in sweeps[:SHOWN]:
        if sweep.predicted_edge is not None and sweep.off is None and sweep.id != panel.session["shown_sweep"]:
            _settle_unseen(sweep)
    st.subheader(_("My sweeps"))
    for sweep in sweeps[:SHOWN]:
        _line(panel, sweep)
    if len(sweeps) > SHOWN:
        more = len(sweeps) - SHOWN
        with st.expander(ngettext("{n} earlier sweep", "{n} earlier sweeps", more).format(n=more)):
            for sweep in sweeps[SHOWN:]:
                _line(panel, sweep)


def _settle_unseen(sweep: SweepRecord) -> None:
    """A prediction whose sweep ended while nobody looked."""
    views = watch.look_at_group(sweep.id)
    if views and not any(view.run.active for view in views):
        sweep_panel.settle(sweep, sweep_report.read(views))


def _line(panel: Panel, sweep: SweepRecord) -> None:
    title, created, action = st.columns([8, 3, 2], vertical_alignment="center")
    current = panel.session["shown_sweep"] == sweep.id
    text = _("{n} rates from {low} to {high} · {settings}").format(
        n=len(sweep.rates),
        low=names.number(sweep.rates[0]),
        high=names.number(sweep.rates[-1]),
        settings=names.but_the_rate(sweep.config),
    )
    title.markdown(f"**{text}**" if current else text)
    created.caption(times.moment(sweep.created_at))
    action.button(
        _("Open"),
        key=panel.key(f"open_{sweep.id}"),
        type="tertiary",
        disabled=current,
        on_click=sweep_panel.show,
        args=(panel, sweep.id),
    )
