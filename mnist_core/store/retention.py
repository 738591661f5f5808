"""What does not stay: soft-deleted runs, which show nowhere, can be restored and are deleted in the end; old weights."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence

import sqlalchemy as sa

from mnist_core.store.database import Part
from mnist_core.store.lease import served_seconds
from mnist_core.store.rows import AT_ONCE, as_ended, change_row, change_runs, lock_rows
from mnist_core.store.tables import runs
from mnist_core.store.weights_at_rest import guests_are_crowded

NOBODY = "deleted"  # whose runs of a class are that was deleted: no cookie has this name
# Runs that are over, and those that were reset: they go on without what their last worker left.
_MAY_GO = sa.or_(runs.c.state == "finished", sa.and_(runs.c.state == "paused", runs.c.checkpoint_step.is_(None)))
_GOES_ON = sa.or_(
    runs.c.state.in_(("queued", "paused")),
    sa.and_(runs.c.state == "running", runs.c.command.is_distinct_from("stop")),
)


class Retention(Part):
    """Soft-deleted runs, and weights that are kept no more; a part of `Store`."""

    def soft_delete(self, run_ids: Sequence[str], owner: str) -> None:
        """Take one's own runs out of sight, to be deleted later; those that are not over end as stopped."""
        own = sa.and_(runs.c.id.in_(run_ids), runs.c.owner == owner)
        with self.database.begin() as connection:
            hidden = {"soft_deleted_at": time.time(), "soft_deleted_served": served_seconds(connection)}
            change_runs(connection, run_ids, owner, hidden)  # locks the rows before the sequence
            end_all(connection, own)

    def restore(self, run_ids: Sequence[str], owner: str) -> None:
        """Show one's own soft-deleted runs again."""
        with self.database.begin() as connection:
            change_runs(connection, run_ids, owner, {"soft_deleted_at": None, "soft_deleted_served": None})

    def oldest_weights(self, kept: Collection[str] = ()) -> list[str]:
        """Ids of runs whose weights may go: those that ended first in front, runs with a star last; where their files are there
        (`kept`), or the store takes it so."""
        query = sa.select(runs.c.id, runs.c.checkpoint_step).where(_MAY_GO)
        in_order = query.order_by(runs.c.star, runs.c.finished_order, runs.c.queued_order)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(in_order).all()
        return [row.id for row in rows if row.checkpoint_step is not None or row.id in kept]

    def resting(self) -> list[str]:
        """Ids of runs that wait or are paused, those first that were queued first."""
        query = sa.select(runs.c.id).where(runs.c.state.in_(("queued", "paused"))).order_by(runs.c.queued_order)
        with self.database.begin(write=False) as connection:
            return list(connection.execute(query).scalars())

    def owners(self, run_ids: Sequence[str]) -> dict[str, str]:
        """Whose each of these runs is."""
        found: dict[str, str] = {}
        with self.database.begin(write=False) as connection:
            for start in range(0, len(run_ids), AT_ONCE):
                these = runs.c.id.in_(run_ids[start : start + AT_ONCE])
                rows = connection.execute(sa.select(runs.c.id, runs.c.owner).where(these))
                found |= {row.id: row.owner for row in rows}
        return found

    def of_classes(self) -> set[str]:
        """Who has runs of a class; all others are guests."""
        query = sa.select(runs.c.owner).where(runs.c.class_id.is_not(None)).distinct()
        with self.database.begin(write=False) as connection:
            return set(connection.execute(query).scalars())

    def forget_weights(self, run_id: str) -> bool:
        """A run's weights are kept no more; False where it needs them (by now)."""
        change = sa.update(runs).where(runs.c.id == run_id, _MAY_GO)
        with self.database.begin() as connection:
            return bool(connection.execute(change.values(checkpoint_step=None, version=runs.c.version + 1)).rowcount)

    def paused_of_guests(self) -> dict[str, int]:
        """Versions of the paused runs of browsers without a class that keep weights, by their ids, those first that were queued first."""
        paused = sa.and_(runs.c.state == "paused", runs.c.class_id.is_(None), runs.c.checkpoint_step.is_not(None))
        query = sa.select(runs.c.id, runs.c.version).where(paused).order_by(runs.c.queued_order)
        with self.database.begin(write=False) as connection:
            return {row.id: row.version for row in connection.execute(query)}

    def is_crowded(self) -> bool:
        """Whether weights at rest of browsers without a class take more than half of their room."""
        with self.database.begin(write=False) as connection:
            return guests_are_crowded(connection)

    def end_paused(self, run_id: str, version: int) -> bool:
        """Stop a paused run; False where somebody has touched it since it had this version."""
        same = sa.and_(runs.c.id == run_id, runs.c.state == "paused", runs.c.version == version)
        with self.database.begin() as connection:
            found = lock_rows(connection, runs, same)
            return bool(found) and change_row(connection, run_id, as_ended(connection, "stopped"))

    def end_soft_deleted(self) -> int:
        """Stop what is soft-deleted and waits, is paused or trains on; how many there were. There are none but those that an
        earlier version let be paused or continued after they were deleted."""
        hidden = sa.and_(_GOES_ON, runs.c.soft_deleted_at.is_not(None))
        with self.database.begin(write=False) as connection:
            if connection.execute(sa.select(runs.c.id).where(hidden).limit(1)).first() is None:
                return 0
        with self.database.begin() as connection:
            ids = lock_rows(connection, runs, hidden)
            connection.execute(sa.update(runs).where(runs.c.id.in_(ids)).values(version=runs.c.version + 1))
            end_all(connection, runs.c.id.in_(ids))
        return len(ids)

    def expired(self, seconds: float) -> list[tuple[str, str]]:
        """(id, owner) of finished runs that were soft-deleted at least so many `seconds` ago, by the store's own clock.

        That clock goes only while a cluster serves the store: the machine's may be set forward by a day.
        """
        with self.database.begin(write=False) as connection:
            query = sa.select(runs.c.id, runs.c.owner).where(_expired(connection, seconds))
            return [(row.id, row.owner) for row in connection.execute(query)]

    def give_up(self, run_id: str, seconds: float) -> bool:
        """Take a run for good that is to be deleted with its files: it is nobody's from now on, so that nobody can restore it.
        False where it has not `expired`, or was restored since."""
        with self.database.begin() as connection:
            statement = sa.update(runs).where(runs.c.id == run_id, _expired(connection, seconds))
            return bool(connection.execute(statement.values(owner=NOBODY, version=runs.c.version + 1)).rowcount)


def _expired(connection: sa.Connection, seconds: float) -> sa.ColumnElement[bool]:
    since = runs.c.soft_deleted_served <= served_seconds(connection) - seconds
    return sa.and_(runs.c.state == "finished", since)


def give_up_runs(connection: sa.Connection, class_id: str) -> None:
    """Take all runs of a class out of sight for good: nobody can restore them, and they are deleted as soon as they have ended."""
    own = runs.c.class_id == class_id
    hidden = {"soft_deleted_at": time.time(), "soft_deleted_served": -1e12, "owner": NOBODY}
    lock_rows(connection, runs, own)
    connection.execute(sa.update(runs).where(own).values(version=runs.c.version + 1, **hidden))
    end_all(connection, own)


def end_all(connection: sa.Connection, which: sa.ColumnElement[bool]) -> None:
    """Stop those of the runs that are not over; whoever asks for it has locked them."""
    training, waiting = runs.c.state == "running", runs.c.state.in_(("queued", "paused"))
    connection.execute(sa.update(runs).where(which, training).values(command="stop"))
    connection.execute(sa.update(runs).where(which, waiting).values(as_ended(connection, "stopped")))
