"""Wrong codes and passwords: after some of them, whoever entered them waits, the longer the more there were.

Kept per cookie and per code that is guessed at, never per address: sixty students have one address. The waits for a code are short,
since they are everybody's. Seconds are those of the store's own clock.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from mnist_core.errors import LimitError
from mnist_core.messages import N_
from mnist_core.store.lease import served_seconds
from mnist_core.store.rows import insert_into
from mnist_core.store.tables import attempts

FORGET_SECONDS = 600.0  # after a wait, until wrong attempts count from the first again


class Slowed(NamedTuple):
    """What wrong attempts are counted for: so many of them are `free`, the next ones wait 1, 2, 4, … seconds, `most` at most."""

    key: str
    free: int
    most: float


def cookie(student: str) -> Slowed:
    """Of one browser."""
    return Slowed(f"cookie {student}", 5, 60.0)


def of_class(class_id: str) -> Slowed:
    """For the personal codes of one class."""
    return Slowed(f"class {class_id}", 20, 5.0)


PASSWORD = Slowed("password", 5, 5.0)


def check(connection: sa.Connection, slowed: Sequence[Slowed]) -> None:
    """See that none of these has to wait. Raises LimitError."""
    query = sa.select(sa.func.max(attempts.c.until_served)).where(attempts.c.key.in_([one.key for one in slowed]))
    seconds = (connection.execute(query).scalar() or 0.0) - served_seconds(connection)
    if seconds > 0:
        raise LimitError(N_("Too many wrong attempts. Wait {seconds} s, then try again."), seconds=math.ceil(seconds))


def count(connection: sa.Connection, slowed: Sequence[Slowed]) -> None:
    """One more wrong attempt of each."""
    now = served_seconds(connection)
    connection.execute(sa.delete(attempts).where(attempts.c.until_served < now - FORGET_SECONDS))
    for key, free, most in slowed:
        query = sa.select(attempts.c.wrong).where(attempts.c.key == key).with_for_update()
        wrong = (connection.execute(query).scalar() or 0) + 1
        wait = min(most, 2.0 ** min(wrong - free - 1, 30)) if wrong > free else 0.0
        row = {"wrong": wrong, "until_served": now + wait}
        statement = insert_into(connection, attempts).values(key=key, **row)
        connection.execute(statement.on_conflict_do_update(index_elements=[attempts.c.key], set_=row))


def forget(connection: sa.Connection, slowed: Slowed) -> None:
    """The right one was entered."""
    connection.execute(sa.delete(attempts).where(attempts.c.key == slowed.key))
