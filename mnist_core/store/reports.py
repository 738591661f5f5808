"""Reports that students of a class hand in: kept as they were at that moment, for their teacher alone.

A report is its student's to take back, or to replace by another of the same title, while the round is open in which it was handed in.

A report's page is kept compressed. The script that draws its charts is the same in all that one version of the program has
made: it is kept once, by its hash, so that a report also opens as it was when a later version has another.
"""

from __future__ import annotations

import hashlib
import secrets
import time
import zlib
from dataclasses import replace
from typing import Any

import sqlalchemy as sa

from mnist_core import escape
from mnist_core.class_records import HandedIn
from mnist_core.errors import ClassError, LimitError
from mnist_core.escape import UserText
from mnist_core.messages import N_
from mnist_core.store.class_rows import IS_IN, for_teacher, raise_version
from mnist_core.store.database import Part, next_order, wait_for_others
from mnist_core.store.rows import as_id, insert_into
from mnist_core.store.tables import members, report_scripts, reports, rounds

EACH = 10  # reports of a student in a class; a new one takes the place of the oldest
TITLE_LETTERS = 200
PAGE_BYTES, SCRIPT_BYTES = 500_000, 4_000_000  # of a page as it is kept (one of 100 runs has 200 kB), and of the script


class Reports(Part):
    """What students have handed in; a part of `Store`."""

    # ---- students --------------------------------------------------------------------------------------------------

    def hand_in(self, student: str, title: str, page: bytes, script: bytes) -> HandedIn:
        """Put a report into the list of the class that the student joined last; `page` without its `script`, which may be empty.

        It takes the place of an earlier one of its title, where the student may still take that back. Raises ClassError where he is in no class, LimitError where the report is too large.
        """
        packed = zlib.compress(page, 9)
        if len(packed) > PAGE_BYTES or len(script) > SCRIPT_BYTES:
            raise LimitError(N_("This report is too large to be handed in. Choose fewer runs, or fewer seeds."))
        row: dict[str, Any] = {
            "id": secrets.token_hex(5),
            "title": escape.line(title)[:TITLE_LETTERS],
            "page": packed,
            "script": _digest(script) if script else None,
            "handed_in_at": time.time(),
        }
        with self.database.begin() as connection:
            member = _member(connection, student)
            raise_version(connection, member.class_id)  # the class's row is locked: one after another …
            order = next_order(connection)  # … and the sequence: scripts are of all classes
            if script:
                kept = insert_into(connection, report_scripts).values(digest=row["script"], data=script)
                connection.execute(kept.on_conflict_do_nothing())
            earlier = [one for one, title in _open_ones(connection, member).items() if title == row["title"]]
            if earlier:
                delete_reports(connection, reports.c.id.in_(earlier))
            row |= {"class_id": member.class_id, "member_id": member.id, "handed_in_order": order}
            connection.execute(sa.insert(reports).values(row))
            _drop_oldest(connection, member.id)
            is_open = row["id"] in _open_ones(connection, member)
        return HandedIn(row["id"], UserText(row["title"]), UserText(member.nickname), row["handed_in_at"], is_open)

    def take_back(self, student: str, report_id: str) -> None:
        """Let a report that the student has handed in be none. Raises ClassError where its round is over, or it is not his."""
        with self.database.begin() as connection:
            member = _member(connection, student)
            raise_version(connection, member.class_id)
            wait_for_others(connection)
            if report_id not in _open_ones(connection, member):
                raise ClassError(N_("This report can no longer be taken back: its round is closed."))
            delete_reports(connection, reports.c.id == report_id)

    def own(self, student: str) -> list[HandedIn]:
        """What the student has handed in to the class that he joined last, newest first."""
        with self.database.begin(write=False) as connection:
            try:
                member = _member(connection, student)
            except ClassError:
                return []
            found = _listed(connection, reports.c.member_id == member.id)
            still_open = _open_ones(connection, member)
        return [replace(one, is_open=one.id in still_open) for one in found[::-1]]

    # ---- the teacher -----------------------------------------------------------------------------------------------

    def of_class(self, class_id: str, secret: str) -> list[HandedIn]:
        """All reports of the class, in the order in which they came. Raises NotTeacherError."""
        with self.database.begin(write=False) as connection:
            for_teacher(connection, class_id, secret)
            return _listed(connection, reports.c.class_id == class_id)

    def content(self, class_id: str, secret: str, report_id: str) -> tuple[bytes, bytes]:
        """Page and script of a report of the class, as they were handed in. Raises NotTeacherError, ClassError where it is gone."""
        query = sa.select(reports.c.page, report_scripts.c.data).select_from(reports.outerjoin(report_scripts))
        is_it = sa.and_(reports.c.id == as_id(report_id), reports.c.class_id == as_id(class_id))
        with self.database.begin(write=False) as connection:
            for_teacher(connection, class_id, secret)
            row = connection.execute(query.where(is_it)).one_or_none()
        if row is None:
            raise ClassError(N_("This report is no longer here: its student has handed in newer ones."))
        return zlib.decompress(row.page), row.data or b""


def delete_reports(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Delete reports, and the scripts that no report needs any more; whoever asks for it has locked the store's sequence, so that
    none is handed in with such a script meanwhile."""
    connection.execute(sa.delete(reports).where(which))
    needed = sa.select(reports.c.script).where(reports.c.script.is_not(None))
    connection.execute(sa.delete(report_scripts).where(report_scripts.c.digest.not_in(needed)))


def _digest(script: bytes) -> str:
    return hashlib.sha256(script).hexdigest()


def _member(connection: sa.Connection, student: str) -> sa.Row[Any]:
    """The student as a member of the class that he joined last. Raises ClassError."""
    query = sa.select(members).where(members.c.student == student, IS_IN).order_by(members.c.joined_order.desc())
    row = connection.execute(query.limit(1)).one_or_none()
    if row is None:
        raise ClassError(N_("Only members of a class hand in reports. Enter your class's code on the Home page."))
    return row


def _open_ones(connection: sa.Connection, member: sa.Row[Any]) -> dict[str, str]:
    """Ids, with titles, of the reports of a member that were handed in since the class's open round was given; none where no round is open."""
    is_open = sa.and_(rounds.c.class_id == member.class_id, rounds.c.state == "open")
    since = sa.select(sa.func.max(rounds.c.given_order)).where(is_open).scalar_subquery()
    query = sa.select(reports.c.id, reports.c.title).where(reports.c.member_id == member.id)
    found = connection.execute(query.where(reports.c.handed_in_order > since))
    return {row.id: row.title for row in found}


def _drop_oldest(connection: sa.Connection, member_id: str) -> None:
    of_member = sa.select(reports.c.id).where(reports.c.member_id == member_id)
    order = of_member.order_by(reports.c.handed_in_order.desc()).offset(EACH)
    too_many = connection.execute(order).scalars().all()
    if too_many:
        delete_reports(connection, reports.c.id.in_(too_many))


def _listed(connection: sa.Connection, which: sa.ColumnElement[bool]) -> list[HandedIn]:
    columns = (reports.c.id, reports.c.title, members.c.nickname, reports.c.handed_in_at)
    whose = reports.join(members, members.c.id == reports.c.member_id)
    query = sa.select(*columns).select_from(whose).where(which).order_by(reports.c.handed_in_order)
    return [
        HandedIn(row.id, UserText(row.title), UserText(row.nickname), row.handed_in_at)
        for row in connection.execute(query)
    ]
