"""The queue: which run is next, who takes it, and what goes back into it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import sqlalchemy as sa

from mnist_core.records import Run, UnreadableRun
from mnist_core.store.database import Database
from mnist_core.store.lease import holds
from mnist_core.store.rows import change_row, end_of_the_queue, end_run, find_row, read_row, readable, to_run
from mnist_core.store.tables import runs
from mnist_core.store.usage import SLICE_SECONDS, levels


@dataclass(eq=False)
class Queue:
    """Runs that wait, and those that train now; a part of `Store`."""

    database: Database

    def next(self, limit: int) -> list[Run]:
        """The runs to start next, in fair order: of the student first that has had least of the workers.

        A run whose settings cannot be read ends as failed when its turn comes.
        """
        with self.database.begin(write=False) as connection:
            ids = fair_order(connection)[:limit]
            if not ids:  # most often: the dispatcher looks many times a second
                return []
            rows = {row.id: row for row in connection.execute(sa.select(runs).where(runs.c.id.in_(ids)))}
        entries = [read_row(rows[run_id], place) for place, run_id in enumerate(ids) if run_id in rows]
        if unreadable := [run for run in entries if isinstance(run, UnreadableRun)]:
            with self.database.begin() as connection:
                for run in unreadable:
                    end_run(connection, run.id, "failed", {}, run.problem)
        return [run for run in entries if isinstance(run, Run)]

    def claim(self, run_id: str, worker: str, threads: int, lease: int | None = None) -> Run | None:
        """Make a queued run this worker's, with a new token; None where it is no longer queued (stopped or taken meanwhile).

        A run that was begun keeps the number of threads it was begun with: sums depend on it in the last digits.
        `lease`: token of the cluster that sent the worker; a cluster that has lost its lease (default: none) gets nothing.
        Raises RunUnreadableError.
        """
        with self.database.begin() as connection:
            if not holds(connection, lease):
                return None
            row = connection.execute(sa.select(runs).where(runs.c.id == run_id).with_for_update()).one_or_none()
            if row is None or row.state != "queued":
                return None
            change = {
                "state": "running",
                "worker": worker,
                "threads": row.threads or threads,
                "attempts": row.attempts + 1,
                "token": row.token + 1,
                "started_at": row.started_at or time.time(),
            }
            change_row(connection, run_id, change)
            return to_run(find_row(connection, run_id))

    def overview(self) -> tuple[list[Run], list[Run]]:
        """The runs that train, and those that wait, in fair order; without those whose settings cannot be read."""
        with self.database.begin(write=False) as connection:
            order = fair_order(connection)
            query = sa.select(runs).where(sa.or_(runs.c.state == "running", runs.c.id.in_(order)))
            rows = {row.id: row for row in connection.execute(query)}
        training = [row for row in rows.values() if row.state == "running"]
        return readable(training), readable(rows[run_id] for run_id in order if run_id in rows)

    def requeue(self, run_id: str, token: int | None = None) -> None:
        """Put a running run back in the queue, in front: its worker was lost, or (`token`) lets go of it."""
        with self.database.begin() as connection:
            row = find_row(connection, run_id, write=True)
            if row.state == "running" and token in (None, row.token):
                change_row(connection, run_id, {"state": "queued", "priority": 1})

    def requeue_last(self, run_id: str, token: int | None = None) -> None:
        """Put a running run back in the queue, behind all that wait: its student took it out of its stack. `token` as for
        `requeue`."""
        with self.database.begin() as connection:
            row = find_row(connection, run_id, write=True)
            if row.state == "running" and token in (None, row.token):
                change_row(connection, run_id, {"state": "queued", "priority": 0} | end_of_the_queue(connection))

    def requeue_lost(self) -> list[str]:
        """Put every running run back in the queue, in front: a new cluster starts and none of them has a worker."""
        with self.database.begin() as connection:
            query = sa.select(runs.c.id).where(runs.c.state == "running").order_by(runs.c.id).with_for_update()
            lost = list(connection.execute(query).scalars())
            for run_id in lost:
                change_row(connection, run_id, {"state": "queued", "priority": 1})
        return lost


# Built once: the dispatcher asks many times a second.
_WAITING = (
    sa.select(runs.c.id, runs.c.owner, runs.c.priority)
    .where(runs.c.state == "queued")
    .order_by(runs.c.priority.desc(), runs.c.queued_order, runs.c.id)
)


def fair_order(connection: sa.Connection) -> list[str]:
    """Ids of the queued runs: those that lost their worker first, each kind as in `in_turn`."""
    waiting = connection.execute(_WAITING).all()
    if not waiting:
        return []
    running = connection.execute(sa.select(runs.c.owner).where(runs.c.state == "running")).scalars().all()
    had = levels(connection, {row.owner for row in waiting})
    return in_turn(((row.id, row.owner, row.priority) for row in waiting), running, had)


def in_turn(waiting: Iterable[tuple[str, str, int]], running: Iterable[str], had: Mapping[str, float]) -> list[str]:
    """Ids in fair order: by priority, by what their owners have had, by age.

    `waiting`: (id, owner, priority), highest priority and then oldest in front; `running`: owners of what is being
    computed; `had`: worker-seconds by owner. Each of an owner's that is before another, or is computed, counts as a slice.
    """
    before = Counter(running)
    ranked = []
    for place, (item_id, owner, priority) in enumerate(waiting):
        ranked.append((-priority, had.get(owner, 0.0) + SLICE_SECONDS * before[owner], place, item_id))
        before[owner] += 1
    return [item_id for *_rank, item_id in sorted(ranked)]
