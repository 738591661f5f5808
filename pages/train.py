"""Train: choose settings, press Run, watch the curves grow."""

from __future__ import annotations

import secrets

import streamlit as st

from mnist_core import estimate, models
from mnist_core.figures.network import network_svg
from mnist_core.ui import controls, draft, frame, group_panel, names, run_list, run_panel, session, watch
from mnist_core.ui.chart import preload
from mnist_core.ui.texts import _

frame.ensure()


def start() -> None:
    """Put a run with the settings of the controls into the queue and show it."""
    chosen = draft.preset()
    run_id = session.store().create_run(
        session.student(),
        draft.config(),
        preset=chosen.name if chosen else None,
        variant=draft.variant(),
    )
    st.session_state.update(shown_run=run_id, shown_group=None)
    watch.await_first_point(run_id)


def start_all() -> None:
    """Queue every variant of the experiment and show them together."""
    chosen = draft.preset()
    assert chosen is not None
    group = secrets.token_hex(5)
    shared = draft.config()
    for label, changes in chosen.variants.items():
        session.store().create_run(
            session.student(), shared.replace(**changes), preset=chosen.name, variant=label, group=group
        )
    st.session_state.update(shown_run=None, shown_group=group)


def design() -> None:
    """The network and the arithmetic of the run, at once as a slider moves."""
    config = draft.config()
    description = models.describe(config)
    speed = estimate.Speed.from_dict(session.store().fact("speed"))
    picture, figures = st.columns([4, 5], gap="medium", vertical_alignment="center")
    picture.image(network_svg(description, _, dark=session.dark()), width="stretch")
    with figures:
        shown = (
            (_("Parameters"), f"{description.parameters:,}"),
            (_("Steps per epoch"), f"{config.steps_per_epoch:,}"),
            (_("Steps in all"), f"{config.total_steps:,}"),
            (_("Expected time"), names.duration(estimate.estimate_seconds(config, speed))),
        )
        with st.container(horizontal=True, gap="medium"):
            for label, value in shown:
                st.metric(label, value, width="content")
        with st.container(horizontal=True):
            st.button(_("Run"), key="run", type="primary", icon=":material/play_arrow:", on_click=start, width=160)
            chosen = draft.preset()
            if chosen is not None and chosen.variants:
                label = _("Run all {n} variants").format(n=len(chosen.variants))
                st.button(label, key="run_all", icon=":material/stacks:", on_click=start_all)


def page() -> None:
    """Controls in the sidebar, the design above, the run below."""
    for name in ("run", "group"):
        if f"shown_{name}" not in st.session_state:
            st.session_state[f"shown_{name}"] = st.query_params.get(name)
    st.title(_("Train a network and watch it learn"))
    draft.fields()
    if problem := st.session_state.pop("address_error", None):
        st.warning(_("The address asked for settings that cannot be. The experiment's own are shown instead."))
        frame.show_error(problem)
    with st.sidebar:
        controls.draw()
    design()
    preload()
    draft.write_address(st.session_state["shown_run"], st.session_state["shown_group"])
    if st.session_state["shown_group"]:
        group_panel.draw(st.session_state["shown_group"])
    elif st.session_state["shown_run"]:
        run_panel.draw(st.session_state["shown_run"])
    else:
        st.info(_("Press **Run**: curves for training, validation and test appear here within a second."))
    run_list.draw()


page()
