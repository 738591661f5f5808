"""Learning rate: many rates at one click, and the range test: where training is slow, good, on the edge, broken."""

from __future__ import annotations

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnist_core.panels import controls, draft, round_panel
from mnist_core.rounds import Assignment
from mnist_core.sweep_page import range_test_panel, rates_panel, sweep_plan
from mnist_core.ui import address, classwork, data_note, frame, names
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import PAGE
from mnist_core.ui.texts import _

frame.ensure()


def settings() -> DeltaGenerator:
    """What is trained: an experiment, a place for it in a line, and the way to change more of it."""
    draft.keep_possible()
    if _round() is None:
        controls.experiment()
    in_a_line = st.empty()
    if (own := _round()) is None or own.round.plan.free:
        st.page_link("pages/train.py", label=_("More settings on the Train page"), icon=":material/tune:")
    return in_a_line


def _round() -> Assignment | None:
    """The round that is done on this page, where one is."""
    return draft.given_here("sweep") or draft.given_here("range-test")


def view() -> str:
    """Which of the two is shown; the address of a test opens that."""
    start = "test" if "test" in st.query_params or st.query_params.get("view") == "test" else "rates"
    chosen = st.segmented_control(
        _("View"),
        ("rates", "test"),
        default=address.widget_default("rates_view", start) if address.followed() else start,  # as in ui/views.py
        required=True,
        key="rates_view",
        format_func=lambda word: _("Learning rate sweep") if word == "rates" else _("Range test"),
        label_visibility="collapsed",
    )
    address.say(view="test" if chosen == "test" else None)
    address.can_use("view", st.query_params.get("view") in (None, "rates", "test"))
    return chosen or "rates"


def page() -> None:
    """The network in the sidebar; many rates, or a rising one."""
    st.title(_("Learning rate: too small, good, on the edge, broken"))
    draft.follow_address()
    draft.fields()
    draft.tell_problems()
    others = draft.follow_round() if _round() is not None else []
    own = classwork.assignment()
    about_round = st.container()
    frame.say_where_settings_are()
    with st.sidebar:
        in_a_line = settings()
    data_note.follow(draft.fields()["dataset"])
    preload()
    shown = view()
    describe = names.of_range_test if shown == "test" else names.but_the_rate
    in_a_line.caption(describe(draft.config()))
    if own is not None and own.round.plan.kind in classwork.SWEPT:  # also who trains something else finds back
        with about_round:
            round_panel.draw({}, others, "range-test" if shown == "test" else "sweep")
    if shown == "test":
        sweep_plan.leave_to_sweeps()
        range_test_panel.draw(PAGE)
    else:
        rates_panel.draw(PAGE)
    draft.write_address()


page()
