"""The round of a student's class: what to do, what he is asked to expect first, how many runs he has left."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import streamlit as st

from mnist_core import sweep_range
from mnist_core.config import NAMES
from mnist_core.panels import controls, draft, predictions
from mnist_core.rounds import Assignment, RoundKind
from mnist_core.ui import classwork, frame, membership, session
from mnist_core.ui.texts import _, ngettext


class IdeaPlace(NamedTuple):
    """Where an idea is shown: its title, the page's file, and the word for it in the address."""

    title: str
    page: str
    view: str


def draw(ideas: Mapping[str, IdeaPlace], others: list[str], here: RoundKind = "run") -> None:
    """The round that is open, where one is. `ideas`: all, by name; `others`: settings that were asked for otherwise than it gives; `here`: what is
    started on the page as it is."""
    own = classwork.assignment()
    if own is None:
        return
    plan = own.round.plan
    with st.container(border=True, key="round"):
        st.markdown(f"##### :material/school: {plan.title.markdown}")
        if plan.instruction:
            st.markdown(plan.instruction.formatted)
        if plan.kind == "idea":
            _lead_to_idea(ideas.get(plan.idea))
        elif plan.kind == "lesson":
            lead_to_lesson(own)
        elif draft.given() is None:
            st.caption(_("You are training something else. The round waits for you."))
        else:
            _what_is_asked(own, here)
        with st.container(horizontal=True, vertical_alignment="center"):
            _ways(own)
    if others:
        st.warning(_("The round gives these settings, and they stay: {settings}.").format(settings=_titles(others)))


def _titles(names_of_settings: list[str]) -> str:
    return ", ".join(_(NAMES[name]) for name in names_of_settings)


def _lead_to_idea(place: IdeaPlace | None) -> None:
    if place is not None:
        icon, query = ":material/lightbulb:", {"view": place.view}
        st.page_link(f"pages/{place.page}.py", label=_(place.title), icon=icon, query_params=query)


def lead_to_lesson(own: Assignment) -> None:
    """The way to the lesson of a round."""
    query = {"lesson": own.round.plan.lesson}
    st.page_link("pages/lessons.py", label=_("Open the lesson"), icon=":material/menu_book:", query_params=query)


def _what_is_asked(own: Assignment, here: RoundKind) -> None:
    kind = own.round.plan.kind
    if kind in ("sweep", "range-test") and kind != here:
        label = _("Start the sweep here") if kind == "sweep" else _("Start the range test here")
        query = {"view": "test"} if kind == "range-test" else {}
        st.page_link("pages/learning_rate.py", label=label, icon=":material/speed:", query_params=query)
    if kind != "run":
        predict(own)
    if own.left is not None:
        st.caption(f":material/tag: {_left(kind, own.left)}")


def _left(kind: RoundKind, count: int) -> str:
    """How many the student may still start of what counts as one in the round."""
    if kind == "sweep":
        text = ngettext("{n} sweep left", "{n} sweeps left", count)
    elif kind == "range-test":
        text = ngettext("{n} range test left", "{n} range tests left", count)
    else:
        text = ngettext("{n} run left", "{n} runs left", count)
    return text.format(n=count)


def predict(own: Assignment) -> None:
    """What the student expects of what he starts next: the question, or what he has said. Of a run it stands beneath its settings, since it
    is about these."""
    if own.left == 0:
        return
    if _must_predict(own):
        _ask(own)
    elif own.prediction is not None:
        st.caption(f":material/psychology: {predictions.said(own.prediction)}")


def _must_predict(own: Assignment) -> bool:
    return own.must_predict or _predicted_other_settings(own)


def _predicted_other_settings(own: Assignment) -> bool:
    """Whether the settings have changed since the student has said what he expects of his next run."""
    return own.round.plan.kind == "run" and own.predicted_others(draft.config())


def _ask(own: Assignment) -> None:
    question = own.round.plan.question
    if (
        st.session_state.get("expected_of") != question
    ):  # what another question was answered with is no answer to this one
        st.session_state.pop("expected", None)
        st.session_state["expected_of"] = question
    with st.form("round_prediction", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        if question == "accuracy":
            label = (
                _("Which validation accuracy do you expect of the best run, in percent?")
                if own.round.plan.kind == "sweep"
                else _("Which validation accuracy do you expect, in percent?")
            )
            st.slider(label, 0, 100, 50, key="expected", width=420)
        elif question == "edge":
            predictions.edge_slider(_rates(own), "expected")
        else:
            st.segmented_control(
                _("I expect that this run …"),
                list(predictions.WORDS),
                key="expected",
                format_func=lambda word: _(predictions.WORDS[word]),
                help=_(predictions.MEANINGS),
            )
        st.form_submit_button(
            _("This is my prediction"), key="predict_round", type="primary", on_click=_predict, args=(own,)
        )
    if own.must_predict:
        st.caption(_("Predict first; then the round lets you train."))
    else:
        st.caption(_("Your prediction was about other settings. Predict again for these."))


def _rates(own: Assignment) -> list[float]:
    """From which one is chosen, where training may begin to break."""
    low, high = sweep_range.usual_range(own.base)
    return [rate for rate in controls.RATES if low <= rate <= high]


@frame.callback
def _predict(own: Assignment) -> None:
    expected = st.session_state.get("expected")
    of_run = draft.config() if own.round.plan.kind == "run" else None
    session.store().rounds.predict(own.round.id, session.student(), expected, started=own.started, config=of_run)
    frame.draw_anew()


def _ways(own: Assignment) -> None:
    """To the board, and out of the round and back, where that may be."""
    current = membership.current()
    if own.round.board_shown and current is not None:
        query = {"board": current.in_class.code}
        st.page_link("pages/classroom.py", label=_("The board"), icon=":material/scatter_plot:", query_params=query)
    if own.round_only or own.round.plan.kind in ("idea", "lesson"):
        return
    if draft.given() is None:
        st.button(_("Back to the round"), key="join_round", on_click=_leave, args=(None,))
    else:
        st.button(_("Train something else"), key="leave_round", type="tertiary", on_click=_leave, args=(own.round.id,))


def _leave(round_id: str | None) -> None:
    st.session_state["left_round"] = round_id


def why_not(own: Assignment | None) -> str | None:
    """Why the student cannot start a run of the round now; None: he can."""
    if own is None:
        return None
    if own.left != 0:
        return _("Predict first; then the round lets you train.") if _must_predict(own) else None
    texts: dict[RoundKind, str] = {
        "sweep": _("You have used all sweeps of this round."),
        "range-test": _("You have used all range tests of this round."),
    }
    return texts.get(own.round.plan.kind, _("You have used all runs of this round."))
