"""A lesson as one HTML file: what the student answered, and the last run of each block."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from mnist_core.escape import UserText
from mnist_core.lessons.schema import Lesson, NoteBlock, PredictBlock, QuestionBlock, RunBlock
from mnist_core.lessons_page.here import Here
from mnist_core.panels import lesson_answers
from mnist_core.panels.reports import blocks, comparison_report, run_report
from mnist_core.records import LessonAnswer
from mnist_core.report import Facts, Part, Quote, Report, Section, Words, written
from mnist_core.ui import download, watch
from mnist_core.ui.texts import _


def draw(here: Here) -> None:
    """The button. What it needs of the session is read now: the file is made outside of it."""
    answers = {block.name: answer for block in here.lesson.blocks if (answer := here.answer(block.name)) is not None}
    newest = [run for block in here.lesson.blocks if isinstance(block, RunBlock) and (run := here.newest(block.name))]
    make = partial(_written, here.lesson, answers, [run.id for run in newest])
    file = f"{download.words(UserText(here.lesson.title), 'lesson')}.html"
    download.button(_("Report as one HTML file"), make, file, key="lesson_report", icon=":material/article:")


def _written(lesson: Lesson, answers: Mapping[str, LessonAnswer], run_ids: Sequence[str]) -> bytes:
    return written(report(lesson, answers, watch.look_at(run_ids)), _)


def report(lesson: Lesson, answers: Mapping[str, LessonAnswer], views: Sequence[watch.View]) -> Report:
    """The report of a lesson with these answers (by block) and runs."""
    parts = [part for block in lesson.blocks for part in _said(block, answers.get(block.name))]
    sections = [Section(_("Answers"), parts)] if parts else []
    if len(views) == 1:
        sections += run_report.sections(views[0])
    elif views:
        sections += comparison_report.sections(views)
    lead: list[Words] = [blocks.day(max(view.run.created_at for view in views))] if views else []
    return blocks.whole(UserText(lesson.title), sections, lead)


def _said(block: object, answer: LessonAnswer | None) -> list[Part]:
    if answer is None or not answer.given or not isinstance(block, PredictBlock | QuestionBlock | NoteBlock):
        return []
    words = UserText(lesson_answers.in_words(block, answer.value))
    if isinstance(block, NoteBlock):
        return [Facts([(UserText(block.ask), "")]), Quote(words)]
    rows: list[tuple[Words, Words]] = [(UserText(block.ask) if block.ask else _("Prediction"), words)]
    if answer.is_right is not None:
        rows.append((_("Outcome"), _("Correct.") if answer.is_right else _("Not this time.")))
    return [Facts(rows)]
