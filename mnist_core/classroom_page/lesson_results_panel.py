"""Of a round that is a lesson: who is where, how each question was answered, and all answers as a table to take along."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from mnist_core import escape
from mnist_core.classroom_page import class_link
from mnist_core.lessons.schema import Block, QuestionBlock
from mnist_core.panels import course, lesson_answers
from mnist_core.records import LessonAnswer, StudentInLesson
from mnist_core.rounds import Round
from mnist_core.ui import download, frame, session
from mnist_core.ui.texts import _

Cells = dict[str, str]


def draw(class_id: str, secret: str, given: Round) -> None:
    """The table of the class, which follows what students do."""
    frame.fragment(_table)(class_id, secret, given)


def _table(class_id: str, secret: str, given: Round) -> None:
    class_link.draw(class_id, f"answers_link_{given.id}")
    students = session.store().lessons.of_class(class_id, secret, given.plan.lesson)
    blocks = _blocks(given)
    begun = [one for one in students if one.progress is not None]
    finished = sum(one.progress.finished for one in begun if one.progress is not None)
    text = _("Begun: {begun} of {all}. Finished: {finished}.")
    st.markdown(text.format(begun=len(begun), all=len(students), finished=finished))
    rows = [_row(one, blocks) for one in students]
    st.dataframe(pd.DataFrame([_shown(row) for row in rows]), hide_index=True, width="stretch")
    _questions(students, blocks)
    download.button(
        _("Answers as CSV"),
        lambda: answers_csv(rows),
        f"mnist-lab-round-{given.number}-answers.csv",
        key=f"answers_{given.id}",
        icon=":material/table:",
    )


def _blocks(given: Round) -> list[Block]:
    entry = course.find(given.plan.lesson)
    if entry is None or entry.lesson is None:
        return []
    return [block for block in entry.lesson.blocks if lesson_answers.asks(block)]


def _row(student: StudentInLesson, blocks: Sequence[Block]) -> Cells:
    row = {_("Nickname"): student.nickname.plain, _("Where"): _where(student)}
    for block in blocks:
        answer = student.answers.get(block.name)
        row[block.name] = "" if answer is None else _answer(block, answer)
    return row


def _where(student: StudentInLesson) -> str:
    progress = student.progress
    if progress is None:
        return _("not begun")
    if progress.finished:
        return _("finished")
    return _("Step {n} of {all}").format(n=progress.place + 1, all=progress.steps)


def _answer(block: Block, answer: LessonAnswer) -> str:
    words = lesson_answers.in_words(block, answer.value)
    if answer.is_right is None:
        return words
    mark = "✓" if answer.is_right else "✗"
    return f"{mark} {words}" + (f" ({answer.tries})" if answer.tries > 1 else "")


def _questions(students: Sequence[StudentInLesson], blocks: Sequence[Block]) -> None:
    """How many have found the right answer of each question."""
    for block in blocks:
        if not isinstance(block, QuestionBlock):
            continue
        answers = [answer for one in students if (answer := one.answers.get(block.name)) is not None]
        if answers:
            right = sum(bool(answer.is_right) for answer in answers)
            first = sum(bool(answer.is_right) and answer.tries == 1 for answer in answers)
            text = _("{question}: right {right} of {all}, at the first try {first}")
            st.caption(text.format(question=block.ask, right=right, all=len(answers), first=first))


def answers(class_id: str, secret: str, given: Round) -> list[Cells]:
    """A row for each student; none where the round is no lesson."""
    if given.plan.kind != "lesson":
        return []
    blocks = _blocks(given)
    return [_row(one, blocks) for one in session.store().lessons.of_class(class_id, secret, given.plan.lesson)]


def _shown(row: Mapping[str, str]) -> Cells:
    return {escape.plain(name): escape.cell(value) for name, value in row.items()}


def answers_csv(rows: Sequence[Mapping[str, str]]) -> bytes:
    """The table as CSV, with a byte order mark, or Excel would lose Korean; no cell is a formula."""
    content = io.StringIO()
    writer = csv.writer(content)
    if rows:
        writer.writerow([escape.cell(name) for name in rows[0]])
    writer.writerows([[escape.cell(value) for value in row.values()] for row in rows])
    return content.getvalue().encode("utf-8-sig")
