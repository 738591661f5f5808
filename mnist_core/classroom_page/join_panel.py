"""Joining a class, on the Home page: the code or the link, a nickname, or the personal code of who was here before."""

from __future__ import annotations

import random

import streamlit as st

from mnist_core.class_records import Class
from mnist_core.errors import ClassError, LimitError
from mnist_core.messages import N_
from mnist_core.store.class_codes import NICKNAME_LETTERS
from mnist_core.ui import address, frame, membership, session
from mnist_core.ui.texts import _, ngettext

# Nicknames that are suggested, with a number behind them; short ones that everybody knows.
ANIMALS = N_(
    "Otter, Falcon, Panda, Fox, Dolphin, Owl, Tiger, Koala, Lynx, Heron, Seal, Badger, Raven, Gecko, Moose, Swan, Wolf, Hare, Crane, Bison"
)
CODE_ROOM = 20  # letters of a field for codes: blanks and hyphens may stand between


def draw() -> None:
    """What is to be done to join a class, if anything."""
    current = membership.current()
    code = address.follow("join_code", "class")
    if code is None:
        if current is None and session.store().classes.any_open():
            _ask_for_code()
        return
    try:
        found = session.store().classes.find(code, session.student())
    except (ClassError, LimitError) as error:
        _forget_code()
        frame.show_error(error)
        _ask_for_code()
        return
    if current is not None and current.in_class.id == found.id:
        _forget_code()
    else:
        _ask_for_nickname(found)


def _forget_code() -> None:
    st.session_state["join_code"] = None
    address.say(**{"class": None})


def _ask_for_code() -> None:
    with st.form("join_code_form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
        st.text_input(_("Code of your class"), key="typed_code", max_chars=CODE_ROOM, width=200)
        st.form_submit_button(_("Join your class"), icon=":material/school:", key="take_code", on_click=_take_code)


@frame.callback
def _take_code() -> None:
    if typed := str(st.session_state.get("typed_code") or "").strip():
        found = session.store().classes.find(typed, session.student())
        st.session_state["join_code"] = found.code


def _ask_for_nickname(found: Class) -> None:
    with st.container(border=True, key="join"):
        st.subheader(_("Join {name}").format(name=found.name.markdown))
        with st.form("join_form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
            st.text_input(
                _("Your nickname, which the class sees"),
                value=_suggestion(found.code),
                key="nickname",
                max_chars=NICKNAME_LETTERS,
                width=320,
            )
            st.form_submit_button(_("Join"), type="primary", key="join_now", on_click=_join, args=(found.code,))
        days = round(found.days_left)
        st.caption(
            ngettext(
                "No account and no real name needed. The class keeps your nickname, your runs and predictions, your answers in its lessons, and the reports that you hand in. Your teacher can see them. They are deleted with the class: by your teacher, or after the server has run for {days} more day. Images that you upload stay until you delete them.",
                "No account and no real name needed. The class keeps your nickname, your runs and predictions, your answers in its lessons, and the reports that you hand in. Your teacher can see them. They are deleted with the class: by your teacher, or after the server has run for {days} more days. Images that you upload stay until you delete them.",
                days,
            ).format(days=days)
        )
        with st.expander(_("I was here before, in another browser")):
            with st.form("rejoin_form", border=False), st.container(horizontal=True, vertical_alignment="bottom"):
                st.text_input(_("Your personal code"), key="typed_personal", max_chars=CODE_ROOM, width=200)
                st.form_submit_button(_("Come back"), key="rejoin", on_click=_rejoin, args=(found.code,))
            st.caption(
                _("You find it in the first browser behind your nickname, at the top. Your teacher knows it, too.")
            )


def _suggestion(code: str) -> str:
    """A nickname that nobody has, the same until this one joins."""
    seed = st.session_state.setdefault("suggestion_seed", random.randrange(2**32))
    numbers = random.Random(seed)
    animals = [name.strip() for name in _(ANIMALS).split(",")]
    candidates = (f"{numbers.choice(animals)} {numbers.randrange(2, 100)}" for _number in range(50))
    return session.store().classes.free_nickname(code, session.student(), candidates)


@frame.callback
def _join(code: str) -> None:
    st.session_state["joined"] = session.store().classes.join(
        code, session.student(), str(st.session_state.get("nickname") or "")
    )
    st.session_state["join_code"] = None


@frame.callback
def _rejoin(code: str) -> None:
    personal = str(st.session_state.get("typed_personal") or "")
    session.become(session.store().classes.rejoin(code, session.student(), personal), "./")
