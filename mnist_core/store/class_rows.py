"""Rows of classes and members within a transaction: whose a student is, whether he may train, who is whom."""

from __future__ import annotations

import hmac
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from mnist_core.class_records import Class, Member
from mnist_core.errors import ClassError, LimitError, NotTeacherError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.store import attempts
from mnist_core.store.class_codes import clean_code, hashed, nickname_key
from mnist_core.store.lease import served_seconds
from mnist_core.store.rows import as_id
from mnist_core.store.tables import classes, members, teachers

LIFETIME_DAYS = 60.0  # that the server serves, after which a class goes by itself
IS_IN = sa.and_(members.c.removed.is_(False), members.c.merged_into.is_(None))
# Built once: each new run asks.
_STUDENT: sa.BindParameter[str] = sa.bindparam("student")
_CLASS = (
    sa.union_all(
        sa.select(members.c.class_id, members.c.joined_order).where(members.c.student == _STUDENT, IS_IN),
        sa.select(teachers.c.class_id, teachers.c.joined_order).where(teachers.c.student == _STUDENT),
    )
    .order_by(sa.desc("joined_order"))
    .limit(1)
)
_STUDENTS: sa.BindParameter[Any] = sa.bindparam("students", expanding=True)
_ANY_CLASS = sa.union(
    sa.select(members.c.student).where(members.c.student.in_(_STUDENTS), IS_IN),
    sa.select(teachers.c.student).where(teachers.c.student.in_(_STUDENTS)),
)
_MEMBERS_ONLY = sa.select(sa.literal(1)).select_from(classes).where(classes.c.members_only).limit(1)


def class_of(connection: sa.Connection, student: str) -> str | None:
    """The class that the student joined last, or whose console he opened; None: he is in none."""
    return connection.execute(_CLASS, {"student": student}).scalar()


def in_classes(connection: sa.Connection, students: Collection[str]) -> set[str]:
    """Those of these students who are in some class, as members or as teachers."""
    return set(connection.execute(_ANY_CLASS, {"students": list(students)}).scalars())


def check_member(connection: sa.Connection, student: str) -> None:
    """See that the student may train: anybody, unless a class wants the server for members. Raises LimitError."""
    if connection.execute(_MEMBERS_ONLY).first() and class_of(connection, student) is None:
        raise LimitError(
            N_("Only members of a class train on this server now. Enter your class's code on the Home page.")
        )


def by_code(connection: sa.Connection, code: str, student: str) -> Class | None:
    """The class with the code; None, and the attempt counts, where there is none."""
    slowed = [attempts.cookie(student)]
    attempts.check(connection, slowed)
    row = connection.execute(sa.select(classes).where(classes.c.code == clean_code(code))).one_or_none()
    if row is None:
        attempts.count(connection, slowed)
        return None
    return to_class(connection, row)


def known(found: Class | None) -> Class:
    """The class, where there is one. Raises ClassError."""
    if found is None:
        raise ClassError(N_("No class has this code. Check it: six letters and digits, as the teacher shows them."))
    return found


def for_teacher(connection: sa.Connection, class_id: str, secret: str, *, write: bool = False) -> sa.Row[Any]:
    """The class's row, for whoever has its secret; `write`: nobody else changes it before this transaction ends."""
    query = sa.select(classes).where(classes.c.id == as_id(class_id))
    row = connection.execute(query.with_for_update() if write else query).one_or_none()
    if not hmac.compare_digest(hashed(secret), row.teacher_hash if row is not None else ""):
        raise NotTeacherError(N_("Only the teacher of this class may do this. Open your teacher's link again."))
    assert row is not None
    return row


def to_class(connection: sa.Connection, row: sa.Row[Any]) -> Class:
    """The class of a row, with how many are in it."""
    of_class = sa.select(sa.func.count()).select_from(members).where(members.c.class_id == row.id, IS_IN)
    days = LIFETIME_DAYS - (served_seconds(connection) - row.created_served) / 86_400
    return Class(
        id=row.id,
        name=UserText(row.name),
        code=row.code,
        version=row.version,
        members_only=row.members_only,
        address=row.address,
        members=connection.execute(of_class).scalar_one(),
        days_left=max(0.0, days),
        news=row.news,
        round_only=row.round_only,
        paused=row.paused,
        look_here=row.look_here,
    )


def to_member(row: sa.Row[Any], count: int = 0) -> Member:
    """The member of a row; `count`: of his runs."""
    return Member(row.id, UserText(row.nickname), row.personal_code, row.removed, count)


def merged(connection: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any]:
    """The member that this one was merged into, or this one."""
    if row.merged_into is None:
        return row
    return connection.execute(sa.select(members).where(members.c.id == row.merged_into)).one()


def member_row(connection: sa.Connection, class_id: str, member_id: str) -> sa.Row[Any]:
    """The member of the class, not one that was merged into another. Raises ClassError."""
    is_it = sa.and_(members.c.id == as_id(member_id), members.c.class_id == class_id, members.c.merged_into.is_(None))
    row = connection.execute(sa.select(members).where(is_it)).one_or_none()
    if row is None:
        raise ClassError(N_("This member is no longer in the class."))
    return row


def check_not_removed(row: sa.Row[Any]) -> None:
    """Raises ClassError where the teacher has removed the member."""
    if row.removed:
        raise ClassError(
            N_("The teacher has removed {nickname} from this class. Ask your teacher to let you in again."),
            nickname=row.nickname,
        )


def has_nickname(connection: sa.Connection, class_id: str, nickname: str, but: str = "") -> bool:
    """Whether somebody in the class has it, or one that looks alike; `but`: a member who may."""
    same = sa.and_(
        members.c.class_id == class_id, members.c.nickname_key == nickname_key(nickname), members.c.id != but
    )
    return connection.execute(sa.select(members.c.id).where(same)).first() is not None


def taken(nickname: str) -> ClassError:
    """That somebody has the nickname."""
    return ClassError(
        N_(
            "Somebody in this class is called {nickname}. Choose another nickname, or enter your personal code if it is you."
        ),
        nickname=nickname,
    )


def change_member(connection: sa.Connection, member_id: str, **change: Any) -> None:
    """Change a member's row."""
    connection.execute(sa.update(members).where(members.c.id == member_id).values(change))


def raise_version(connection: sa.Connection, class_id: str, **change: Any) -> bool:
    """Change a class's row, and its version, which tells of every change; locks it until the transaction ends. Whether there is
    one."""
    statement = sa.update(classes).where(classes.c.id == class_id)
    return bool(connection.execute(statement.values(version=classes.c.version + 1, **change)).rowcount)


def raise_news(connection: sa.Connection, class_id: str, **change: Any) -> None:
    """The same for a change that students' pages show."""
    raise_version(connection, class_id, news=classes.c.news + 1, **change)
