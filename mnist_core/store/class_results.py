"""Whose the runs of a class are, for its teacher: those of a round, and those of one member. Each is the store's to tell."""

from __future__ import annotations

import sqlalchemy as sa

from mnist_core.class_records import ClassRun
from mnist_core.escape import UserText
from mnist_core.store.class_rows import for_teacher, member_row
from mnist_core.store.database import Part
from mnist_core.store.round_rows import find_round
from mnist_core.store.rows import as_id
from mnist_core.store.tables import members, runs

_COLUMNS = (runs.c.id, runs.c.round_id, members.c.nickname)


class ClassResults(Part):
    """What came of rounds; a part of `Store`."""

    def of_round(self, class_id: str, secret: str, round_id: str) -> list[ClassRun]:
        """The runs of members in a round, of those too who were removed, in the order of their beginning; none of the teacher's.

        Raises NotTeacherError, RoundError where the class has no such round.
        """
        with self.database.begin(write=False) as connection:
            for_teacher(connection, class_id, secret)
            find_round(connection, round_id, class_id)
            return _found(connection, runs.c.round_id == round_id, members.c.class_id == class_id)

    def of_member(self, class_id: str, secret: str, member_id: str) -> list[ClassRun]:
        """The class's runs of a member, oldest first. Raises NotTeacherError, ClassError where the class has no such member."""
        with self.database.begin(write=False) as connection:
            for_teacher(connection, class_id, secret)
            row = member_row(connection, class_id, member_id)
            return _found(connection, runs.c.class_id == class_id, members.c.id == row.id)

    def standing(
        self, class_id: str, *, round_id: str | None = None, member_id: str | None = None
    ) -> list[tuple[int, int]]:
        """What is others where a run of the class is begun, deleted or over, or what is said of one that is over has changed; of one
        round or member where that is named. One query, small however many runs there are: it tells how many, not whose."""
        is_there = [runs.c.class_id == as_id(class_id), runs.c.soft_deleted_at.is_(None)]
        if round_id is not None:
            is_there.append(runs.c.round_id == round_id)
        if member_id is not None:
            is_there.append(runs.c.owner.in_(sa.select(members.c.student).where(members.c.id == member_id)))
        over = sa.case((runs.c.state == "finished", runs.c.version), else_=0)
        query = sa.select(sa.func.count(), sa.func.sum(over)).where(*is_there)
        query = query.group_by(runs.c.owner, runs.c.state).order_by(runs.c.owner, runs.c.state)
        with self.database.begin(write=False) as connection:
            return [(count, int(versions)) for count, versions in connection.execute(query)]


def _found(connection: sa.Connection, *which: sa.ColumnElement[bool]) -> list[ClassRun]:
    is_there = sa.and_(runs.c.soft_deleted_at.is_(None), *which)
    whose = sa.and_(members.c.student == runs.c.owner, members.c.merged_into.is_(None))
    query = sa.select(*_COLUMNS).select_from(runs.join(members, whose)).where(is_there).order_by(runs.c.created_order)
    return [ClassRun(row.id, UserText(row.nickname), row.round_id) for row in connection.execute(query)]
