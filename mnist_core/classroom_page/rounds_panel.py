"""The console's part about rounds: which there are, opened and closed, what students may see, and the runs of the class stopped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from mnist_core.class_records import Class, Member
from mnist_core.classroom_page import class_link
from mnist_core.messages import N_
from mnist_core.rounds import Round, RoundState
from mnist_core.ui import frame, session
from mnist_core.ui.texts import _, ngettext

STATES: Mapping[RoundState, str] = {"draft": N_("draft"), "open": N_("open"), "closed": N_("closed")}
COLORS: Mapping[RoundState, str] = {"draft": "gray", "open": "green", "closed": "blue"}


def draw(class_id: str, secret: str) -> None:
    """All rounds, the newest first; a fragment that is drawn anew when something of the class has changed."""
    class_link.draw(class_id, "rounds_link")
    opened = session.store().classes.get(class_id)
    if opened is None:
        return
    st.subheader(_("Rounds"), anchor=False)
    rounds = session.store().rounds.of_class(class_id, secret)
    if not rounds:
        st.markdown(_("Set up a run on the Train page, then choose **Give to the class** there."))
    st.page_link("pages/train.py", label=_("Set up the next round"), icon=":material/add:")
    for given in reversed(rounds):
        _round(given, (class_id, secret))
        if given == _newest(rounds):
            _say_who_seals(given, rounds)
    _runs(opened, secret)


def _newest(rounds: Sequence[Round]) -> Round | None:
    """The round that is open, else the one that was given last."""
    given = [one for one in rounds if one.state != "draft"]
    return next((one for one in given if one.state == "open"), given[-1] if given else None)


def _say_who_seals(given: Round, rounds: Sequence[Round]) -> None:
    """Where this round has not sealed the test set, the others that have, and for whose sake students see no test figures."""
    sealing = [str(one.number) for one in rounds if one.state != "draft" and one.plan.test_sealed]
    if sealing and not given.plan.test_sealed:
        text = _(":material/lock: For the students the test set stays sealed. Rounds that seal it: {rounds}.")
        st.caption(text.format(rounds=", ".join(sealing)))


Rights = tuple[str, str]  # id and secret of the class


def _round(given: Round, rights: Rights) -> None:
    with st.container(border=given.state == "open", key=f"round_{given.id}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            badge = f":{COLORS[given.state]}-badge[{_(STATES[given.state])}]"
            st.markdown(f"{given.number}. **{given.plan.title.markdown}** {badge}", width="stretch")
            if given.state == "open":
                _state_button(given, rights, "closed", _("Close"), "stop")
            else:
                label = _("Open") if given.state == "draft" else _("Open again")
                _state_button(given, rights, "open", label, "play_arrow")
            if given.state == "draft":
                st.button(
                    _("Delete"), key=f"delete_round_{given.id}", type="tertiary", on_click=_delete, args=(rights, given)
                )
        if given.state != "draft":
            _switches(given, rights)


def _state_button(given: Round, rights: Rights, state: RoundState, label: str, icon: str) -> None:
    key = f"{state}_round_{given.id}"
    st.button(label, key=key, icon=f":material/{icon}:", on_click=_set_state, args=(rights, given.id, state))


@frame.callback
def _set_state(rights: Rights, round_id: str, state: RoundState) -> None:
    session.store().rounds.set_state(*rights, round_id, state)


@frame.callback
def _delete(rights: Rights, given: Round) -> None:
    session.store().rounds.delete(*rights, given.id)


def _switches(given: Round, rights: Rights) -> None:
    """What students see."""
    switches = {
        "board_shown": (_("Students see the board"), given.board_shown),
        "test_sealed": (_("Seal the test set"), given.plan.test_sealed),
    }
    if given.plan.question != "none":
        switches["uncovered"] = (_("Results beside the predictions"), given.uncovered)
    helps = {
        "test_sealed": _("While this is on in any round, open or closed, no student of the class sees test figures.")
    }
    with st.container(horizontal=True):
        for name, (label, value) in switches.items():
            key = f"{name}_{given.id}"
            st.session_state[key] = value
            st.toggle(label, key=key, on_change=_switch, args=(rights, given.id, name), help=helps.get(name))


@frame.callback
def _switch(rights: Rights, round_id: str, name: str) -> None:
    change: dict[str, Any] = {name: bool(st.session_state[f"{name}_{round_id}"])}
    session.store().rounds.change(*rights, round_id, **change)


# ---- runs ----------------------------------------------------------------------------------------------------------


def _runs(opened: Class, secret: str) -> None:
    """The runs of the class as a whole."""
    rights = (opened.id, secret)
    st.session_state.update(class_paused=opened.paused, round_only=opened.round_only)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(_("Stop all runs"), key="stop_class", icon=":material/stop:", on_click=stop, args=(rights,))
        st.toggle(
            _("Pause the queue"),
            key="class_paused",
            on_change=_pause,
            args=(rights,),
            help=_("Runs of the class that wait go on waiting; those that train go on."),
        )
        st.toggle(
            _("Only the round trains while it is open"),
            key="round_only",
            on_change=_change_round_only,
            args=(rights,),
            help=_("Students cannot start or resume other runs meanwhile."),
        )


@frame.callback
def stop(rights: Rights, member_id: str | None = None, run_id: str | None = None) -> None:
    """Stop the class's runs that are not over: all, a member's, or one."""
    count = session.store().class_commands.stop(*rights, member_id=member_id, run_id=run_id)
    text = ngettext("{n} run was stopped.", "{n} runs were stopped.", count).format(n=count)
    frame.say_next(text, ":material/stop:")


@frame.callback
def _pause(rights: Rights) -> None:
    session.store().class_commands.pause(*rights, paused=bool(st.session_state["class_paused"]))


@frame.callback
def _change_round_only(rights: Rights) -> None:
    session.store().classes.change(*rights, round_only=bool(st.session_state["round_only"]))


def about_member(member: Member, rights: Rights) -> None:
    """What may be done about the runs of one member."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            _("Stop the runs of this student"),
            key="stop_member",
            icon=":material/stop:",
            on_click=stop,
            args=(rights, member.id),
        )
        current = session.store().rounds.open_of(rights[0])
        if current is not None and current.plan.runs_each is not None:
            st.number_input(_("More runs"), 1, 50, 1, key="more_runs", width=120)
            st.button(
                _("Give more runs"), key="give_more_runs", on_click=_give_more, args=(rights, current.id, member.id)
            )


@frame.callback
def _give_more(rights: Rights, round_id: str, member_id: str) -> None:
    more = int(st.session_state.get("more_runs") or 1)
    session.store().rounds.give_more_runs(*rights, round_id, member_id, more)
