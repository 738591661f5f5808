"""What a class does now, as this browser has it: the student's round, what the teacher shows to all, and whose teacher it is.

The line that the frame draws on every page of a member follows his class: when something that his pages show has changed, the page
is drawn anew, once.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple

import streamlit as st

from mnist_core.class_records import Class
from mnist_core.errors import StoreError
from mnist_core.rounds import Assignment
from mnist_core.ui import frame, live_parts, membership, session, teacher
from mnist_core.ui.texts import _

WORD_LETTERS = 60  # of a parameter that students are led to
NOT_LED_TO = ("lang", "large", "class", "board")  # parameters that are the teacher's own
BESIDE = ("", "classroom")  # pages that are shown to nobody
SWEPT = ("sweep", "range-test")  # kinds of rounds that the page Learning rate shows


class Taught(NamedTuple):
    """The class that this browser's runs are of, and the secret of its teacher, who sits here."""

    in_class: Class
    secret: str


def draw(page: str) -> None:
    """Beneath the frame's line: what is new of the class, and what the teacher shows. `page`: address of the one that is drawn."""
    current = membership.current()
    st.session_state.pop("assignment", None)
    membership.welcome()
    if (note := st.session_state.pop("class_note", None)) is not None:
        st.warning(note, icon=":material/school:")
    if current is not None:
        st.session_state["assignment"] = own = session.store().rounds.assignment(session.student())
        frame.fragment(_follow)(current.in_class.id, current.in_class.news)
        _say_pause(current.in_class)
        _led(current.in_class, page)
        if own is not None and not _shows_round(page, own):
            label = _("To the round: {title}").format(title=own.round.plan.title.markdown)
            _link_to_round(own, label, page)
    st.session_state["taught"] = _taught()
    if (mine := taught()) is not None and page not in BESIDE:
        _lead(mine, page)


def _shows_round(page: str, own: Assignment) -> bool:
    """Whether the page itself says what is to be done in the round."""
    return page == "train" or (page == "learning_rate" and own.round.plan.kind in SWEPT)


def _link_to_round(own: Assignment, label: str, page: str) -> None:
    plan = own.round.plan
    if plan.kind != "lesson":
        st.page_link("pages/train.py", label=label, icon=":material/school:")
    elif page != "lessons" or st.query_params.get("lesson") != plan.lesson:
        query = {"lesson": plan.lesson}
        st.page_link("pages/lessons.py", label=label, icon=":material/school:", query_params=query)


def assignment() -> Assignment | None:
    """The round that is open for this student, as of this drawing of the page."""
    found: Assignment | None = st.session_state.get("assignment")
    return found


def taught() -> Taught | None:
    """The class whose teacher this browser is; as of this drawing of the page."""
    found: Taught | None = st.session_state.get("taught")
    return found


def _taught() -> Taught | None:
    if not (secrets := teacher.secrets()):
        return None
    try:
        found = session.store().classes.taught(session.student(), secrets)
    except StoreError:
        return None  # what needs the store says so itself
    return None if found is None else Taught(found, secrets[found.id])


def _follow(class_id: str, news: int) -> None:
    opened = session.store().classes.get(class_id)
    if opened is None or opened.news != news:
        st.rerun()
    live_parts.link([opened], partial(_news, class_id), key="class_link", pause=0.3)


def _news(class_id: str) -> int:
    opened = session.store().classes.get(class_id)
    return -1 if opened is None else opened.news


def _say_pause(opened: Class) -> None:
    if opened.paused:
        st.info(
            _("Your teacher has paused the queue. Runs that wait begin when it goes on."),
            icon=":material/pause_circle:",
        )


# ---- everybody look here ---------------------------------------------------------------------------------------


def _lead(mine: Taught, page: str) -> None:
    """The teacher's button: all students are shown the way to this page, as it is."""
    with st.container(horizontal=True, vertical_alignment="center", key="look_here"):
        st.button(
            _("Everybody look here"),
            key="lead",
            icon=":material/campaign:",
            type="tertiary",
            on_click=_show_page,
            args=(mine, page),
            help=_("A line with a button that opens this page appears on the screens of all students."),
        )
        if mine.in_class.look_here:
            st.caption(_("All students see the way to a page of yours."))
            st.button(_("Take it back"), key="lead_no_more", type="tertiary", on_click=_show_nothing, args=(mine,))


def _show_page(mine: Taught, page: str) -> None:
    query = {name: value for name, value in st.query_params.to_dict().items() if name not in NOT_LED_TO}
    show_all(mine, page, query)


@frame.callback
def show_all(mine: Taught, page: str, query: Mapping[str, str]) -> None:
    """Lead all students of the class to a page with these parameters; for callbacks."""
    session.store().classes.change(
        mine.in_class.id, mine.secret, look_here=json.dumps({"page": page, "query": dict(query)})
    )


@frame.callback
def _show_nothing(mine: Taught) -> None:
    session.store().classes.change(mine.in_class.id, mine.secret, look_here="")


def _led(opened: Class, page: str) -> None:
    """The line that leads a student to the page that the teacher shows."""
    place = read_place(opened.look_here)
    if place is None:
        return
    shown, query = place
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="led"):
        st.markdown(_(":material/campaign: **Your teacher shows something.**"))
        if shown == page and query.items() <= st.query_params.to_dict().items():
            st.caption(_("It is on this page."))
        else:
            label, icon = _("Look here"), ":material/arrow_forward:"
            st.page_link(f"pages/{shown or 'home'}.py", label=label, icon=icon, query_params=query)


def read_place(text: str) -> tuple[str, dict[str, str]] | None:
    """Page and parameters of what `look_here` keeps; None where it keeps nothing, or none of ours."""
    try:
        place = json.loads(text)
        page, query = place["page"], place["query"]
    except (ValueError, TypeError, KeyError):
        return None
    words = [*query, *query.values()] if isinstance(query, dict) else [None]
    if page not in frame.page_names() or not all(isinstance(word, str) and len(word) <= WORD_LETTERS for word in words):
        return None
    return page, query
