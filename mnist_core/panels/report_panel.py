"""The report that a student takes along, or hands in: a field for his name, and buttons. It is made when one is pressed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import streamlit as st

from mnist_core import escape
from mnist_core.errors import RunNotFoundError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.panels.reports import blocks, comparison_report, run_report, sweep_report
from mnist_core.records import Run
from mnist_core.report import Report, without_script, written
from mnist_core.ui import download, frame, membership, names, session, times, watch
from mnist_core.ui.choice import typed
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _

Make = Callable[[], Report]


def draw(panel: Panel, subject: str, file: str, make: Make) -> None:
    """The field and the button. `subject`: what it is about, in letters and digits; `file`: what its file is called, without `.html`.

    `make` is called when the button is pressed, outside of the session (see `ui/download.py`).
    """
    name = _name(panel, subject)
    download.button(
        _("Report as one HTML file"),
        lambda: _file(make, name),
        f"{file}.html",
        key=panel.key(f"report_{subject}"),
        icon=":material/article:",
        kind="tertiary",
        help=_(
            "Curves, settings, health check, predictions and notes. It opens without a network, and can be printed."
        ),
    )
    if (member := membership.current()) is not None:
        _hand_in_button(panel, subject, make, name, member.member.nickname)


def _hand_in_button(panel: Panel, subject: str, make: Make, name: dict[str, str], nickname: UserText) -> None:
    help = _("Puts the report, as it is now, into your teacher’s list.")
    panel.button(f"hand_in_{subject}", _("Hand in"), "outbox", _hand_in, make, name, nickname, help=help)
    own = session.store().reports.own(session.student())
    if not own:
        return
    text = _("Handed in last: {title}, {moment}").format(
        title=own[0].title.markdown, moment=times.moment(own[0].handed_in_at)
    )
    st.caption(f":material/check: {text}")
    if not own[0].is_open:
        return
    st.caption(_("While the round is open you can hand it in again, which replaces it, or take it back."))
    panel.button(f"take_back_{subject}", _("Take it back"), "undo", _take_back, own[0].id)


@frame.callback
def _take_back(report_id: str) -> None:
    session.store().reports.take_back(session.student(), report_id)


@frame.callback
def _hand_in(make: Make, name: dict[str, str], nickname: UserText) -> None:
    report = make()
    dated = replace(report, lead=[*report.lead, _("Handed in: {moment}").format(moment=times.moment(None))])
    content = written(blocks.named(dated, UserText(name["text"]) or nickname), _)
    title = report.title.plain if isinstance(report.title, UserText) else report.title
    session.store().reports.hand_in(session.student(), title, *without_script(content))


def of_run(panel: Panel, run: Run) -> None:
    """The report of one run."""
    draw(panel, run.id, f"{download.words(names.run_title(run), 'run')}-{run.id}", partial(_run, run.id))


def of_sweep(panel: Panel, sweep_id: str) -> None:
    """The report of a sweep, behind a button as other exports are."""
    with st.popover(_("Export"), icon=":material/download:"):
        draw(panel, sweep_id, f"sweep-{sweep_id}", partial(_sweep, sweep_id))


def of_comparison(panel: Panel, runs: Sequence[Run]) -> None:
    """The report of several runs, behind a button as other exports are."""
    with st.popover(_("Export"), icon=":material/download:"):
        draw(panel, "comparison", "comparison", partial(_comparison, [run.id for run in runs], shown_of_comparison()))


def shown_of_comparison() -> comparison_report.Shown:
    """What the session's comparison shows: who draws its charts changes it, and a report that is made later has it."""
    shown: comparison_report.Shown = st.session_state.setdefault("comparison_shown", comparison_report.Shown())
    return shown


def _name(panel: Panel, subject: str) -> dict[str, str]:
    """The field, and what was typed into it, which is kept for all reports of the session.

    Not the text itself: whoever types it and then presses the button tells both at the same moment.
    """
    name: dict[str, str] = st.session_state.setdefault("report_name", {"text": ""})
    key = panel.key(f"report_name_{subject}")

    def changed() -> None:
        name["text"] = escape.line(typed(st.session_state[key]))[: blocks.NAME_LETTERS]

    st.text_input(
        _("Name on the report"),
        name["text"],
        max_chars=blocks.NAME_LETTERS,
        key=key,
        on_change=changed,
        placeholder=_("Empty: a line to write on"),
    )
    return name


def _file(make: Make, name: dict[str, str]) -> bytes:
    report = make()
    return written(blocks.named(report, UserText(name["text"])), _)


def _run(run_id: str) -> Report:
    return run_report.report(watch.look(run_id))


def _sweep(sweep_id: str) -> Report:
    sweep, views = session.store().sweeps.get(sweep_id), watch.look_at_group(sweep_id)
    if sweep is None or not views:
        raise RunNotFoundError(N_("This sweep was not found. It may have been deleted."))
    return sweep_report.report(sweep, views)


def _comparison(run_ids: Sequence[str], shown: comparison_report.Shown) -> Report:
    return comparison_report.report(watch.look_at(run_ids), shown)
