"""A lesson is given to the class, by its teacher."""

from __future__ import annotations

import secrets

import streamlit as st

from mnist_core.escape import UserText
from mnist_core.lessons.schema import Lesson
from mnist_core.panels.course import Entry
from mnist_core.rounds import INSTRUCTION_LETTERS, TITLE_LETTERS, Plan
from mnist_core.ui import classwork, frame, session
from mnist_core.ui.classwork import Taught
from mnist_core.ui.texts import _


def draw(entry: Entry, lesson: Lesson) -> None:
    """The button and what goes with it, where this browser is a teacher's."""
    mine = classwork.taught()
    if mine is None:
        return
    label = _("Give to the class {name}").format(name=mine.in_class.name.markdown)
    with st.popover(label, icon=":material/school:", key=_key("form")):
        st.text_area(_("What is to be done"), key=_key("instruction"), max_chars=INSTRUCTION_LETTERS, height=100)
        st.toggle(
            _("Seal the test set"),
            key=_key("sealed"),
            help=_("Nobody in the class sees test figures until you open them for all, in the Classroom."),
        )
        st.button(
            _("Open it for the class"),
            key="give_lesson",
            type="primary",
            icon=":material/play_arrow:",
            on_click=_give,
            args=(mine, entry.name, lesson.title, secrets.token_hex(5)),
        )


@frame.callback
def _give(mine: Taught, name: str, title: str, round_id: str) -> None:
    plan = Plan(
        UserText(title[:TITLE_LETTERS]),
        UserText(str(st.session_state.get(_key("instruction")) or "")),
        "lesson",
        test_sealed=bool(st.session_state.get(_key("sealed"))),
        lesson=name,
    )
    given = session.store().rounds.give(mine.in_class.id, mine.secret, plan, round_id=round_id)
    text = _("The lesson **{title}** is open. Every student's pages lead to it.")
    st.session_state["class_note"] = text.format(title=given.plan.title.markdown)
    st.session_state["give_lesson_number"] = st.session_state.get("give_lesson_number", 0) + 1
    frame.draw_anew()


def _key(name: str) -> str:
    """Of a widget of the form: another one once the lesson was given, so that the form begins anew."""
    number = st.session_state.get("give_lesson_number", 0)
    return f"give_lesson_{name}_{number}" if number else f"give_lesson_{name}"
