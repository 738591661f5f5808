"""Train: choose settings, press Run, watch the curves grow."""

from __future__ import annotations

import secrets

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError
from mnist_core.figures.network import network_svg
from mnist_core.ideas.registry import IDEAS
from mnist_core.networks import models
from mnist_core.panels import controls, draft, group_panel, predictions, round_panel, run_panel, waiting
from mnist_core.presets import Preset
from mnist_core.rounds import Assignment
from mnist_core.train_page import give_panel, preview_panel, run_list
from mnist_core.ui import address, classwork, data_note, embedding, frame, names, session
from mnist_core.ui.chart import preload
from mnist_core.ui.panel import PAGE
from mnist_core.ui.texts import _

frame.ensure()


@frame.callback
def start(run_id: str) -> None:
    """Put a run with the settings of the controls into the queue and show it.

    The button was drawn with the run's id: one press makes one run, even where it arrives twice (while the first
    arrival is still at work here, the browser's next message may bring the press again).
    """
    preset, own, mine = draft.preset(), draft.given(), classwork.taught()
    session.store().runs.create(
        session.student(),
        draft.config(),
        preset=preset.name if preset else None,
        variant=draft.variant(),
        run_id=run_id,
        prediction=predictions.predicted_outcome() if own is None else None,  # in a round the store has it
        round_id=None if own is None else own.round.id,
        demonstration=None if mine is None else mine.secret,
    )
    predictions.forget_outcome()
    st.session_state.update(shown_run=run_id, shown_group=None)
    frame.draw_anew()


@frame.callback
def start_all(group: str) -> None:
    """Queue every variant of the experiment under `group`, once however often the press arrives, and show them."""
    preset = draft.preset()
    assert preset is not None
    configs = _variants(preset)
    session.store().runs.create_group(
        session.student(), configs, group, preset=preset.name, variants=tuple(preset.variants)
    )
    st.session_state.update(shown_run=None, shown_group=group)
    frame.draw_anew()


def _variants(preset: Preset) -> list[RunConfig]:
    """The controls' settings with what each variant says. Raises ConfigError where they do not go together."""
    shared = draft.config()
    return [shared.replace(**changes) for changes in preset.variants.values()]


def design() -> None:
    """The network and the arithmetic of the run, at once as a slider moves."""
    config = draft.config()
    description = models.describe(config)
    answers = [name.plain for name in names.classes(config)]
    picture, figures = st.columns([4, 5], gap="medium", vertical_alignment="center")
    picture.image(network_svg(description, _, dark=session.dark(), answers=answers), width="stretch")
    with figures:
        metrics = (
            (_("Parameters"), f"{description.parameters:,}"),
            (_("Steps per epoch"), f"{config.steps_per_epoch:,}"),
            (_("Total steps"), f"{config.total_steps:,}"),
        )
        with st.container(horizontal=True, gap="medium"):
            for label, value in metrics:
                st.metric(label, value, width="content")
            if not _elsewhere():  # what a sweep or a range test takes is said where it is started
                waiting.expected_time(waiting.expected((config, 1)))
        if (own := draft.given()) is not None and not _elsewhere():
            round_panel.predict(own)
        with st.container(horizontal=True, vertical_alignment="center"):
            _buttons()
            predicting = own is None and predictions.toggle()
        if predicting:
            predictions.ask_outcome()


def _elsewhere() -> bool:
    """Whether what the controls are for, a round's sweep or range test, is started on another page."""
    own = draft.given()
    return own is not None and own.round.plan.kind != "run"


def _buttons() -> None:
    """Each with the id of what a press of it will make."""
    run, group = secrets.token_hex(5), secrets.token_hex(5)
    icon = ":material/play_arrow:"
    own, preset = draft.given(), draft.preset()
    if own is not None:
        _round_button(own, run, icon)
        return
    silent = bool(st.session_state.get("predict_first")) and not st.session_state.get("predicted_outcome")
    st.button(_("Run"), key="run", type="primary", icon=icon, on_click=start, args=(run,), width=160, disabled=silent)
    if preset is None or len(preset.variants) < 2:
        return
    label, why_not = _("Run all {n} variants").format(n=len(preset.variants)), None
    try:
        _variants(preset)
    except ConfigError as error:
        why_not = frame.sentence(error)
    st.button(
        label,
        key="run_all",
        icon=":material/stacks:",
        on_click=start_all,
        args=(group,),
        disabled=why_not is not None,
        help=why_not,
    )


def _round_button(own: Assignment, run: str, icon: str) -> None:
    """Of the round that the controls are for; a sweep's is on another page."""
    if _elsewhere():
        return
    problem = round_panel.why_not(own)
    st.button(
        _("Run"),
        key="run",
        type="primary",
        icon=icon,
        on_click=start,
        args=(run,),
        width=160,
        disabled=problem is not None,
        help=problem,
    )


def page() -> None:
    """Controls in the sidebar, the design above, the run below."""
    if embedding.wanted():
        embedded(address.follow("shown_run", "run"))
        return
    st.title(_("Train a network and watch it learn"))
    draft.follow_address()
    draft.fields()
    draft.tell_problems()
    round_panel.draw(ideas(), draft.follow_round())
    st.session_state.pop("wanted_run", None)
    run, group = (address.follow(f"shown_{name}", name) for name in ("run", "group"))
    preload()
    # The few that a round leaves free stand where a telephone shows them, too. The place is the page's, not the fragment's: what a fragment
    # that is drawn again puts straight into the sidebar stays there, empty, on the next page.
    place = st.sidebar.container() if draft.given() is None else st.container(key="round_controls", width=560)
    if draft.given() is None:
        frame.say_where_settings_are()
    frame.fragment(settings)(place, nothing_shown=not (run or group))
    if group:
        frame.safely(group_panel.draw)(PAGE, group)
    elif run:
        frame.safely(run_panel.draw)(PAGE, run)
    run_list.draw()


def embedded(run: str | None) -> None:
    """One chart of a run, for a frame in another page."""
    if run:
        run_panel.draw_chart(PAGE, run)
    else:
        embedding.not_here()


def ideas() -> dict[str, round_panel.IdeaPlace]:
    """Where each idea is shown, for rounds."""
    return {name: round_panel.IdeaPlace(idea.title, idea.page, idea.view) for name, idea in IDEAS.items()}


def settings(place: DeltaGenerator, nothing_shown: bool) -> None:
    """What changes as a control is moved, the controls in their `place`; what is shown of runs is not drawn again for it."""
    with place:
        controls.draw()
    data_note.follow(draft.fields()["dataset"])
    design()
    if nothing_shown and not _elsewhere():
        preview_panel.draw(draft.config())
    if (mine := classwork.taught()) is not None:
        give_panel.draw(mine, ideas())
    draft.write_address()
    address.end_of_fragment()


page()
