"""How far students are in lessons and what they answered there: each sees and changes his own; the teacher of a class sees what
its members did in a lesson that was given to it."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from mnist_core.errors import LessonRefusedError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.records import LessonAnswer, LessonPlace, LessonProgress, StudentInLesson
from mnist_core.store.class_rows import IS_IN, for_teacher
from mnist_core.store.database import Part, next_order
from mnist_core.store.lesson_rows import check_names, given_class, own, tell, to_answer, to_progress
from mnist_core.store.rows import insert_into
from mnist_core.store.tables import lesson_answers, lesson_progress, members

LESSONS = 300  # of a student, of which something is kept
ANSWERS = 300  # of a student in a lesson
ANSWER_LETTERS = 5_000  # of an answer, as JSON without escapes
STEPS = 1_000


class Lessons(Part):
    """Progress and answers in lessons; a part of `Store`."""

    def progress(self, student: str) -> dict[str, LessonProgress]:
        """How far the student is, by lesson; those that were looked at last first."""
        query = sa.select(lesson_progress).where(lesson_progress.c.student == student)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.order_by(lesson_progress.c.changed_order.desc()))
            return {row.lesson: to_progress(row) for row in rows}

    def state(self, student: str, lesson: str) -> tuple[LessonProgress | None, dict[str, LessonAnswer]]:
        """How far the student is in the lesson (None: not begun), and what he answered, by block."""
        with self.database.begin(write=False) as connection:
            row = connection.execute(
                sa.select(lesson_progress).where(own(lesson_progress, student, lesson))
            ).one_or_none()
            rows = connection.execute(sa.select(lesson_answers).where(own(lesson_answers, student, lesson)))
            answers = {one.block: answer for one in rows if (answer := to_answer(one)) is not None}
        return None if row is None else to_progress(row), answers

    def go_to(self, student: str, lesson: str, place: int, steps: int, *, finished: bool = False) -> None:
        """Keep that the student is at the step `place` of so many; once finished it stays so. Raises LessonRefusedError."""
        if not 0 <= place < steps <= STEPS:
            raise LessonRefusedError(N_("There is no such place in a lesson."))
        with self.database.begin() as connection:
            order = _begin(connection, student, lesson, told=True)
            reached = sa.case((lesson_progress.c.reached > place, lesson_progress.c.reached), else_=place)
            change: dict[str, Any] = {"place": place, "reached": reached, "steps": steps, "changed_order": order}
            if finished:
                change["finished"] = True
            connection.execute(sa.update(lesson_progress).where(own(lesson_progress, student, lesson)).values(change))

    def answer(
        self,
        student: str,
        place: LessonPlace,
        content: str,
        value: Any,
        *,
        given: bool,
        is_right: bool | None = None,
    ) -> None:
        """Keep what the student says in a block; `given` False: it is half-written. `content` and `value` as in LessonAnswer.

        Raises LessonRefusedError where it is too long, or there are too many.
        """
        text = json.dumps(value, ensure_ascii=False)
        if len(text) > ANSWER_LETTERS:
            raise LessonRefusedError(
                N_("This answer is too long: at most {most} letters are kept."), most=ANSWER_LETTERS
            )
        check_names(*place)
        with self.database.begin() as connection:
            _begin(connection, student, place.lesson, told=given)
            is_it = sa.and_(own(lesson_answers, student, place.lesson), lesson_answers.c.block == place.block)
            before = connection.execute(sa.select(lesson_answers).where(is_it)).one_or_none()
            if before is None:
                _check_count(connection, student, place.lesson)
            row = {
                "student": student,
                **place._asdict(),
                "content": content[:16],
                "value": text,
                "given": given,
                "is_right": is_right if given else None,
                "tries": (before.tries if before is not None and before.content == content else 0) + given,
            }
            statement = insert_into(connection, lesson_answers).values(row)
            connection.execute(statement.on_conflict_do_update(index_elements=[*lesson_answers.primary_key], set_=row))

    def forget(self, student: str, lesson: str) -> None:
        """Begin the lesson anew: no progress and no answers. Its runs stay."""
        with self.database.begin() as connection:
            tell(connection, given_class(connection, student, lesson))
            for table in (lesson_answers, lesson_progress):
                connection.execute(sa.delete(table).where(own(table, student, lesson)))

    def of_class(self, class_id: str, secret: str, lesson: str) -> list[StudentInLesson]:
        """The members of the class in the lesson, by nickname, those too who have not begun. Raises NotTeacherError."""
        with self.database.begin(write=False) as connection:
            for_teacher(connection, class_id, secret)
            in_class = sa.and_(members.c.class_id == class_id, IS_IN)
            found = connection.execute(sa.select(members).where(in_class).order_by(members.c.nickname_key)).all()
            seen = sa.and_(lesson_progress.c.class_id == class_id, lesson_progress.c.lesson == lesson)
            progress = {row.student: row for row in connection.execute(sa.select(lesson_progress).where(seen))}
            answers = _given_answers(connection, list(progress), lesson)
        return [
            StudentInLesson(
                UserText(row.nickname),
                to_progress(progress[row.student]) if row.student in progress else None,
                answers.get(row.student, {}),
            )
            for row in found
        ]


def _begin(connection: sa.Connection, student: str, lesson: str, *, told: bool) -> int:
    """See that there is a row for the student in the lesson, and lock it; `told`: the class whose teacher may see it hears of it.

    Returns the next number of the store's sequence. Class and sequence are locked first, as everywhere. Raises LessonRefusedError.
    """
    check_names(lesson)
    class_id = given_class(connection, student, lesson)
    if told:
        tell(connection, class_id)
    order = next_order(connection)
    is_own = own(lesson_progress, student, lesson)
    row = connection.execute(sa.select(lesson_progress.c.class_id).where(is_own).with_for_update()).one_or_none()
    if row is None:
        count = sa.select(sa.func.count()).select_from(lesson_progress).where(lesson_progress.c.student == student)
        if connection.execute(count).scalar_one() >= LESSONS:
            raise LessonRefusedError(N_("You have begun {most} lessons already. Begin one of them anew."), most=LESSONS)
        values = {"student": student, "lesson": lesson, "class_id": class_id, "changed_order": order}
        connection.execute(insert_into(connection, lesson_progress).values(values).on_conflict_do_nothing())
    elif class_id is not None and row.class_id != class_id:
        connection.execute(sa.update(lesson_progress).where(is_own).values(class_id=class_id))
    return order


def _check_count(connection: sa.Connection, student: str, lesson: str) -> None:
    count = sa.select(sa.func.count()).select_from(lesson_answers).where(own(lesson_answers, student, lesson))
    if connection.execute(count).scalar_one() >= ANSWERS:
        raise LessonRefusedError(N_("At most {most} answers of a lesson are kept."), most=ANSWERS)


def _given_answers(
    connection: sa.Connection, students: list[str], lesson: str
) -> Mapping[str, dict[str, LessonAnswer]]:
    given = sa.and_(lesson_answers.c.lesson == lesson, lesson_answers.c.student.in_(students), lesson_answers.c.given)
    found: dict[str, dict[str, LessonAnswer]] = defaultdict(dict)
    for row in connection.execute(sa.select(lesson_answers).where(given)):
        if (answer := to_answer(row)) is not None:
            found[row.student][row.block] = answer
    return found
