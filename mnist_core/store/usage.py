"""What students have had of the workers: the queue goes by it.

The unit is a second of a worker, counted by the worker itself; of a stack each run has its part. Who has had least is next.
What was used while nobody else waited is no debt for ever: the turn of the pool goes with what is trained now, and who comes
back, or comes for the first time, begins there (virtual-time fair queueing). Browsers without a class, the guests, have an account
together besides, which counts while members of classes wait or train (`turns.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

import sqlalchemy as sa

from mnist_core.store.class_rows import in_classes
from mnist_core.store.database import Part
from mnist_core.store.rows import insert_into
from mnist_core.store.tables import runs, usage

POOL = ""  # the account of the pool itself: how far its turn is
# The account of all guests: what they have had, divided by the members who waited or trained meanwhile.
GUESTS = "*"
# What a run is taken to cost that waits or trains before another of its student; and what a new student waits, at most, until
# those that have had least have had more. Else each new cookie would have a slice at once.
SLICE_SECONDS = 2.0


class Usage(Part):
    """Worker-seconds of students; a part of `Store`."""

    def of(self, owner: str) -> float:
        """What the student has had of the workers, in seconds, counted from the turn of the pool when he came."""
        with self.database.begin(write=False) as connection:
            return levels(connection, [owner])[owner]

    def levels(self, owners: Collection[str]) -> dict[str, float]:
        """The same of each of these students."""
        with self.database.begin(write=False) as connection:
            return levels(connection, owners)

    def charge(self, seconds: Mapping[str, float]) -> None:
        """Students have had so many seconds more of a worker."""
        if any(seconds.values()):
            with self.database.begin() as connection:
                charge(connection, seconds)


def levels(connection: sa.Connection, owners: Collection[str]) -> dict[str, float]:
    """What each of these students has had, in seconds."""
    query = sa.select(usage.c.account, usage.c.worker_seconds).where(usage.c.account.in_(owners))
    return dict.fromkeys(owners, 0.0) | {row.account: row.worker_seconds for row in connection.execute(query)}


def charge(connection: sa.Connection, seconds: Mapping[str, float]) -> None:
    """Add what students have had of a worker. Accounts are the last that a transaction locks, in the order of their names."""
    for owner, more in sorted((dict(seconds) | _of_guests(connection, seconds)).items()):
        if more > 0:
            row = insert_into(connection, usage).values(account=owner, worker_seconds=more)
            change = {"worker_seconds": usage.c.worker_seconds + more}
            connection.execute(row.on_conflict_do_update(index_elements=[usage.c.account], set_=change))


def _of_guests(connection: sa.Connection, seconds: Mapping[str, float]) -> dict[str, float]:
    """What of it counts for the guests' account; nothing where no member waits or trains."""
    members = connection.execute(_MEMBERS).scalar_one()
    if not members:
        return {}
    in_class = in_classes(connection, seconds)
    return {GUESTS: sum(more for owner, more in seconds.items() if owner not in in_class) / members}


def join(connection: sa.Connection, owner: str) -> None:
    """A student's run begins to wait. Where he had none that waits or trains, he takes his place in the turn."""
    if connection.execute(_ACTIVE, {"account": owner}).first():
        return
    turn = _turn(connection)
    own = connection.execute(sa.select(usage.c.worker_seconds).where(usage.c.account == owner)).scalar()
    if own is None:
        own = min(turn + SLICE_SECONDS, connection.execute(_HIGHEST).scalar() or 0.0)
    _set(connection, POOL, turn)
    _set(connection, GUESTS, turn)  # they have saved nothing either
    _set(connection, owner, max(turn, own))


def _turn(connection: sa.Connection) -> float:
    """How far the turn is, never further back than it was: the least that anybody has had of those whose runs train, else of
    those who wait; where nobody does either, the most that anybody has had. A guest has had what all have, where that counts."""
    states = connection.execute(_STATES).all()
    had = levels(connection, {POOL, GUESTS, *(row.owner for row in states)})
    least = had[GUESTS] if any(row.class_id is not None for row in states) else 0.0
    if active := [row for row in states if row.state == "running"] or states:
        now = min(had[row.owner] if row.class_id is not None else max(had[row.owner], least) for row in active)
    else:
        now = connection.execute(_HIGHEST).scalar() or 0.0
    return max(now, had[POOL])


def _set(connection: sa.Connection, account: str, seconds: float) -> None:
    row = insert_into(connection, usage).values(account=account, worker_seconds=seconds)
    # Where another has raised it meanwhile, it stays.
    higher = sa.case((usage.c.worker_seconds > seconds, usage.c.worker_seconds), else_=seconds)
    connection.execute(row.on_conflict_do_update(index_elements=[usage.c.account], set_={"worker_seconds": higher}))


# Built once: they are asked often.
_OPEN = runs.c.state.in_(("queued", "running"))
_HIGHEST = sa.select(sa.func.max(usage.c.worker_seconds)).where(usage.c.account != GUESTS)
_STATES = sa.select(runs.c.owner, runs.c.class_id, runs.c.state).where(_OPEN).distinct()
_MEMBERS = sa.select(sa.func.count(runs.c.owner.distinct())).where(_OPEN, runs.c.class_id.is_not(None))
_ACTIVE = sa.select(sa.literal(1)).select_from(runs).where(runs.c.owner == sa.bindparam("account"), _OPEN).limit(1)
