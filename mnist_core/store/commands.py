"""What pages ask of runs; a running one's worker reads it between steps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

import sqlalchemy as sa

from mnist_core.records import Requests
from mnist_core.store.class_rows import check_member
from mnist_core.store.database import Part, wait_for_others
from mnist_core.store.limits import check_queue, check_sweeps
from mnist_core.store.own_images import check_images
from mnist_core.store.record_reader import drop_records
from mnist_core.store.round_rows import check_going_on, check_rate
from mnist_core.store.rows import AT_THE_BEGINNING, GOING_ON, as_ended, change_row, end_of_the_queue, find_row, readable
from mnist_core.store.tables import runs, sweeps
from mnist_core.store.usage import join
from mnist_core.store.weights_at_rest import check_rest, check_start

Command = Literal["pause", "resume", "stop", "step", "reset"]


class Commands(Part):
    """Requests to runs; a part of `Store`."""

    def send(self, run_id: str, owner: str, command: Command) -> None:
        """Ask something of one's own run. What needs no worker is done at once; senseless requests change nothing.

        pause, resume (also of a run that has failed, from its last checkpoint or afresh), stop, step (one update, then
        paused), reset (back to step 0, paused). A run that is to go on waits like a new one, behind all that wait already, and
        within the same bounds: no command brings a run in front of others. None takes back a stop that the teacher has asked for,
        and what is soft-deleted is stopped and nothing else.
        Raises RunNotFoundError where the run is not the owner's, LimitError where a run is to go on that only members may train,
        where too many wait, or whose images its owner may not use (any more), or where a run is to rest and there is no room for its
        weights; RoundError where its class trains for another round alone.
        """
        if command not in get_args(Command):
            raise ValueError(f"expected one of {get_args(Command)}, got {command!r}")
        with self.database.begin() as connection:
            row = find_row(connection, run_id, owner, write=True)
            change = None if _is_ending(row, command) else _after_request(connection, row, command)
            if change is None:
                return
            if _keeps_weights(row, command):
                wait_for_others(connection)
                check_rest(connection, row)
            if change.get("state") == "queued":
                wait_for_others(connection)
                check_member(connection, owner)
                for run in readable([row]):  # one that cannot be read fails when its turn comes
                    check_images(connection, owner, run.config)
                if row.state == "finished" and row.checkpoint_step is not None:  # which nobody may remove from now on
                    check_start(connection, owner, guest=row.class_id is None)
                check_queue(connection, owner, 1, guest=row.class_id is None)
                if connection.execute(sa.select(sweeps.c.id).where(sweeps.c.id == row.group_id)).first():
                    check_sweeps(connection, owner, but=row.group_id)
                check_going_on(connection, owner, row.round_id)
                change |= {"priority": 0, "slice_over": False} | end_of_the_queue(connection)
                join(connection, owner)
            if command == "reset" and row.state != "running":
                drop_records(connection, run_id, after=-1)
            change_row(connection, run_id, change)

    def set_learning_rate(self, run_id: str, owner: str, value: float) -> None:
        """Ask for another learning rate from the next step on. Raises RunNotFoundError, RoundError where its round locks it."""
        with self.database.begin() as connection:
            row = find_row(connection, run_id, owner, write=True)
            if row.state != "finished" and row.soft_deleted_at is None:
                check_rate(connection, row.round_id, value)
                change_row(connection, run_id, {"rate_request": value})

    def pending(self, run_ids: Sequence[str], tokens: Mapping[str, int] | None = None) -> dict[str, Requests]:
        """What pages want of running runs; those that are gone or no longer running are left out. Cheap.

        `tokens`: by which a worker has the runs (default: whoever has them); those that another has by now are left out.
        """
        columns = (runs.c.id, runs.c.command, runs.c.rate_request, runs.c.slice_over, runs.c.token)
        query = sa.select(*columns).where(runs.c.id.in_(run_ids), runs.c.state == "running")
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query).all()
        own = (row for row in rows if tokens is None or tokens[row.id] == row.token)
        return {row.id: Requests(row.command, row.rate_request, row.slice_over) for row in own}


def _is_ending(row: sa.Row[Any], command: Command) -> bool:
    """Whether the run is to end, whatever else its student asks: he deleted it, or his teacher stops it and no worker has heard
    that yet."""
    stopped_by_teacher = row.stopped_by_teacher and row.command == "stop"
    return command != "stop" and (row.soft_deleted_at is not None or stopped_by_teacher)


def _keeps_weights(row: sa.Row[Any], command: Command) -> bool:
    """Whether the run rests with weights once it has done what is asked, and is not at rest, or about to be, already."""
    if command not in ("pause", "step") or row.command in ("pause", "step"):
        return False
    if row.state == "paused":
        return row.checkpoint_step is None
    return command == "step" or row.state == "running" or row.checkpoint_step is not None


def _after_request(connection: sa.Connection, row: sa.Row[Any], command: Command) -> dict[str, Any] | None:
    """What `command` changes in a run's row; None: nothing."""
    if row.state == "finished":
        return dict(GOING_ON) if command == "resume" and row.outcome == "failed" else None
    if row.state == "running":
        return {"command": None if command == "resume" else command}
    if command == "reset":
        return dict(AT_THE_BEGINNING)
    if command == "stop":
        return as_ended(connection, "stopped")
    if command == "pause":
        return {"state": "paused", "command": None} if row.state == "queued" else None
    request = "step" if command == "step" else None
    if row.state == "paused":
        return {"state": "queued", "command": request}
    return {"command": request}  # queued: resume or step
