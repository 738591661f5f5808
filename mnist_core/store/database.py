"""The database that all parts of a store share: its engine, its transactions, and the lease that writes are checked against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import wraps
from inspect import isfunction
from typing import Any, TypeVar

import sqlalchemy as sa

from mnist_core import settings
from mnist_core.errors import DeadlockError, LeaseLostError
from mnist_core.messages import N_
from mnist_core.store.engine import open_engine
from mnist_core.store.faults import as_sentences
from mnist_core.store.tables import counters, lease

TRIES = 3  # of a transaction that others were in the way of
Result = TypeVar("Result")


class Database:
    """The database at `url` (default: `settings.store_url()`). `busy_seconds`: how long a writer waits for another."""

    def __init__(self, url: str | None = None, busy_seconds: float | None = None) -> None:
        self.url = url or settings.store_url()
        self.lease_token: int | None = None  # of the cluster that writes through this; see lease.py
        self.engine = open_engine(self.url, busy_seconds)

    @property
    def shown_address(self) -> str:
        """The address without its password."""
        return self.engine.url.render_as_string(hide_password=True)

    def close(self) -> None:
        """Give back all connections."""
        self.engine.dispose()

    @contextmanager
    def begin(self, *, write: bool = True) -> Iterator[sa.Connection]:
        """A transaction, committed at the end. Raises LeaseLostError where another cluster has taken the lease."""
        with as_sentences(self.url), self.engine.connect() as connection:
            if write and self.engine.dialect.name == "sqlite":
                # Take the write lock at once: a transaction that reads first and writes later may be refused.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            if write:
                check_lease(connection, self.lease_token)
            yield connection
            connection.commit()


class Part:
    """A part of `Store`. Its public methods are transactions: one that was given up because it and another waited for each other
    (a deadlock, on PostgreSQL) is done once more, since nothing of it was."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def __init_subclass__(cls) -> None:
        for name, method in vars(cls).copy().items():
            if isfunction(method) and not name.startswith("_"):
                setattr(cls, name, _again(method))


def _again(method: Callable[..., Result]) -> Callable[..., Result]:
    @wraps(method)
    def until_done(*arguments: Any, **named: Any) -> Result:
        for _try in range(TRIES - 1):
            with suppress(DeadlockError):
                return method(*arguments, **named)
        return method(*arguments, **named)

    return until_done


def check_lease(connection: sa.Connection, token: int | None) -> None:
    """See that the lease has this token, and keep it so until the transaction ends. Raises LeaseLostError."""
    if token is None:
        return
    current = connection.execute(sa.select(lease.c.token).with_for_update(read=True)).scalar_one()
    if current != token:
        raise LeaseLostError(N_("Another machine now serves the store. This one is on standby."))


def wait_for_others(connection: sa.Connection) -> None:
    """Let whoever puts something into the queue wait for others who do, until their transactions end: so that what is counted
    against a bound is all there is. (The sequence's row is locked, which each of them changes anyway.)"""
    connection.execute(sa.select(counters.c.value).where(counters.c.name == "order").with_for_update())


def next_order(connection: sa.Connection, count: int = 1) -> int:
    """The next number of the store's sequence, the first where several are taken: what comes later has a higher one."""
    is_order = counters.c.name == "order"
    connection.execute(sa.update(counters).where(is_order).values(value=counters.c.value + count))
    last: int = connection.execute(sa.select(counters.c.value).where(is_order)).scalar_one()
    return last - count + 1
