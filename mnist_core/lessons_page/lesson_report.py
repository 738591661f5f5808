"""A lesson as one HTML file: what the student answered, and the last run of each block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from mnist_core import escape
from mnist_core.escape import UserText
from mnist_core.lessons.schema import (
    Lesson,
    NoteBlock,
    PredictBlock,
    QuestionBlock,
    RangeTestBlock,
    RunBlock,
    SweepBlock,
    Trained,
)
from mnist_core.lessons_page import asking_panel
from mnist_core.lessons_page.asking_panel import Came
from mnist_core.lessons_page.here import Here
from mnist_core.panels import lesson_answers, report_panel
from mnist_core.panels.reports import blocks, comparison_report, run_report, sweep_report
from mnist_core.records import LessonAnswer, Run, SweepRecord
from mnist_core.report import Facts, Part, Quote, Report, Section, Words
from mnist_core.rounds import Free
from mnist_core.ui import download, names, session, times, watch
from mnist_core.ui.panel import Panel
from mnist_core.ui.texts import _


def draw(here: Here, panel: Panel) -> None:
    """The buttons. What they need of the session is read now: the file is made outside of it."""
    answers = {block.name: answer for block in here.lesson.blocks if (answer := here.answer(block.name)) is not None}
    newest = [
        (block, run) for block in here.lesson.blocks if isinstance(block, Trained) and (run := here.newest(block.name))
    ]
    own = Own(
        [run.id for block, run in newest if isinstance(block, RunBlock)],
        [str(run.group) for block, run in newest if isinstance(block, SweepBlock)],
        [run.id for block, run in newest if isinstance(block, RangeTestBlock)],
    )
    file = download.words(UserText(here.lesson.title), "lesson")
    outcomes = {
        block.name: outcome
        for block in here.lesson.blocks
        if isinstance(block, PredictBlock)
        and block.name in answers
        and (outcome := asking_panel.came(here, block, answers[block.name].value)) is not None
    }
    report_panel.draw(panel, "lesson", file, partial(_made, here.lesson, answers, own, outcomes))


@dataclass(frozen=True)
class Own:
    """What a student trained in a lesson, the last of each block: ids of runs, sweeps and range tests."""

    runs: Sequence[str] = ()
    sweeps: Sequence[str] = ()
    range_tests: Sequence[str] = ()


def _made(lesson: Lesson, answers: Mapping[str, LessonAnswer], own: Own, outcomes: Mapping[str, Came]) -> Report:
    sweeps = [(session.store().sweeps.get(sweep_id), watch.look_at_group(sweep_id)) for sweep_id in own.sweeps]
    kept = [(sweep, views) for sweep, views in sweeps if sweep is not None and views]
    return report(lesson, answers, watch.look_at(own.runs), kept, watch.look_at(own.range_tests), outcomes)


def report(
    lesson: Lesson,
    answers: Mapping[str, LessonAnswer],
    views: Sequence[watch.View],
    sweeps: Sequence[tuple[SweepRecord, Sequence[watch.View]]] = (),
    range_tests: Sequence[watch.View] = (),
    outcomes: Mapping[str, Came] | None = None,
) -> Report:
    """The report of a lesson with these answers (by block), runs, sweeps, range tests, and what came of predictions (by block)."""
    came = outcomes or {}
    parts = [part for block in lesson.blocks for part in _said(block, answers.get(block.name), came.get(block.name))]
    sections = [Section(_("Answers"), parts)] if parts else []
    if len(views) == 1:
        sections += run_report.sections(views[0], says_prediction=False, free=_free(lesson, views[0].run))
    elif views:
        sections += comparison_report.sections(views)
    for sweep, of_sweep in sweeps:
        free = _free(lesson, of_sweep[0].run)
        sections += _titled(_("Learning rate sweep"), sweep_report.sections(sweep, of_sweep, free))
    for view in range_tests:
        sections += run_report.health(view, _free(lesson, view.run))
    runs = [view.run for some in (views, range_tests, *(of_sweep for _sweep, of_sweep in sweeps)) for view in some]
    lead: list[Words] = [times.day(max(run.created_at for run in runs))] if runs else []
    return blocks.whole(UserText(lesson.title), sections, lead)


def _free(lesson: Lesson, run: Run) -> Free | None:
    """What the block allows to change in which the run was trained."""
    block = None if run.place is None else lesson.block(run.place.block)
    return block.free if isinstance(block, Trained) else None


def _titled(what: str, sections: Sequence[Section]) -> list[Section]:
    """Sections that say what they are about: others of the report have the same titles."""
    return [replace(section, title=escape.joined(" · ", what, section.title)) for section in sections]


def _said(block: object, answer: LessonAnswer | None, came: Came | None) -> list[Part]:
    if answer is None or not answer.given or not isinstance(block, PredictBlock | QuestionBlock | NoteBlock):
        return []
    words = UserText(lesson_answers.in_words(block, answer.value))
    if isinstance(block, NoteBlock):
        return [Facts([(_asked(block), "")]), Quote(words)]
    rows: list[tuple[Words, Words]] = [(_asked(block), words)]
    if isinstance(block, QuestionBlock) and answer.is_right is not None:
        rows.append((_("Result"), _("Right.") if answer.is_right else _("Not right.")))
    if came is not None:
        rows += _what_came(came)
    return [Facts(rows)]


def _what_came(came: Came) -> list[tuple[Words, Words]]:
    """Which run a prediction was about, and what came of it."""
    verdict = "" if came.right is None else asking_panel.judged(right=came.right)
    texts = [f"{came.words}." if came.words else "", came.off, verdict]
    told = " ".join(text for text in texts if text)
    return [(_("Run"), names.run_title(came.run)), *([(_("Outcome"), told)] if told else [])]


def _asked(block: PredictBlock | QuestionBlock | NoteBlock) -> Words:
    return UserText(escape.without_escapes(block.ask)) if block.ask else _("Prediction")
