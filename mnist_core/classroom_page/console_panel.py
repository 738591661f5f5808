"""The teacher's console: how students come in, who is there, what may be done about it. Each act is the store's to allow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from mnist_core.class_records import Class, Member
from mnist_core.classroom_page import (
    class_link,
    handed_in_panel,
    invitation,
    reach,
    results_panel,
    room_check,
    rounds_panel,
    student_panel,
)
from mnist_core.messages import N_
from mnist_core.store.class_codes import NICKNAME_LETTERS
from mnist_core.store.classes import Classes
from mnist_core.ui import frame, session, teacher
from mnist_core.ui.texts import _, ngettext

_STYLE = """<style>
ul.mnist-lab-members { display: flex; flex-wrap: wrap; gap: 0.5rem; list-style: none; margin: 0; padding: 0; }
ul.mnist-lab-members li { border: 1px solid #8886; border-radius: 1rem; padding: 0.15rem 0.8rem; margin: 0; overflow-wrap: anywhere; }
ul.mnist-lab-members li.removed { opacity: 0.6; text-decoration: line-through; }
ul.mnist-lab-members small { opacity: 0.75; margin-left: 0.35rem; }
</style>"""

NO_PHONE = (
    N_(
        "Are phones and this computer in the same network? Mobile data must be off, or go first through the school's Wi-Fi."
    ),
    N_("Guest networks often separate devices from one another. Use another network, or a phone's hotspot."),
    N_("The firewall of this computer must let others in to the port that stands in the address."),
)
ANOTHER_ADDRESS = N_("This computer has several addresses. Choose another one above.")


def draw(opened: Class, secret: str) -> None:
    """The console of a class, for whoever has its secret."""
    st.html(_STYLE)
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.title(opened.name.markdown, width="content")
        st.page_link(
            "pages/classroom.py",
            label=_("Show the board on the projector"),
            icon=":material/present_to_all:",
            query_params={"board": opened.code},
        )
    picture, words = st.columns([2, 3], gap="large")
    with words:
        address = _invitation(opened, secret)
    if address is not None:
        with picture:
            invitation.small(opened, address)
    frame.fragment(rounds_panel.draw)(opened.id, secret)
    frame.fragment(_members)(opened.id, secret)
    frame.fragment(student_panel.draw)(opened, secret)
    frame.fragment(results_panel.draw)(opened, secret)
    frame.fragment(handed_in_panel.draw)(opened.id, secret)
    with st.expander(_("Check the room"), icon=":material/fact_check:"):
        frame.fragment(room_check.draw)(address)
    _settings(opened, secret)


def _invitation(opened: Class, secret: str) -> str | None:
    """Code, link, and which address it has; returns the address."""
    offered, address = reach.addresses(), invitation.address_of(opened)
    if address is None:
        st.warning(_("This computer is in no network, so no phone reaches it. Connect it, then reload this page."))
        invitation.words(opened, None)
        return None
    st.markdown(_("Students scan the picture, open the link, or enter the code on **Home**."))
    invitation.words(opened, None)
    st.code(reach.join_link(address, opened.code), language=None)
    if len(offered) > 1:
        st.session_state["class_address"] = address
        st.selectbox(
            _("Address that students are told"),
            offered,
            key="class_address",
            on_change=_change_address,
            args=(opened.id, secret),
            help=_("This computer has several. Take the one of the network in which the students' devices are."),
        )
    return address


@frame.callback
def _change_address(class_id: str, secret: str) -> None:
    session.store().classes.change(class_id, secret, address=str(st.session_state["class_address"]))


def _members(class_id: str, secret: str) -> None:
    """Who is there, and how many runs each has; a fragment that is drawn anew when somebody comes or starts one."""
    class_link.draw(class_id, "members_link", runs=True)
    opened = session.store().classes.get(class_id)
    if opened is None:
        st.info(_("This class is no longer here."))
        return
    members = session.store().classes.members(class_id, secret)
    st.subheader(invitation.who_is_here(opened), anchor=False)
    if members:
        st.html(f'<ul class="mnist-lab-members">{"".join(map(_chip, members))}</ul>')
        _change_one(members, class_id, secret)
    else:
        _nobody_yet()


def _chip(member: Member) -> str:
    text = ngettext("{n} run", "{n} runs", member.runs).format(n=member.runs)
    count = f"<small>{text}</small>" if member.runs else ""
    kind = ' class="removed"' if member.removed else ""
    return f"<li{kind}>{member.nickname.html}{count}</li>"


def _nobody_yet() -> None:
    st.markdown(_("As soon as somebody joins, the nickname appears here by itself. If no phone arrives:"))
    advice = [*NO_PHONE, ANOTHER_ADDRESS] if len(reach.addresses()) > 1 else NO_PHONE
    st.markdown("\n".join(f"- {_(text)}" for text in advice))


def _change_one(members: Sequence[Member], class_id: str, secret: str) -> None:
    """What may be done about one member."""
    by_id = {member.id: member for member in members}
    if st.session_state.get("chosen_member") not in by_id:
        st.session_state["chosen_member"] = None
    with st.expander(_("Change a member"), icon=":material/manage_accounts:"):
        chosen = st.selectbox(
            _("Member"),
            list(by_id),
            format_func=lambda one: by_id[one].nickname.plain,
            key="chosen_member",
            placeholder=_("Choose a member"),
        )
        if chosen is None:
            return
        member = by_id[chosen]
        st.markdown(_("Personal code: **{code}**").format(code=member.personal_code))
        rights = (class_id, secret)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            key = f"new_nickname_{member.id}"
            st.text_input(_("Nickname"), value=member.nickname.plain, key=key, max_chars=NICKNAME_LETTERS, width=300)
            _act(_("Rename"), "rename_member", lambda: _classes().rename(*rights, member.id, st.session_state[key]))
        others = {other.id: other for other in members if other.id != member.id}
        if others:
            with st.container(horizontal=True, vertical_alignment="bottom"):
                merged = st.selectbox(
                    _("Is the same student as"),
                    list(others),
                    format_func=lambda one: others[one].nickname.plain,
                    key=f"merge_with_{member.id}",
                    index=None,
                    width=300,
                    placeholder=_("Choose a member"),
                    help=_("The other one's runs go to this member, and so does its browser."),
                )
                if merged is not None:
                    _act(_("Merge the two"), "merge_members", lambda: _classes().merge(*rights, member.id, merged))
        rounds_panel.about_member(member, rights)
        if member.removed:
            _act(_("Let in again"), "restore_member", lambda: _classes().remove(*rights, member.id, removed=False))
        else:
            _act(_("Remove"), "remove_member", lambda: _classes().remove(*rights, member.id))


def _act(label: str, key: str, act: Callable[[], None]) -> None:
    st.button(label, key=key, on_click=frame.callback(act))


def _settings(opened: Class, secret: str) -> None:
    """Who may train, the teacher's link, the end of the class."""
    with st.expander(_("Settings of the class"), icon=":material/settings:"):
        st.session_state["members_only"] = opened.members_only
        st.toggle(
            _("Only members train here"),
            key="members_only",
            on_change=_change_members_only,
            args=(opened.id, secret),
            help=_("While this is on, nobody but members of a class can start runs on this server."),
        )
        _own_link(opened, secret)
        days = round(opened.days_left)
        st.caption(
            ngettext(
                "By itself the class is deleted after the server has run for {days} more day.",
                "By itself the class is deleted after the server has run for {days} more days.",
                days,
            ).format(days=days)
        )
        with st.popover(_("Delete this class"), icon=":material/delete:"):
            st.markdown(
                _(
                    "This deletes the class with its nicknames, runs, predictions, answers in lessons and reports. It cannot be undone."
                )
            )
            st.button(
                _("Delete it with all runs"),
                key="delete_class",
                type="primary",
                on_click=_delete,
                args=(opened.id, secret),
            )


@frame.callback
def _change_members_only(class_id: str, secret: str) -> None:
    _classes().change(class_id, secret, members_only=bool(st.session_state["members_only"]))


def _own_link(opened: Class, secret: str) -> None:
    """The link that makes another browser the teacher's, shown when it is asked for: it carries the secret."""
    if st.toggle(_("Show my teacher's link"), key="own_link"):
        st.warning(
            _("Whoever has this link is the teacher of the class. Show it to nobody; keep it for another computer.")
        )
        st.code(f"{invitation.address_of(opened) or ''}/{teacher.link(opened.id, secret)}", language=None)


@frame.callback
def _delete(class_id: str, secret: str) -> None:
    _classes().delete(class_id, secret)
    st.session_state["shown_class"] = None


def _classes() -> Classes:
    return session.store().classes
