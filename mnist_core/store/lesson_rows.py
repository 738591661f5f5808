"""Rows of lessons within a transaction: whose they are, which class's teacher may see them, what names may be."""

from __future__ import annotations

import json
import re
from typing import Any

import sqlalchemy as sa

from mnist_core.errors import LessonRefusedError
from mnist_core.messages import N_
from mnist_core.records import LessonAnswer, LessonPlace, LessonProgress
from mnist_core.store.class_rows import class_of, raise_version
from mnist_core.store.tables import lesson_answers, lesson_progress, rounds

_NAME = re.compile("[a-z0-9][a-z0-9-]{0,63}")


def is_name(text: str) -> bool:
    """Whether a lesson or a block may be called so: small letters, digits and hyphens."""
    return _NAME.fullmatch(text) is not None


def check_names(*names: str) -> None:
    """See that lessons and blocks may be called so. Raises LessonRefusedError."""
    if not all(map(is_name, names)):
        raise LessonRefusedError(N_("There is no such place in a lesson."))


def place_columns(place: LessonPlace | None) -> dict[str, str]:
    """What a run's row has of the lesson in which it is started. Raises LessonRefusedError."""
    if place is None:
        return {}
    check_names(*place)
    return place._asdict()


def given_class(connection: sa.Connection, student: str, lesson: str) -> str | None:
    """The student's class, where the lesson is or was a round of it."""
    class_id = class_of(connection, student)
    given = sa.and_(rounds.c.class_id == class_id, rounds.c.lesson == lesson, rounds.c.state != "draft")
    if class_id is None or not connection.execute(sa.select(rounds.c.id).where(given).limit(1)).first():
        return None
    return class_id


def tell(connection: sa.Connection, class_id: str | None) -> None:
    """Tell the class's console that something of a student's lesson is new."""
    if class_id is not None:
        raise_version(connection, class_id)


def own(table: sa.Table, student: str, lesson: str) -> sa.ColumnElement[bool]:
    """The rows of a student in a lesson."""
    return sa.and_(table.c.student == student, table.c.lesson == lesson)


def to_progress(row: Any) -> LessonProgress:
    """How far a student is, by the row."""
    return LessonProgress(row.place, row.reached, row.steps, row.finished)


def to_answer(row: Any) -> LessonAnswer | None:
    """The answer of a row; None where it is damaged."""
    try:
        return LessonAnswer(row.content, json.loads(row.value), row.given, row.is_right, row.tries)
    except ValueError:
        return None


def merge_lessons(connection: sa.Connection, class_id: str, kept: str, other: str) -> None:
    """What one student did in the lessons of a class is another's from now on, unless that one has begun the lesson, too."""
    begun = sa.select(lesson_progress.c.lesson).where(lesson_progress.c.student == kept)
    theirs = sa.select(lesson_progress.c.lesson).where(
        lesson_progress.c.student == other, lesson_progress.c.class_id == class_id
    )
    lessons = set(connection.execute(theirs).scalars()) - set(connection.execute(begun).scalars())
    for table in (lesson_progress, lesson_answers):
        moved = sa.and_(table.c.student == other, table.c.lesson.in_(lessons))
        connection.execute(sa.update(table).where(moved).values(student=kept))


def forget_class(connection: sa.Connection, class_id: str) -> None:
    """Delete what is kept of a class's members in lessons that were given to it."""
    of_class = lesson_progress.c.class_id == class_id
    for student, lesson in connection.execute(
        sa.select(lesson_progress.c.student, lesson_progress.c.lesson).where(of_class)
    ).all():
        connection.execute(sa.delete(lesson_answers).where(own(lesson_answers, student, lesson)))
    connection.execute(sa.delete(lesson_progress).where(of_class))
