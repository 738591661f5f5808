"""Classes: a code that students join by, nicknames, and a teacher whose right is a secret.

Whatever a teacher may do is a method that is given the class's secret, and does nothing without it. Of the secret only the hash is
kept; it has 128 bits, so nobody finds it by trying. A student is the name in his cookie, which nobody else is ever told.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import time
import unicodedata
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mnist_core import escape, settings
from mnist_core.errors import ClassError, NotTeacherError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.records import Class, Member, Membership
from mnist_core.store import attempts
from mnist_core.store.database import Database, next_order
from mnist_core.store.lease import served_seconds
from mnist_core.store.retention import give_up_runs
from mnist_core.store.rows import as_id, insert_into
from mnist_core.store.tables import analyses, classes, members, runs, sweeps, teachers

LETTERS = "ACDEFGHJKMNPQRTWXY34679"  # without those that are misread: 0 O, 1 I L, 2 Z, 5 S, 8 B, U V
CODE_LETTERS = 6
NAME_LETTERS, NICKNAME_LETTERS, ADDRESS_LETTERS = 60, 24, 200
CLASSES, MEMBERS = 200, 300  # of a server, of a class
LIFETIME_DAYS = 60.0  # that the server serves, after which a class goes by itself
_IS_IN = sa.and_(members.c.removed.is_(False), members.c.merged_into.is_(None))


@dataclass(eq=False)
class Classes:
    """Classes, their members and their teachers; a part of `Store`."""

    database: Database

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
            if wanted is not None and not hmac.compare_digest(_hash(password), _hash(wanted)):
                attempts.count(connection, slowed)
                opened = None
            else:
                attempts.forget(connection, attempts.cookie(student))
                opened = _insert_class(connection, name, secret)
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
            found = _by_code(connection, code, student)
        return _known(found)

    def get(self, class_id: str) -> Class | None:
        """The class, None where it is gone. For those who have shown its code before."""
        with self.database.begin(write=False) as connection:
            row = connection.execute(sa.select(classes).where(classes.c.id == as_id(class_id))).one_or_none()
            return None if row is None else _to_class(connection, row)

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
                row = _merged(connection, row)
                if not row.removed:
                    in_class = connection.execute(sa.select(classes).where(classes.c.id == row.class_id)).one()
                    return Membership(_to_class(connection, in_class), _to_member(row), row.student)
        return None

    def free_nickname(self, code: str, student: str, candidates: Iterable[str]) -> str:
        """The first of the nicknames that nobody has; empty where all are taken. Raises as `find`."""
        with self.database.begin() as connection:
            found = _by_code(connection, code, student)
            query = sa.select(members.c.nickname_key).where(members.c.class_id == (found.id if found else ""))
            taken = set(connection.execute(query).scalars())
        _known(found)
        return next((name for name in candidates if _key(name) not in taken), "")

    def join(self, code: str, student: str, nickname: str) -> Member:
        """Make the student a member, or find that he is one. Raises ClassError where the nickname cannot be, and as `find`."""
        with self.database.begin() as connection:
            found = _by_code(connection, code, student)
            member = None if found is None else _join(connection, found.id, student, nickname)
        _known(found)
        assert member is not None
        return member

    def rejoin(self, code: str, student: str, personal_code: str) -> str:
        """The name that the cookie of this browser is to have for it to be the member with the personal code.

        Wrong ones are counted for the student and for the class. Raises ClassError, and as `find`.
        """
        with self.database.begin() as connection:
            found = _by_code(connection, code, student)
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
                    row = _merged(connection, row)
                    change = sa.update(members).where(members.c.id == row.id)
                    connection.execute(change.values(joined_order=next_order(connection)))
        _known(found)
        if row is None:
            raise ClassError(N_("Nobody in this class has this personal code. Check it, or ask your teacher."))
        _check_not_removed(row)
        name: str = row.student
        return name

    # ---- the teacher -----------------------------------------------------------------------------------------------

    def is_teacher(self, class_id: str, secret: str) -> bool:
        """Whether this is the secret of that class."""
        with self.database.begin(write=False) as connection:
            try:
                _for_teacher(connection, class_id, secret)
            except NotTeacherError:
                return False
        return True

    def enter(self, class_id: str, secret: str, student: str) -> Class:
        """The class for its teacher, whose browser's runs are the class's from now on. Raises NotTeacherError."""
        with self.database.begin() as connection:
            row = _for_teacher(connection, class_id, secret)
            is_known = sa.and_(teachers.c.class_id == class_id, teachers.c.student == student)
            if not connection.execute(sa.select(teachers.c.student).where(is_known)).first():
                values = {"class_id": class_id, "student": student, "joined_order": next_order(connection)}
                connection.execute(insert_into(connection, teachers).values(values).on_conflict_do_nothing())
            return _to_class(connection, row)

    def members(self, class_id: str, secret: str) -> list[Member]:
        """Who is in the class, and who was removed, by nickname. Raises NotTeacherError."""
        count = sa.select(sa.func.count()).where(runs.c.class_id == class_id, runs.c.owner == members.c.student)
        query = sa.select(members, count.scalar_subquery().label("runs"))
        query = query.where(members.c.class_id == as_id(class_id), members.c.merged_into.is_(None))
        with self.database.begin(write=False) as connection:
            _for_teacher(connection, class_id, secret)
            rows = connection.execute(query.order_by(members.c.nickname_key)).all()
        return [_to_member(row, row.runs) for row in rows]

    def change(
        self, class_id: str, secret: str, *, members_only: bool | None = None, address: str | None = None
    ) -> None:
        """Change what is given: who may train on this server, the address that students are told. Raises NotTeacherError."""
        change: dict[str, Any] = {} if members_only is None else {"members_only": members_only}
        if address is not None:
            change["address"] = escape.line(address)[:ADDRESS_LETTERS]
        with self.database.begin() as connection:
            _for_teacher(connection, class_id, secret, write=True)
            _raise_version(connection, class_id, **change)

    def rename(self, class_id: str, secret: str, member_id: str, nickname: str) -> None:
        """Give a member another nickname. Raises NotTeacherError, ClassError where it cannot be."""
        nickname = clean_nickname(nickname)
        with self.database.begin() as connection:
            _for_teacher(connection, class_id, secret, write=True)
            row = _member(connection, class_id, member_id)
            if _has_nickname(connection, class_id, nickname, but=row.id):
                raise _taken(nickname)
            _change_member(connection, row.id, nickname=nickname, nickname_key=_key(nickname))
            _raise_version(connection, class_id)

    def remove(self, class_id: str, secret: str, member_id: str, *, removed: bool = True) -> None:
        """Remove a member, or let him in again. His runs stay the class's. Raises NotTeacherError, ClassError."""
        with self.database.begin() as connection:
            _for_teacher(connection, class_id, secret, write=True)
            _change_member(connection, _member(connection, class_id, member_id).id, removed=removed)
            _raise_version(connection, class_id)

    def merge(self, class_id: str, secret: str, kept_id: str, other_id: str) -> None:
        """Make one member of two: the runs of the other in this class are the first one's, and so is its browser.

        Raises NotTeacherError, ClassError.
        """
        with self.database.begin() as connection:
            _for_teacher(connection, class_id, secret, write=True)
            kept, other = _member(connection, class_id, kept_id), _member(connection, class_id, other_id)
            if kept.id == other.id:
                raise ClassError(N_("Choose two different members."))
            for table in (runs, sweeps, analyses):
                change: dict[str, Any] = {"owner": kept.student}
                if table is not sweeps:
                    change["version"] = table.c.version + 1
                own = sa.and_(table.c.class_id == class_id, table.c.owner == other.student)
                connection.execute(sa.update(table).where(own).values(change))
            connection.execute(sa.update(members).where(members.c.merged_into == other.id).values(merged_into=kept.id))
            # No nickname has this key, so that the one it had is free.
            _change_member(connection, other.id, merged_into=kept.id, nickname_key=f"={other.id}")
            _raise_version(connection, class_id)

    def delete(self, class_id: str, secret: str) -> None:
        """Delete the class with all its runs: they are gone from all pages now, and from the disk a moment later.

        Raises NotTeacherError.
        """
        with self.database.begin() as connection:
            _for_teacher(connection, class_id, secret, write=True)
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


# ---- codes and nicknames ---------------------------------------------------------------------------------------------


def new_code() -> str:
    """Six letters and digits that cannot be misread."""
    return "".join(secrets.choice(LETTERS) for _letter in range(CODE_LETTERS))


def clean_code(text: str) -> str:
    """A code as it was typed, as it is kept: small letters, wide letters, blanks and hyphens do not matter."""
    wide = unicodedata.normalize("NFKC", escape.line(text[:40])).upper()
    return "".join(sign for sign in wide if sign.isalnum())[:40]


def clean_nickname(text: str) -> str:
    """A nickname as it is kept. Raises ClassError where it cannot be one."""
    nickname = escape.line(unicodedata.normalize("NFKC", text[:200]))
    if not _key(nickname):
        raise ClassError(N_("A nickname needs at least one letter or digit."))
    if len(nickname) > NICKNAME_LETTERS:
        raise ClassError(N_("A nickname has at most {most} letters."), most=NICKNAME_LETTERS)
    return nickname


def _key(nickname: str) -> str:
    """The same for nicknames that would be taken for one another: large and small letters, blanks and signs."""
    folded = unicodedata.normalize("NFKC", nickname[:200]).casefold()
    return "".join(sign for sign in folded if sign.isalnum())[:200]


def _taken(nickname: str) -> ClassError:
    return ClassError(
        N_(
            "Somebody in this class is called {nickname}. Choose another nickname, or enter your personal code if it is you."
        ),
        nickname=nickname,
    )


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()


# ---- within a transaction --------------------------------------------------------------------------------------------


def _insert_class(connection: sa.Connection, name: str, secret: str) -> Class:
    count = connection.execute(sa.select(sa.func.count()).select_from(classes)).scalar_one()
    if count >= CLASSES:
        raise ClassError(N_("This server has {most} classes already. Delete one that is over."), most=CLASSES)
    row = {
        "id": secrets.token_hex(5),
        "name": name,
        "teacher_hash": _hash(secret),
        "created_at": time.time(),
        "created_served": served_seconds(connection),
    }
    while True:  # until nobody has the code
        statement = insert_into(connection, classes).values(row | {"code": new_code()}).on_conflict_do_nothing()
        if connection.execute(statement).rowcount:
            return _to_class(connection, connection.execute(sa.select(classes).where(classes.c.id == row["id"])).one())


def _by_code(connection: sa.Connection, code: str, student: str) -> Class | None:
    """The class with the code; None, and the attempt counts, where there is none."""
    slowed = [attempts.cookie(student)]
    attempts.check(connection, slowed)
    row = connection.execute(sa.select(classes).where(classes.c.code == clean_code(code))).one_or_none()
    if row is None:
        attempts.count(connection, slowed)
        return None
    return _to_class(connection, row)


def _known(found: Class | None) -> Class:
    if found is None:
        raise ClassError(N_("No class has this code. Check it: six letters and digits, as the teacher shows them."))
    return found


def _for_teacher(connection: sa.Connection, class_id: str, secret: str, *, write: bool = False) -> sa.Row[Any]:
    """The class's row, for whoever has its secret; `write`: nobody else changes it before this transaction ends."""
    query = sa.select(classes).where(classes.c.id == as_id(class_id))
    row = connection.execute(query.with_for_update() if write else query).one_or_none()
    if not hmac.compare_digest(_hash(secret), row.teacher_hash if row is not None else ""):
        raise NotTeacherError(N_("Only the teacher of this class may do this. Open your teacher's link again."))
    assert row is not None
    return row


def _to_class(connection: sa.Connection, row: sa.Row[Any]) -> Class:
    of_class = sa.select(sa.func.count()).select_from(members).where(members.c.class_id == row.id, _IS_IN)
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
    )


def _to_member(row: sa.Row[Any], count: int = 0) -> Member:
    return Member(row.id, UserText(row.nickname), row.personal_code, row.removed, count)


def _merged(connection: sa.Connection, row: sa.Row[Any]) -> sa.Row[Any]:
    """The member that this one was merged into, or this one."""
    if row.merged_into is None:
        return row
    return connection.execute(sa.select(members).where(members.c.id == row.merged_into)).one()


def _member(connection: sa.Connection, class_id: str, member_id: str) -> sa.Row[Any]:
    is_it = sa.and_(members.c.id == as_id(member_id), members.c.class_id == class_id, members.c.merged_into.is_(None))
    row = connection.execute(sa.select(members).where(is_it)).one_or_none()
    if row is None:
        raise ClassError(N_("This member is no longer in the class."))
    return row


def _join(connection: sa.Connection, class_id: str, student: str, nickname: str) -> Member:
    # The class's row is locked first: one after another takes a nickname.
    _raise_version(connection, class_id)
    is_own = sa.and_(members.c.class_id == class_id, members.c.student == student)
    own = connection.execute(sa.select(members).where(is_own)).one_or_none()
    if own is not None:
        own = _merged(connection, own)
        _check_not_removed(own)
        _change_member(connection, own.id, joined_order=next_order(connection))
        return _to_member(own)
    nickname = clean_nickname(nickname)
    if _has_nickname(connection, class_id, nickname):
        raise _taken(nickname)
    of_class = sa.select(members.c.personal_code).where(members.c.class_id == class_id)
    codes = set(connection.execute(of_class).scalars())
    if len(codes) >= MEMBERS:
        raise ClassError(N_("This class is full: it has {most} members."), most=MEMBERS)
    row: dict[str, Any] = {
        "id": secrets.token_hex(5),
        "class_id": class_id,
        "student": student,
        "nickname": nickname,
        "nickname_key": _key(nickname),
        "personal_code": next(code for code in iter(new_code, "") if code not in codes),
        "joined_order": next_order(connection),
    }
    connection.execute(sa.insert(members).values(row))
    return Member(row["id"], UserText(nickname), row["personal_code"])


def _check_not_removed(row: sa.Row[Any]) -> None:
    if row.removed:
        raise ClassError(
            N_("The teacher has removed {nickname} from this class. Ask your teacher to let you in again."),
            nickname=row.nickname,
        )


def _has_nickname(connection: sa.Connection, class_id: str, nickname: str, but: str = "") -> bool:
    same = sa.and_(members.c.class_id == class_id, members.c.nickname_key == _key(nickname), members.c.id != but)
    return connection.execute(sa.select(members.c.id).where(same)).first() is not None


def _change_member(connection: sa.Connection, member_id: str, **change: Any) -> None:
    connection.execute(sa.update(members).where(members.c.id == member_id).values(change))


def _raise_version(connection: sa.Connection, class_id: str, **change: Any) -> None:
    statement = sa.update(classes).where(classes.c.id == class_id)
    connection.execute(statement.values(version=classes.c.version + 1, **change))


def _delete(connection: sa.Connection, class_id: str) -> None:
    give_up_runs(connection, class_id)
    for table in (sweeps, analyses, members, teachers):
        connection.execute(sa.delete(table).where(table.c.class_id == class_id))
    connection.execute(sa.delete(classes).where(classes.c.id == class_id))
