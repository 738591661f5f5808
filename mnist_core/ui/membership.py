"""The class that this student is in: read once a drawing, shown in a small line on every page."""

from __future__ import annotations

import math
import secrets
import threading
import time

import streamlit as st

from mnist_core.class_records import Member, Membership
from mnist_core.errors import StoreError
from mnist_core.ui import session
from mnist_core.ui.texts import _

FRESH_SECONDS = 5.0
STUDENTS = 2_000  # of whom it is known for so long whether the test set is sealed for their class
_lock = threading.Lock()
_sealed: dict[str, tuple[bool, float]] = {}  # student → whether it is, and when that was read, on the monotonic clock


def begin() -> None:
    """Read whose this browser is. Where its student was merged with another, it becomes that one's."""
    try:
        membership = session.store().classes.membership(session.student())
    except StoreError:
        st.session_state["membership"] = None  # what needs the store says so itself
        return
    before: Membership | None = st.session_state.get("membership")
    st.session_state["membership"] = membership
    if before is not None and (note := _what_the_teacher_did(before, membership)):
        st.session_state["class_note"] = note
    if membership is not None and membership.student != session.student():
        session.become(membership.student, "./")


def _what_the_teacher_did(before: Membership, now: Membership | None) -> str:
    """What a student is told who was in a class at the last drawing."""
    name = before.in_class.name.markdown
    if now is None or now.in_class.id != before.in_class.id:
        if session.store().classes.get(before.in_class.id) is None:
            return _("The class {name} was deleted, with all its runs.").format(name=name)
        return "" if now else _("Your teacher has removed you from {name}.").format(name=name)
    if now.member.nickname != before.member.nickname and now.student == before.student:
        return _("Your teacher has given you another nickname: {nickname}.").format(
            nickname=now.member.nickname.markdown
        )
    return ""


def sealed_for(student: str) -> bool:
    """Whether a round of that student's class keeps the test set sealed; outside of any session, too."""
    now = time.monotonic()
    with _lock:
        sealed, read_at = _sealed.get(student, (False, -math.inf))
    if now - read_at > FRESH_SECONDS:  # it is asked with each message that a browser is sent
        found = session.store().classes.membership(student)
        sealed = found is not None and found.test_sealed
        with _lock:
            _sealed[student] = sealed, now
            while len(_sealed) > STUDENTS:
                del _sealed[next(iter(_sealed))]
    return sealed


def current() -> Membership | None:
    """The class that this student is in, and as whom; as of this drawing of the page."""
    membership: Membership | None = st.session_state.get("membership")
    return membership


def line() -> None:
    """In which class one is, and as whom; behind it the personal code and the way out."""
    membership = current()
    if membership is None:
        return
    member, name = membership.member, membership.in_class.name
    label = _("{nickname} in {name}").format(nickname=member.nickname.markdown, name=name.markdown)
    with st.popover(label, icon=":material/school:", type="tertiary", key="membership"):
        st.markdown(
            _("Your personal code is **{code}**. With it you come back in another browser, with all your runs.").format(
                code=member.personal_code
            )
        )
        st.button(
            _("Not you?"), key="not_you", icon=":material/logout:", on_click=_leave, args=(membership.in_class.code,)
        )
        st.caption(_("Somebody else then joins in this browser. Your runs stay yours."))


def welcome() -> None:
    """The personal code of who has just joined, on every page until he has written it down: a page is drawn anew whenever something of
    his class changes."""
    member: Member | None = st.session_state.get("joined")
    if member is None or current() is None:
        return
    text = _(
        "You are in, as **{nickname}**. Your personal code is **{code}**: write it down. With it you come back in another browser, with all your runs."
    )
    st.success(text.format(nickname=member.nickname.markdown, code=member.personal_code), icon=":material/school:")
    st.button(_("I have written it down"), key="code_written", icon=":material/check:", on_click=_forget_joining)


def _forget_joining() -> None:
    st.session_state["joined"] = None


def _leave(code: str) -> None:
    session.become(secrets.token_hex(16), f"./?class={code}")
