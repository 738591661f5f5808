"""What several reports are made of: charts on both grounds, settings, tables of runs, predictions, notes, the whole with its name.

Everything is in the language that is spoken just now, and of runs as `ui/watch.py` hands them out: without test figures where
these are sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from mnist_core import comparison
from mnist_core.diagnostics import predictions
from mnist_core.escape import NOTHING, UserText
from mnist_core.figures.axes import ChartView
from mnist_core.messages import ACCURACY
from mnist_core.panels.predictions import WORDS, in_words
from mnist_core.records import Run
from mnist_core.report import Blank, Cell, Chart, Column, Facts, Part, Quote, Report, Section, Table, Words
from mnist_core.ui import names, seal
from mnist_core.ui.texts import _, language

Figure = dict[str, Any]
NAME_LETTERS = 80  # of the name on a report


def whole(title: Words, sections: Sequence[Section], lead: Sequence[Words] = ()) -> Report:
    """A report with these sections, with a line for a student's name."""
    return named(Report(title, language(), sections, lead), NOTHING)


def named(report: Report, name: UserText) -> Report:
    """The report with a student's name; without one there is a line to write it on."""
    return replace(report, blanks=[Blank(_("Name"), name)])


def chart(make: Callable[[ChartView], Figure], description: str, height: int = 420) -> Chart:
    """A chart on light and on dark ground."""
    return Chart(
        make(ChartView(splits=seal.splits())), make(ChartView(splits=seal.splits(), dark=True)), description, height
    )


# ---- settings --------------------------------------------------------------------------------------------------


def settings(runs: Sequence[Run], *, without: Iterable[str] = ()) -> Facts:
    """The settings that are the same in all of these runs and that they make use of."""
    left_out = {*comparison.differing(runs, unused=True), *without}
    values = {name: comparison.setting(runs[0], name) for name in comparison.NAMES if name not in left_out}
    return Facts(
        [(names.setting(name), names.value(value)) for name, value in values.items() if value not in (None, ())]
    )


def differences(runs: Sequence[Run]) -> str:
    """How the settings of two or more runs differ, in a sentence."""
    differing = comparison.differing(runs)
    if len(runs) == 2:
        values = {name: tuple(names.value(comparison.setting(run, name)) for run in runs) for name in differing}
        return comparison.in_words(runs[0], runs[1], values).text(_)  # type: ignore[arg-type]
    listed = ", ".join(_(comparison.NAMES[name]) for name in differing)
    return _("They differ in: {settings}.").format(settings=listed) if differing else _("All have the same settings.")


# ---- predictions and notes -------------------------------------------------------------------------------------


def prediction_text(run: Run) -> str | None:
    """What was predicted of a run of a class: a word, a percentage, or a rate; of all runs of a sweep together it says so."""
    if run.prediction is None:
        return None
    said = in_words(run.prediction)
    return said if run.group is None else _("of the sweep: {said}").format(said=said)


def outcome_text(run: Run) -> str | None:
    """What came of a run, in the words of predictions; None where it shows nothing."""
    outcome = predictions.observed(run)
    return None if outcome is None else _(WORDS[outcome])


def notes(runs: Sequence[Run]) -> list[Section]:
    """What the student wrote on the runs; no section where that is nothing."""
    parts: list[Part] = []
    for title, run in zip(names.run_titles(runs), runs, strict=True):
        if run.note:
            parts += [Facts([(_("Run"), title)])] if len(runs) > 1 else []
            parts.append(Quote(run.note))
    return [Section(_("Notes"), parts)] if parts else []


# ---- a table of runs -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Row:
    """A run in a table: what it is called there, and what else is said of it."""

    title: Words
    run: Run
    also: Sequence[Cell] = ()


def run_table(
    caption: str, first: str, rows: Sequence[Row], *, also: Sequence[Column] = (), without: Iterable[str] = ()
) -> Table:
    """What differs between the runs, what was predicted of them and what came of them, in the order of `rows`.

    `first`: the head of the first column; `also`: those of what rows say besides; `without` these settings.
    """
    settings_shown = _differing([row.run for row in rows], {*without})
    predicted = any(row.run.own_prediction for row in rows)
    figures = [
        ("best_validation_accuracy", _("Best validation accuracy")),
        ("validation_accuracy", _("Validation accuracy")),
        *([("test_accuracy", _("Test accuracy"))] if not seal.sealed() else []),
    ]
    columns = [
        Column(first),
        *also,
        *(Column(names.setting(name)) for name in settings_shown),
        *([Column(_("Prediction")), Column(_("Outcome"))] if predicted else []),
        Column(_("State")),
        Column(_("Health check")),
        *(Column(title, ACCURACY) for _name, title in figures),
        Column(_("Seconds"), ",.1f"),
    ]
    cells = [
        [
            row.title,
            *row.also,
            *(_value(comparison.setting(row.run, name)) for name in settings_shown),
            *(
                [in_words(row.run.own_prediction) if row.run.own_prediction else None, outcome_text(row.run)]
                if predicted
                else []
            ),
            _(names.STATES[names.state(row.run)]),
            names.verdict(row.run) or None,
            *(row.run.result.get(name) for name, _title in figures),
            row.run.progress.seconds,
        ]
        for row in rows
    ]
    return Table(caption, columns, cells)


def _differing(runs: Sequence[Run], without: set[str]) -> list[str]:
    """The settings that have a column: those that differ."""
    return [name for name in comparison.differing(runs, unused=True) if name not in without]


def _value(value: Any) -> Cell:
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return names.value(value)
