"""The lease: which cluster serves this store, decided without any clock that two machines share.

Its holder raises a counter; who would like to have it times that counter on a clock of its own (`jobs.liveness`). Whoever
takes the lease gets a higher token. Through a `Store` that holds a lease no transaction writes anything once another has
taken it: the token is checked in the same transaction.
"""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from mnist_core.errors import LeaseLostError
from mnist_core.store.database import Part, check_lease
from mnist_core.store.tables import lease


@dataclass(frozen=True)
class Lease:
    """Who serves the store. `beats` grows while the holder lives; `served_seconds` is the store's own clock."""

    token: int
    beats: int
    served_seconds: float
    holder: str


class Leases(Part):
    """Who serves the store; a part of `Store`."""

    @property
    def token(self) -> int | None:
        """Token of the lease that this `Store` holds; None: it needs none to write."""
        return self.database.lease_token

    def current(self) -> Lease:
        """The lease as it is now; its token is 0 where nobody has ever had it."""
        with self.database.begin(write=False) as connection:
            row = connection.execute(sa.select(lease)).one()
        return Lease(row.token, row.beats, row.served_seconds, row.holder)

    def take(self, holder: str) -> int:
        """Take the lease, whoever has it; returns its token. From now on this `Store` writes only as long as it holds it."""
        self.database.lease_token = None
        change = sa.update(lease).values(token=lease.c.token + 1, beats=lease.c.beats + 1, holder=holder)
        with self.database.begin() as connection:
            connection.execute(change)
            token: int = connection.execute(sa.select(lease.c.token)).scalar_one()
        self.database.lease_token = token
        return token

    def beat(self, seconds: float) -> None:
        """Say that the holder lives, and has seen so many `seconds` pass since it last said so. Raises LeaseLostError."""
        own = sa.update(lease).where(lease.c.token == self.database.lease_token)
        with self.database.begin() as connection:
            connection.execute(
                own.values(beats=lease.c.beats + 1, served_seconds=lease.c.served_seconds + max(0.0, seconds))
            )


def holds(connection: sa.Connection, token: int | None) -> bool:
    """Whether the lease has this token, until the transaction ends; None: whoever asks needs none."""
    try:
        check_lease(connection, token)
    except LeaseLostError:
        return False
    return True


def served_seconds(connection: sa.Connection) -> float:
    """What the store's clock says: the seconds that clusters have served it, in all."""
    seconds: float = connection.execute(sa.select(lease.c.served_seconds)).scalar_one()
    return seconds
