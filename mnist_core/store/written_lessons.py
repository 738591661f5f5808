"""Lessons that were written or uploaded in a browser, as bytes: whoever knows the id may read one, its owner alone may change it."""

from __future__ import annotations

import secrets

import sqlalchemy as sa

from mnist_core import escape, settings
from mnist_core.errors import LessonRefusedError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.records import WRITTEN, WrittenLesson
from mnist_core.store.class_rows import class_of
from mnist_core.store.database import Part, next_order, wait_for_others
from mnist_core.store.rows import as_id
from mnist_core.store.tables import lesson_answers, lesson_progress, rounds, written_lessons

LESSON_BYTES = 4 * 2**20  # of one lesson with its images
LESSONS_EACH = 30  # of one student
TITLE_LETTERS = 120
_COLUMNS = [column for column in written_lessons.c if column.name != "data"]


class WrittenLessons(Part):
    """Lessons of students and teachers; a part of `Store`."""

    def create(self, owner: str, title: str, data: bytes, lesson_id: str | None = None) -> WrittenLesson:
        """Keep a new lesson. `lesson_id`: 16 random hexadecimal digits (default: new ones); the same twice makes one lesson.

        Raises LessonRefusedError where it is too large, or there are too many.
        """
        lesson_id = lesson_id or secrets.token_hex(8)
        _check_size(data)
        with self.database.begin() as connection:
            wait_for_others(connection)
            if (row := _row(connection, lesson_id)) is not None:
                return _to_lesson(row)
            own = sa.select(sa.func.count()).select_from(written_lessons).where(written_lessons.c.owner == owner)
            if connection.execute(own).scalar_one() >= LESSONS_EACH:
                raise LessonRefusedError(
                    N_("You have {most} lessons of your own already. Delete one of them."), most=LESSONS_EACH
                )
            _check_room(connection, len(data))
            new = {"id": lesson_id, "owner": owner, "created_order": next_order(connection)}
            connection.execute(sa.insert(written_lessons).values(new | _content(title, data)))
            return _found(connection, lesson_id)

    def get(self, lesson_id: str) -> WrittenLesson | None:
        """The lesson without its text; None where there is none. Whoever knows the id may read it."""
        with self.database.begin(write=False) as connection:
            row = _row(connection, lesson_id)
            return None if row is None else _to_lesson(row)

    def data(self, lesson_id: str) -> bytes | None:
        """The lesson's bytes; None where there is none."""
        query = sa.select(written_lessons.c.data).where(written_lessons.c.id == as_id(lesson_id))
        with self.database.begin(write=False) as connection:
            return connection.execute(query).scalar()

    def of_owner(self, owner: str) -> list[WrittenLesson]:
        """The owner's lessons, newest first."""
        query = sa.select(*_COLUMNS).where(written_lessons.c.owner == owner)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.order_by(written_lessons.c.created_order.desc())).all()
        return [_to_lesson(row) for row in rows]

    def given_to(self, student: str) -> list[WrittenLesson]:
        """Those that were given to the student's class as rounds, in the order of the rounds."""
        with self.database.begin(write=False) as connection:
            of_class = sa.and_(rounds.c.class_id == class_of(connection, student), rounds.c.state != "draft")
            given = sa.select(rounds.c.lesson).where(of_class, rounds.c.kind == "lesson").order_by(rounds.c.number)
            ids = [name.removeprefix(WRITTEN) for name in dict.fromkeys(connection.execute(given).scalars())]
            rows = connection.execute(sa.select(*_COLUMNS).where(written_lessons.c.id.in_(ids))).all()
        found = {row.id: _to_lesson(row) for row in rows}
        return [found[one] for one in ids if one in found]

    def change(self, lesson_id: str, owner: str, title: str, data: bytes) -> WrittenLesson:
        """Replace one's own lesson. What students answered stays. Raises LessonRefusedError."""
        _check_size(data)
        with self.database.begin() as connection:
            wait_for_others(connection)
            before = _own(connection, lesson_id, owner)
            _check_room(connection, len(data) - before.bytes)
            change = sa.update(written_lessons).where(written_lessons.c.id == before.id)
            connection.execute(change.values(version=before.version + 1, **_content(title, data)))
            return _found(connection, before.id)

    def delete(self, lesson_id: str, owner: str) -> None:
        """Delete one's own lesson, and what everybody answered in it. Raises LessonRefusedError."""
        with self.database.begin() as connection:
            found = _own(connection, lesson_id, owner)
            for table in (lesson_answers, lesson_progress):
                connection.execute(sa.delete(table).where(table.c.lesson == found.lesson))
            connection.execute(sa.delete(written_lessons).where(written_lessons.c.id == found.id))


def _check_size(data: bytes) -> None:
    if len(data) > LESSON_BYTES:
        raise LessonRefusedError(
            N_("A lesson with its images may have at most {most} MB. Use smaller images."), most=LESSON_BYTES >> 20
        )


def _check_room(connection: sa.Connection, more: int) -> None:
    """See that all lessons together have room for so many bytes more."""
    used: int = connection.execute(sa.select(sa.func.coalesce(sa.func.sum(written_lessons.c.bytes), 0))).scalar_one()
    if more > 0 and used + more > settings.limit("MNIST_LAB_LESSON_MB") << 20:
        raise LessonRefusedError(N_("This server has no room for more lessons. Tell the server's administrator."))


def _content(title: str, data: bytes) -> dict[str, object]:
    return {"title": escape.line(title)[:TITLE_LETTERS], "data": data, "bytes": len(data)}


def _row(connection: sa.Connection, lesson_id: str) -> sa.Row[tuple[object, ...]] | None:
    return connection.execute(sa.select(*_COLUMNS).where(written_lessons.c.id == as_id(lesson_id))).one_or_none()


def _found(connection: sa.Connection, lesson_id: str) -> WrittenLesson:
    row = _row(connection, lesson_id)
    assert row is not None
    return _to_lesson(row)


def _own(connection: sa.Connection, lesson_id: str, owner: str) -> WrittenLesson:
    row = _row(connection, lesson_id)
    if row is None or row.owner != owner:
        raise LessonRefusedError(N_("This lesson is no longer here, or it belongs to someone else."))
    return _to_lesson(row)


def _to_lesson(row: sa.Row[tuple[object, ...]]) -> WrittenLesson:
    return WrittenLesson(row.id, row.owner, UserText(row.title), row.bytes, row.version)
