"""Classes: a code that students join by, nicknames, and a teacher whose right is a secret.

Whatever a teacher may do is a method that is given the class's secret, and does nothing without it. Of the secret only the hash is
kept; it has 128 bits, so nobody finds it by trying. A student is the name in his cookie, which nobody else is ever told.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections.abc import Collection, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from mnist_core import escape, settings
from mnist_core.class_records import Class, Member, Membership
from mnist_core.errors import ClassError, NotTeacherError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.store import attempts
from mnist_core.store.class_codes import clean_code, clean_nickname, hashed, new_code, nickname_key
from mnist_core.store.class_rows import (
    IS_IN,
    LIFETIME_DAYS,
    by_code,
    change_member,
    check_not_removed,
    class_of,
    for_teacher,
    has_nickname,
    known,
    member_row,
    merged,
    raise_news,
    raise_version,
    taken,
    to_class,
    to_member,
)
from mnist_core.store.database import Part, next_order
from mnist_core.store.lease import served_seconds
from mnist_core.store.lesson_rows import forget_class, merge_lessons
from mnist_core.store.own_images import merge_images
from mnist_core.store.reports import delete_reports
from mnist_core.store.retention import give_up_runs
from mnist_core.store.round_rows import hides_test, is_teachers_browser, merge_students
from mnist_core.store.rows import as_id, insert_into, lock_rows
from mnist_core.store.tables import (
    analyses,
    assignments,
    classes,
    members,
    own_images,
    reports,
    rounds,
    runs,
    sweeps,
    teachers,
)

NAME_LETTERS, ADDRESS_LETTERS, LOOK_HERE_LETTERS = 60, 200, 400
CLASSES, MEMBERS = 200, 300  # of a server, of a class
MEMBER_ROWS = 3 * MEMBERS  # those too who were removed or merged into another


class Classes(Part):
    """Classes, their members and their teachers; a part of `Store`."""

    # ---- anybody ---------------------------------------------------------------------------------------------------

    def open(self, name: str, student: str, *, password: str = "") -> tuple[Class, str]:
        """Open a class; returns it and its teacher's secret, which is told this once.

        `password`: what `settings.teacher_password()` wants, where it is set. Raises ClassError, LimitError.
        """
        name = escape.line(name)[:NAME_LETTERS]
        if not name:
            raise ClassError(N_("Give the class a name."))
        secret, wanted = secrets.token_hex(16), settings.teacher_password()
        slowed = (attempts.cookie(student), attempts.PASSWORD)
        with self.database.begin() as connection:
            if wanted is not None:
                attempts.check(connection, slowed)
            if wanted is None or hmac.compare_digest(hashed(password), hashed(wanted)):
                opened = _insert_class(connection, name, secret)
            else:
                attempts.count(connection, slowed)
                opened = None
        if opened is None:
            raise ClassError(N_("This is not the teacher's password."))
        return opened, secret

    def any_open(self) -> bool:
        """Whether there is a class to join."""
        with self.database.begin(write=False) as connection:
            return connection.execute(sa.select(classes.c.id).limit(1)).first() is not None

    def find(self, code: str, student: str) -> Class:
        """The class with this code, however it was typed. Wrong codes are counted for the student. Raises ClassError, LimitError."""
        with self.database.begin() as connection:
            found = by_code(connection, code, student)
        return known(found)

    def get(self, class_id: str) -> Class | None:
        """The class, None where it is gone. For those who have shown its code before."""
        with self.database.begin(write=False) as connection:
            row = connection.execute(sa.select(classes).where(classes.c.id == as_id(class_id))).one_or_none()
            return None if row is None else to_class(connection, row)

    def versions_of(self, class_ids: Collection[str]) -> dict[str, int]:
        """Those of these classes that there are, with their versions; one cheap query."""
        query = sa.select(classes.c.id, classes.c.version).where(classes.c.id.in_(class_ids))
        with self.database.begin(write=False) as connection:
            return {row.id: row.version for row in connection.execute(query)}

    # ---- students --------------------------------------------------------------------------------------------------

    def membership(self, student: str) -> Membership | None:
        """The class that the student joined last, None where he is in none."""
        query = sa.select(members).where(members.c.student == student).order_by(members.c.joined_order.desc())
        with self.database.begin(write=False) as connection:
            for row in connection.execute(query).all():
                row = merged(connection, row)
                if not row.removed:
                    in_class = connection.execute(sa.select(classes).where(classes.c.id == row.class_id)).one()
                    sealed = hides_test(connection, row.class_id)
                    return Membership(to_class(connection, in_class), to_member(row), row.student, sealed)
        return None

    def free_nickname(self, code: str, student: str, candidates: Iterable[str]) -> str:
        """The first of the nicknames that nobody has; empty where all are taken. Raises as `find`."""
        with self.database.begin() as connection:
            found = by_code(connection, code, student)
            query = sa.select(members.c.nickname_key).where(members.c.class_id == (found.id if found else ""))
            in_use = set(connection.execute(query).scalars())
        known(found)
        return next((name for name in candidates if nickname_key(name) not in in_use), "")

    def join(self, code: str, student: str, nickname: str) -> Member:
        """Make the student a member, or find that he is one. Raises ClassError where the nickname cannot be, and as `find`."""
        with self.database.begin() as connection:
            found = by_code(connection, code, student)
            member = None if found is None else _join(connection, found.id, student, nickname)
        known(found)
        assert member is not None
        return member

    def rejoin(self, code: str, student: str, personal_code: str) -> str:
        """The name that the cookie of this browser is to have for it to be the member with the personal code.

        Wrong ones are counted for the student and for the class. Raises ClassError, and as `find`.
        """
        with self.database.begin() as connection:
            found = by_code(connection, code, student)
            row = None
            if found is not None:
                slowed = (attempts.cookie(student), attempts.of_class(found.id))
                attempts.check(connection, slowed)
                is_it = sa.and_(members.c.class_id == found.id, members.c.personal_code == clean_code(personal_code))
                row = connection.execute(sa.select(members).where(is_it)).one_or_none()
                if row is None:
                    attempts.count(connection, slowed)
                else:
                    attempts.forget(connection, slowed[0])
                    row = merged(connection, row)
                    change = sa.update(members).where(members.c.id == row.id)
                    connection.execute(change.values(joined_order=next_order(connection)))
        known(found)
        if row is None:
            raise ClassError(N_("Nobody in this class has this personal code. Check it, or ask your teacher."))
        check_not_removed(row)
        name: str = row.student
        return name

    # ---- the teacher -----------------------------------------------------------------------------------------------

    def is_teacher(self, class_id: str, secret: str) -> bool:
        """Whether this is the secret of that class."""
        with self.database.begin(write=False) as connection:
            try:
                for_teacher(connection, class_id, secret)
            except NotTeacherError:
                return False
        return True

    def enter(self, class_id: str, secret: str, student: str) -> Class:
        """The class for its teacher, whose browser's runs are the class's from now on. Raises NotTeacherError."""
        with self.database.begin() as connection:
            row = for_teacher(connection, class_id, secret, write=True)
            is_known = sa.and_(teachers.c.class_id == class_id, teachers.c.student == student)
            if not connection.execute(sa.select(teachers.c.student).where(is_known)).first():
                values = {"class_id": class_id, "student": student, "joined_order": next_order(connection)}
                connection.execute(insert_into(connection, teachers).values(values).on_conflict_do_nothing())
            return to_class(connection, row)

    def taught(self, student: str, secrets: Mapping[str, str]) -> Class | None:
        """The class that this browser's runs are of, where it holds that class's secret and has opened its console.

        `secrets`: by the classes' ids.
        """
        with self.database.begin(write=False) as connection:
            class_id = class_of(connection, student)
            if class_id is None or class_id not in secrets or not is_teachers_browser(connection, class_id, student):
                return None
            try:
                return to_class(connection, for_teacher(connection, class_id, secrets[class_id]))
            except NotTeacherError:
                return None

    def members(self, class_id: str, secret: str) -> list[Member]:
        """Who is in the class, and who was removed, by nickname. Raises NotTeacherError."""
        visible = sa.and_(runs.c.class_id == class_id, runs.c.soft_deleted_at.is_(None))
        count = sa.select(sa.func.count()).where(visible, runs.c.owner == members.c.student)
        query = sa.select(members, count.scalar_subquery().label("runs"))
        query = query.where(members.c.class_id == as_id(class_id), members.c.merged_into.is_(None))
        with self.database.begin(write=False) as connection:
            for_teacher(connection, class_id, secret)
            rows = connection.execute(query.order_by(members.c.nickname_key)).all()
        return [to_member(row, row.runs) for row in rows]

    def change(
        self,
        class_id: str,
        secret: str,
        *,
        members_only: bool | None = None,
        round_only: bool | None = None,
        address: str | None = None,
        look_here: str | None = None,
    ) -> None:
        """Change what is given: who may train on this server, whether members train for the open round alone, the address that
        students are told, the page that all are asked to look at. Raises NotTeacherError."""
        given: dict[str, Any] = {"members_only": members_only, "round_only": round_only}
        change = {name: value for name, value in given.items() if value is not None}
        if address is not None:
            change["address"] = escape.line(address)[:ADDRESS_LETTERS]
        if look_here is not None:
            change["look_here"] = look_here if len(look_here) <= LOOK_HERE_LETTERS else ""
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            raise_news(connection, class_id, **change)

    def rename(self, class_id: str, secret: str, member_id: str, nickname: str) -> None:
        """Give a member another nickname. Raises NotTeacherError, ClassError where it cannot be."""
        nickname = clean_nickname(nickname)
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            row = member_row(connection, class_id, member_id)
            if has_nickname(connection, class_id, nickname, but=row.id):
                raise taken(nickname)
            change_member(connection, row.id, nickname=nickname, nickname_key=nickname_key(nickname))
            raise_news(connection, class_id)

    def remove(self, class_id: str, secret: str, member_id: str, *, removed: bool = True) -> None:
        """Remove a member, or let him in again. His runs stay the class's. Raises NotTeacherError, ClassError."""
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            change_member(connection, member_row(connection, class_id, member_id).id, removed=removed)
            raise_news(connection, class_id)

    def merge(self, class_id: str, secret: str, kept_id: str, other_id: str) -> None:
        """Make one member of two: the runs of the other in this class, and the images that he trained them on, are the first one's, and so is
        its browser.

        Raises NotTeacherError, ClassError.
        """
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            kept, other = member_row(connection, class_id, kept_id), member_row(connection, class_id, other_id)
            if kept.id == other.id:
                raise ClassError(N_("Choose two different members."))
            for table in (runs, sweeps, analyses):
                change: dict[str, Any] = {"owner": kept.student}
                if table is not sweeps:
                    change["version"] = table.c.version + 1
                own = sa.and_(table.c.class_id == class_id, table.c.owner == other.student)
                lock_rows(connection, table, own)
                connection.execute(sa.update(table).where(own).values(change))
            merge_images(connection, class_id, kept.student, other.student)
            connection.execute(sa.update(members).where(members.c.merged_into == other.id).values(merged_into=kept.id))
            # No nickname has this key, so that the one it had is free.
            change_member(connection, other.id, merged_into=kept.id, nickname_key=f"={other.id}")
            merge_students(connection, class_id, kept.student, other.student)
            merge_lessons(connection, class_id, kept.student, other.student)
            connection.execute(sa.update(reports).where(reports.c.member_id == other.id).values(member_id=kept.id))
            raise_news(connection, class_id)

    def delete(self, class_id: str, secret: str) -> None:
        """Delete the class with all its runs: they are gone from all pages now, and from the disk a moment later.

        Raises NotTeacherError.
        """
        with self.database.begin() as connection:
            for_teacher(connection, class_id, secret, write=True)
            _delete(connection, class_id)

    # ---- the cluster -----------------------------------------------------------------------------------------------

    def delete_expired(self) -> None:
        """Delete the classes whose time is over, by the store's own clock."""
        with self.database.begin(write=False) as connection:
            over = classes.c.created_served <= served_seconds(connection) - 86_400 * LIFETIME_DAYS
            expired = connection.execute(sa.select(classes.c.id).where(over)).scalars().all()
        for class_id in expired:
            with self.database.begin() as connection:
                _delete(connection, class_id)


def _insert_class(connection: sa.Connection, name: str, secret: str) -> Class:
    count = connection.execute(sa.select(sa.func.count()).select_from(classes)).scalar_one()
    if count >= CLASSES:
        raise ClassError(N_("This server has {most} classes already. Delete one that is over."), most=CLASSES)
    row = {
        "id": secrets.token_hex(5),
        "name": name,
        "teacher_hash": hashed(secret),
        "created_at": time.time(),
        "created_served": served_seconds(connection),
    }
    while True:  # until nobody has the code
        statement = insert_into(connection, classes).values(row | {"code": new_code()}).on_conflict_do_nothing()
        if connection.execute(statement).rowcount:
            return to_class(connection, connection.execute(sa.select(classes).where(classes.c.id == row["id"])).one())


def _join(connection: sa.Connection, class_id: str, student: str, nickname: str) -> Member:
    # The class's row is locked first: one after another takes a nickname.
    if not raise_version(connection, class_id):
        known(None)  # it was deleted meanwhile
    is_own = sa.and_(members.c.class_id == class_id, members.c.student == student)
    own = connection.execute(sa.select(members).where(is_own)).one_or_none()
    if own is not None:
        own = merged(connection, own)
        check_not_removed(own)
        change_member(connection, own.id, joined_order=next_order(connection))
        return to_member(own)
    nickname = clean_nickname(nickname)
    if has_nickname(connection, class_id, nickname):
        raise taken(nickname)
    of_class = sa.select(members.c.personal_code, IS_IN.label("is_in")).where(members.c.class_id == class_id)
    rows = connection.execute(of_class).all()
    codes = {row.personal_code for row in rows}
    if sum(row.is_in for row in rows) >= MEMBERS:
        raise ClassError(N_("This class is full: it has {most} members."), most=MEMBERS)
    if len(rows) >= MEMBER_ROWS:
        raise ClassError(N_("Too many have joined this class and left it. Ask your teacher to open another class."))
    row: dict[str, Any] = {
        "id": secrets.token_hex(5),
        "class_id": class_id,
        "student": student,
        "nickname": nickname,
        "nickname_key": nickname_key(nickname),
        "personal_code": next(code for code in iter(new_code, "") if code not in codes),
        "joined_order": next_order(connection),
    }
    connection.execute(sa.insert(members).values(row))
    return Member(row["id"], UserText(nickname), row["personal_code"])


def _delete(connection: sa.Connection, class_id: str) -> None:
    lock_rows(connection, classes, classes.c.id == class_id)  # before its runs
    give_up_runs(connection, class_id)
    forget_class(connection, class_id)
    of_class = sa.select(rounds.c.id).where(rounds.c.class_id == class_id)
    connection.execute(sa.delete(assignments).where(assignments.c.round_id.in_(of_class)))
    delete_reports(connection, reports.c.class_id == class_id)
    connection.execute(sa.update(own_images).where(own_images.c.class_id == class_id).values(class_id=None))
    for table in (sweeps, analyses, rounds, members, teachers):
        connection.execute(sa.delete(table).where(table.c.class_id == class_id))
    connection.execute(sa.delete(classes).where(classes.c.id == class_id))
