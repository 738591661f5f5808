"""What the other parts of the store ask about classes within a transaction: whose a student is, and whether he may train."""

from __future__ import annotations

import sqlalchemy as sa

from mnist_core.errors import LimitError
from mnist_core.messages import N_
from mnist_core.store.tables import classes, members, teachers

# Built once: each new run asks.
_IS_IN = sa.and_(members.c.removed.is_(False), members.c.merged_into.is_(None))
_STUDENT: sa.BindParameter[str] = sa.bindparam("student")
_CLASS = (
    sa.union_all(
        sa.select(members.c.class_id, members.c.joined_order).where(members.c.student == _STUDENT, _IS_IN),
        sa.select(teachers.c.class_id, teachers.c.joined_order).where(teachers.c.student == _STUDENT),
    )
    .order_by(sa.desc("joined_order"))
    .limit(1)
)
_MEMBERS_ONLY = sa.select(sa.literal(1)).select_from(classes).where(classes.c.members_only).limit(1)


def class_of(connection: sa.Connection, student: str) -> str | None:
    """The class that the student joined last, or whose console he opened; None: he is in none."""
    return connection.execute(_CLASS, {"student": student}).scalar()


def check_member(connection: sa.Connection, student: str) -> None:
    """See that the student may train: anybody, unless a class wants the server for members. Raises LimitError."""
    if connection.execute(_MEMBERS_ONLY).first() and class_of(connection, student) is None:
        raise LimitError(
            N_("Only members of a class train on this server now. Enter your class's code on the Home page.")
        )
