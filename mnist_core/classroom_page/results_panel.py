"""What is kept of a round: the report, a table of all runs, the runs themselves. Made when it is asked for, if the store allows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import streamlit as st

from mnist_core import escape, exchange
from mnist_core.class_records import Class
from mnist_core.classroom_page import class_link, lesson_results_panel, round_report
from mnist_core.escape import UserText
from mnist_core.exchange import RUNS_PER_BUNDLE, StudentRun
from mnist_core.records import Curves
from mnist_core.report import written
from mnist_core.rounds import Round
from mnist_core.ui import download, frame, names, seal, session, times, watch
from mnist_core.ui.texts import _, ngettext

Rows = list[tuple[StudentRun, Curves]]


def draw(opened: Class, secret: str) -> None:
    """The rounds of the class to choose from, and what there is to take of one."""
    rounds = {one.id: one for one in reversed(session.store().rounds.given(opened.id))}
    if st.session_state.get("results_of") not in rounds:
        st.session_state["results_of"] = next(iter(rounds), None)
    class_link.draw(opened.id, "results_link", runs=True, round_id=st.session_state["results_of"])
    if not rounds:
        return
    with st.expander(_("Results of a round"), icon=":material/download:"):
        chosen = st.selectbox(
            _("Round"), list(rounds), format_func=lambda one: _title(rounds[one]).plain, key="results_of", width=500
        )
        frame.safely(_files)(opened, secret, rounds[chosen])


def _title(given: Round) -> UserText:
    return escape.joined(". ", str(given.number), given.plan.title)


def _files(opened: Class, secret: str, given: Round) -> None:
    if given.plan.kind == "lesson":
        lesson_results_panel.draw(opened.id, secret, given)
    runs = session.store().class_results.of_round(opened.id, secret, given.id)
    students = len({one.nickname for one in runs})
    said = ngettext("{n} run", "{n} runs", len(runs)).format(n=f"{len(runs):,}")
    st.caption(_("{runs}, students with runs: {students}").format(runs=said, students=students))
    if given.plan.kind == "lesson":
        st.caption(_("These files have the runs. What students answered is in **Answers as CSV**, above."))
    rows = partial(_rows, opened.id, secret, given)
    with st.container(horizontal=True):
        _download(
            given,
            _("Report as one HTML file"),
            "html",
            lambda: _report(opened, given, rows()),
            ":material/article:",
            _(
                "Board, predictions, curves and all runs. It opens without a server and without a network, and can be printed."
            ),
        )
        _download(
            given,
            _("Table as CSV"),
            "csv",
            lambda: exchange.runs_csv([row for row, _curves in rows()]),
            ":material/table:",
            _("For Excel and other spreadsheets: a row for each run."),
        )
        _download(
            given,
            _("Table as Parquet"),
            "parquet",
            lambda: exchange.runs_parquet([row for row, _curves in rows()]),
            ":material/table:",
            _("The same for a notebook, with the types of its numbers."),
        )
        for first in range(0, len(runs), RUNS_PER_BUNDLE):
            last = min(first + RUNS_PER_BUNDLE, len(runs))
            label = _("All runs as one zip") if len(runs) <= RUNS_PER_BUNDLE else _("Runs {first}–{last} as a zip")
            _download(
                given,
                label.format(first=first + 1, last=last),
                f"{first}.zip" if first else "zip",
                partial(_zip, rows, first),
                ":material/folder_zip:",
                _(
                    "Runs that are over, without weights. Import the zip on the Compare page, here or in another installation."
                ),
            )


def _download(given: Round, label: str, ending: str, make: Callable[[], bytes], icon: str, help: str) -> None:
    key = f"results_{ending.replace('.', '_')}_{given.id}"
    download.button(label, make, f"mnist-lab-round-{given.number}.{ending}", key=key, icon=icon, help=help)


def _rows(class_id: str, secret: str, given: Round) -> Rows:
    """The round's runs; without test figures while these are sealed, for the class or in this browser."""
    found = session.store().class_results.of_round(class_id, secret, given.id)
    with seal.seen(sealed=given.plan.test_sealed or seal.sealed()):
        views = {view.run.id: view for view in watch.look_at([one.run_id for one in found])}
    return [
        (StudentRun(one.nickname, views[one.run_id].run), views[one.run_id].curves)
        for one in found
        if one.run_id in views
    ]


def _report(opened: Class, given: Round, rows: Rows) -> bytes:
    newest = max((row.run.created_at for row, _curves in rows), default=None)
    results = round_report.RoundResults(
        class_name=opened.name,
        given=given,
        date="" if newest is None else times.day(newest),
        rows=rows,
        test_shown=not (given.plan.test_sealed or seal.sealed()),
    )
    return written(round_report.report(results), _)


def _zip(rows: Callable[[], Rows], first: int) -> bytes:
    """The runs from this one on, as far as one zip goes, called by their students' nicknames."""
    part = rows()[first : first + RUNS_PER_BUNDLE]
    return exchange.packed_runs([(_called(row), curves) for row, curves in part if row.run.state == "finished"])


def _called(row: StudentRun) -> StudentRun:
    name = escape.joined(" · ", row.nickname, names.run_title(row.run))
    return replace(row, run=replace(row.run, name=name))
