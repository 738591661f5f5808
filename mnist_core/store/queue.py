"""The queue: which run is next, who takes it, and what goes back into it."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from typing import Any

import sqlalchemy as sa

from mnist_core.records import Run, UnreadableRun
from mnist_core.store.database import Part
from mnist_core.store.lease import holds
from mnist_core.store.rows import (
    LOST_WORKER,
    change_row,
    end_of_the_queue,
    end_run,
    find_row,
    lock_rows,
    read_row,
    readable,
    student_of,
    to_run,
)
from mnist_core.store.tables import classes, runs
from mnist_core.store.turns import in_turn
from mnist_core.store.usage import GUESTS, levels


class Queue(Part):
    """Runs that wait, and those that train now; a part of `Store`."""

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
                "attempts": row.attempts + (not row.slice_over),  # nothing is made again where it made room for others
                "token": row.token + 1,
                "slice_over": False,
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
                change_row(connection, run_id, _IN_FRONT)

    def requeue_last(self, run_id: str, token: int | None = None) -> None:
        """Put a running run back in the queue, behind all that wait: its student took it out of its stack. `token` as for
        `requeue`."""
        with self.database.begin() as connection:
            row = find_row(connection, run_id, write=True)
            if row.state == "running" and token in (None, row.token):
                change_row(connection, run_id, _BEHIND | end_of_the_queue(connection))

    def end_slices(self, run_ids: Collection[str]) -> None:
        """Ask those of these runs that train to make room for others: their worker puts them back."""
        training = sa.and_(runs.c.id.in_(run_ids), runs.c.state == "running")
        with self.database.begin() as connection:
            lock_rows(connection, runs, training)
            connection.execute(sa.update(runs).where(training).values(slice_over=True))

    def put_back(self, tokens: Mapping[str, int]) -> set[str]:
        """Let running runs wait again, each where its age puts it: their slice is over. Ids of those that wait now, and are
        no longer their worker's, who has them by these `tokens`; one of which something is asked stays with him."""
        with self.database.begin() as connection:
            query = sa.select(runs.c.id, runs.c.command, runs.c.rate_request, runs.c.token, runs.c.state)
            rows = connection.execute(query.where(runs.c.id.in_(tokens)).order_by(runs.c.id).with_for_update()).all()
            free = {row.id for row in rows if row.command is None and row.rate_request is None}
            for row in rows:
                if row.id in free and row.state == "running" and row.token == tokens[row.id]:
                    change_row(connection, row.id, {"state": "queued", "slice_over": True})
        return free | (set(tokens) - {row.id for row in rows})

    def requeue_lost(self) -> list[str]:
        """Put every running run back in the queue, in front: a new cluster starts and none of them has a worker."""
        with self.database.begin() as connection:
            lost = lock_rows(connection, runs, runs.c.state == "running")
            for run_id in lost:
                change_row(connection, run_id, _IN_FRONT)
        return lost


_IN_FRONT: Mapping[str, Any] = {"state": "queued", "priority": LOST_WORKER, "slice_over": False}
_BEHIND: dict[str, Any] = {"state": "queued", "priority": 0, "slice_over": False}


# Built once: the dispatcher asks many times a second.
_PAUSED = sa.select(classes.c.id).where(classes.c.paused)
_WAITING = (
    sa.select(runs.c.id, runs.c.owner, runs.c.class_id, runs.c.priority)
    .where(runs.c.state == "queued", sa.or_(runs.c.class_id.is_(None), runs.c.class_id.not_in(_PAUSED)))
    .order_by(runs.c.priority.desc(), runs.c.queued_order, runs.c.id)
)
_RUNNING = sa.select(runs.c.owner, runs.c.class_id).where(runs.c.state == "running")


def fair_order(connection: sa.Connection) -> list[str]:
    """Ids of the queued runs, without those of classes whose teacher lets none begin: what a teacher shows first, then those that
    lost their worker, each kind in turn (`turns.in_turn`)."""
    waiting = connection.execute(_WAITING).all()
    if not waiting:
        return []
    running = [student_of(row) for row in connection.execute(_RUNNING)]
    had = levels(connection, {GUESTS, *(row.owner for row in waiting)})
    return in_turn(((row.id, student_of(row), row.priority) for row in waiting), running, had)
