"""What a class did in a round as a report: the board, predictions beside outcomes, all curves, a table of all runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mnist_core import comparison, escape
from mnist_core.classroom_page import board_figure, predictions_figure
from mnist_core.classroom_page import results_figure as charts
from mnist_core.classroom_page.board_figure import BoardLook
from mnist_core.classroom_page.results_figure import NamedRun, Setting
from mnist_core.diagnostics import zones
from mnist_core.escape import UserText
from mnist_core.exchange import StudentRun
from mnist_core.figures.axes import ChartView
from mnist_core.messages import ACCURACY
from mnist_core.panels.reports.blocks import prediction_text
from mnist_core.records import Curves, Run, Split
from mnist_core.report import Cell, Chart, Column, Facts, Paragraph, Part, Quote, Report, Section, Table, Words
from mnist_core.rounds import Question, Round, RoundRun
from mnist_core.ui import names
from mnist_core.ui.texts import _, language

Figure = dict[str, Any]
MOST_CURVES = 300  # lines in a chart: a browser takes a second for them


@dataclass(frozen=True, eq=False)
class RoundResults:
    """What is told of a round. `date`: as it is to be read."""

    class_name: UserText
    given: Round
    date: str
    rows: Sequence[tuple[StudentRun, Curves]]
    test_shown: bool
    answers: Sequence[Mapping[str, str]] = ()  # of a round that is a lesson: a row for each student, as it was typed

    @property
    def title(self) -> UserText:
        """The round's number and title."""
        return escape.joined(". ", str(self.given.number), self.given.plan.title)

    @property
    def free(self) -> Sequence[str]:
        """The settings that students could move."""
        return list(self.given.plan.varied)

    @property
    def runs(self) -> list[RoundRun]:
        """The runs as the board has them."""
        students = {
            nickname: number for number, nickname in enumerate(dict.fromkeys(row.nickname for row, _ in self.rows))
        }
        return [
            RoundRun(row.run, curves, row.nickname, students[row.nickname], zones.trial(row.run, curves).unstable)
            for row, curves in self.rows
        ]


def report(results: RoundResults) -> Report:
    """The report, in the language of the session."""
    rows = results.rows
    sections = [Section(_("The round"), _about(results))]
    if rows:
        across = _across(results)
        runs = [NamedRun(row.nickname.plain, row.run, curves) for row, curves in rows]
        sections += [
            Section(_("Board"), [_board(results)]),
            *([Section(_("Predictions"), found)] if (found := _predictions(results)) else []),
            Section(_("Curves"), _curves_of(runs, across)),
            Section(_("All runs"), [_table(results)], new_page=True),
        ]
    if results.answers:
        sections.append(Section(_("Answers"), [_answers(results.answers)], new_page=True))
    lead: list[Words] = [results.class_name, results.date]
    return Report(results.title, language(), sections, lead)


def _about(results: RoundResults) -> list[Part]:
    runs = [row.run for row, _curves in results.rows]
    students = len({row.nickname for row, _curves in results.rows})
    facts: list[tuple[Words, Words]] = [
        (_("Students with runs"), f"{students:,}"),
        (_("Runs"), f"{len(runs):,}"),
        (
            _("Set freely"),
            names.headline(", ".join(_(comparison.NAMES[name]) for name in results.free)) or _("nothing"),
        ),
    ]
    if runs:
        facts.append((_("The same for all"), names.but_the_rate(runs[0].config) if _alike(runs) else "–"))
    parts: list[Part] = (
        [Quote(results.given.plan.instruction, formatted=True)] if results.given.plan.instruction else []
    )
    parts.append(Facts(facts))
    if not runs:
        parts.append(Paragraph(_("Nobody has trained in this round.")))
    return parts


def _alike(runs: Sequence[Run]) -> bool:
    return set(comparison.differing(runs)) <= {"learning_rate", "rate_changes", *comparison.SEEDS}


# ---- charts ----------------------------------------------------------------------------------------------------


def _chart(make: Callable[[ChartView], Figure], description: str, height: int = 420) -> Chart:
    return Chart(make(ChartView(dark=False)), make(ChartView(dark=True)), description, height)


def _across(results: RoundResults) -> str:
    """The setting along the board's axis: of those that were free, and of all others, the first that differs."""
    differing = comparison.differing([row.run for row, _curves in results.rows])
    told = [name for name in differing if name not in (*comparison.SEEDS, "rate_changes")]
    return next((name for name in (*results.free, *told) if name in told), "learning_rate")


def _setting(name: str, runs: Sequence[NamedRun]) -> Setting:
    values = [comparison.setting(one.run, name) for one in runs]
    places = [comparison.position(name, value) for value in values]
    known = [place for place in places if place is not None]
    title = names.setting(name)
    if len(known) < len(places):
        words = sorted({names.value(value) for value in values})
        ticks = tuple((float(place), word) for place, word in enumerate(words))
        return Setting(title, tuple(float(words.index(names.value(value))) for value in values), ticks)
    return Setting(title, tuple(known), log=name in comparison.LOG_SCALED and min(known, default=0) > 0)


def _split(runs: Sequence[NamedRun]) -> Split:
    """The images that runs are judged by: of validation where any run kept some, else those of training."""
    return "validation" if any(one.run.config.validation_size for one in runs) else "train"


def _board(results: RoundResults) -> Chart:
    """The board with all runs, as the class has seen it."""
    plan, runs = results.given.plan, results.runs
    across = next(iter(board_figure.settings_across(plan)), "")

    def make(view: ChartView) -> Figure:
        look = BoardLook(which="all", across=across, dark=view.dark)
        return board_figure.points_chart(plan, results.given.id, runs, look, _, names.term, width=board_figure.NARROW)

    return _chart(make, board_figure.describe_points(runs, BoardLook(which="all")).text(_), 480)


def _curves_of(runs: Sequence[NamedRun], across: str) -> list[Part]:
    """All curves; of very many runs, which no browser draws at once, each student's best."""
    shown = runs if len(runs) <= MOST_CURVES else _best_of_each(runs)[:MOST_CURVES]
    split, setting = _split(runs), _setting(across, shown)
    text = _(
        "Each line is a run. Point at a line to read whose it is; brighter colors are higher values of “{setting}”."
    ).format(setting=setting.name)
    if len(shown) < len(runs):
        more = _("There are many runs: shown is the best of each student.")
        text = f"{text} {more}"
    return [
        Paragraph(text),
        _chart(lambda view: charts.curves_chart(shown, setting, "loss", split, view, _), text),
        _chart(lambda view: charts.curves_chart(shown, setting, "accuracy", split, view, _), text),
    ]


def _best_of_each(runs: Sequence[NamedRun]) -> list[NamedRun]:
    best: dict[str, NamedRun] = {}
    for one in runs:
        if one.name not in best or _best(one.run) > _best(best[one.name].run):
            best[one.name] = one
    return list(best.values())


def _best(run: Run) -> float:
    """The best validation accuracy of a run, 0 to 1; -1 where it has none."""
    value = run.result.get("best_validation_accuracy")
    return float(value) if isinstance(value, int | float) and np.isfinite(value) else -1.0


def _predictions(results: RoundResults) -> list[Part]:
    """What was expected of runs, beside what came of them."""
    if all(row.run.prediction is None for row, _curves in results.rows):
        return []
    # Where the round asks nothing, some may have predicted all the same, of a run of theirs.
    plan = results.given.plan
    question: Question = "outcome" if plan.question == "none" else plan.question

    def make(view: ChartView) -> Figure:
        look = BoardLook(dark=view.dark)
        asked = replace(plan, question=question)
        return predictions_figure.predictions_chart(asked, results.given.id, results.runs, look, _, uncovered=True)

    text = (
        _("How often each was predicted, and what the sweeps came to.")
        if plan.kind == "sweep"
        else _("How often each outcome was predicted, and how those runs ended.")
    )
    return [_chart(make, text, 380)]


# ---- the table -------------------------------------------------------------------------------------------------


def _table(results: RoundResults) -> Table:
    """What differs between the runs and what came of them; the best first."""
    rows = sorted((row for row, _curves in results.rows), key=_rank)
    differing = comparison.differing([row.run for row in rows], unused=True)
    settings = [
        name for name in comparison.NAMES if name in differing and (name not in comparison.SEEDS or len(differing) < 4)
    ]
    results_of = [
        ("best_validation_accuracy", _("Best validation accuracy")),
        ("validation_accuracy", _("Validation accuracy")),
        *([("test_accuracy", _("Test accuracy"))] if results.test_shown else []),
    ]
    columns = [
        Column(_("Nickname")),
        *(Column(names.setting(name)) for name in settings),
        Column(_("Prediction")),
        Column(_("State")),
        Column(_("Health check")),
        *(Column(title, ACCURACY) for _name, title in results_of),
        Column(_("Seconds"), ",.1f"),
    ]
    cells = [
        [
            row.nickname,
            *(_value(comparison.setting(row.run, name)) for name in settings),
            prediction_text(row.run),
            _(names.STATES[names.state(row.run)]),
            names.verdict(row.run) or None,
            *(row.run.result.get(name) for name, _title in results_of),
            row.run.progress.seconds,
        ]
        for row in rows
    ]
    return Table(_("All runs of the round, the best first. Press a column’s title to sort by it."), columns, cells)


def _answers(rows: Sequence[Mapping[str, str]]) -> Table:
    """Where each student is in the lesson, and what he answered."""
    columns = [Column(UserText(name)) for name in rows[0]]
    caption = _("Where each student is in the lesson, and the answers. In brackets: how often one tried.")
    return Table(caption, columns, [[UserText(value) for value in row.values()] for row in rows])


def _rank(row: StudentRun) -> tuple[float, str, str]:
    return -_best(row.run), row.nickname.plain, row.run.id


def _value(value: Any) -> Cell:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return names.value(value)
