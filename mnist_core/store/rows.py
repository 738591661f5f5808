"""Rows of runs within a transaction: found, locked, changed, and read as `Run`."""

from __future__ import annotations

import importlib
import json
import time
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError, RunNotFoundError, RunUnreadableError
from mnist_core.escape import UserText
from mnist_core.messages import N_, Message, joined
from mnist_core.records import LessonPlace, Outcome, Progress, Run, Student, UnreadableRun
from mnist_core.store.database import next_order
from mnist_core.store.tables import runs

AT_ONCE = 500  # ids in one query: databases take some thousands
# Priorities: of runs that lost their worker, which go in front of those that wait for their turn, and of what a teacher shows.
LOST_WORKER, DEMONSTRATION = 1, 2


def find_row(connection: sa.Connection, run_id: str, owner: str | None = None, *, write: bool = False) -> sa.Row[Any]:
    """The run's row; with `write`, nobody else changes it before this transaction ends."""
    query = sa.select(runs).where(runs.c.id == as_id(run_id))
    row = connection.execute(query.with_for_update() if write else query).one_or_none()
    if row is None or (owner is not None and row.owner != owner):
        raise RunNotFoundError(
            N_("There is no run {run} here, or it belongs to someone else. Choose one from your list."),
            run=shown_id(run_id),
        )
    return row


def change_row(connection: sa.Connection, run_id: str, change: Mapping[str, Any], token: int | None = None) -> bool:
    """Change the run's row, and its version; whether there is one.

    `token`: of the worker that says so; nothing is changed where the run is no longer its own.
    """
    statement = sa.update(runs).where(runs.c.id == run_id).values(version=runs.c.version + 1, **change)
    if token is not None:
        statement = statement.where(runs.c.token == token, runs.c.state == "running")
    return bool(connection.execute(statement).rowcount)


def lock_rows(connection: sa.Connection, table: sa.Table, which: sa.ColumnElement[bool]) -> list[str]:
    """Lock several rows that are to be changed, in the order of their ids, which are returned: two who locked the same ones in
    different orders would wait for each other."""
    query = sa.select(table.c.id).where(which).order_by(table.c.id).with_for_update()
    return list(connection.execute(query).scalars())


def change_runs(connection: sa.Connection, run_ids: Sequence[str], owner: str, change: Mapping[str, Any]) -> None:
    """Change those of these runs that are the owner's, and their versions; locks them in their order."""
    own = sa.and_(runs.c.id.in_(run_ids), runs.c.owner == owner)
    lock_rows(connection, runs, own)
    connection.execute(sa.update(runs).where(own).values(version=runs.c.version + 1, **change))


def new_row(run_id: str, owner: str, config: RunConfig, order: int, **more: Any) -> dict[str, Any]:
    """The row of a new run, in the queue from now on; `order`: its number in the store's sequence."""
    row = {"id": run_id, "owner": owner, "config": config.to_json(), "state": "queued"}
    now = time.time()
    times = {"created_at": now, "queued_at": now, "created_order": order, "queued_order": order}
    return row | {"total_steps": config.total_steps} | times | more


def end_of_the_queue(connection: sa.Connection) -> dict[str, Any]:
    """What changes in the row of a run that begins to wait now: it is behind all that wait, whatever the clock says."""
    return {"queued_at": time.time(), "queued_order": next_order(connection)}


def shown_id(text: str) -> str:
    """An id from an address, fit to be shown: whatever stands there, in at most 16 characters."""
    printable = "".join(sign if sign.isprintable() else "?" for sign in text[:17])
    return printable if len(printable) <= 16 else printable[:15] + "…"


def as_id(text: str) -> str:
    """`text` where it may be the id of a run or group, else the empty id, which no row has.

    Ids come from the browser's address bar: PostgreSQL takes no NUL, SQLite no half of a surrogate pair.
    """
    return text if len(text) <= 16 and text.isascii() and text.isprintable() else ""


def insert_into(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT, which SQLAlchemy has for each kind of database apart."""
    return importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)


# What a reset makes of a run's row.
AT_THE_BEGINNING: Mapping[str, Any] = {
    "state": "paused",
    "outcome": None,
    "command": None,
    "rate_request": None,
    "learning_rate": None,
    "step": 0,
    "epoch": 0.0,
    "seconds": 0.0,
    "images_per_second": 0.0,
    "result": None,
    "error": None,
    "checkpoint_step": None,
    "checkpoint_token": None,
    "threads": None,
    "attempts": 0,
    "slice_over": False,
}


# What is taken back where a run that has failed is to go on.
GOING_ON: Mapping[str, Any] = {
    "state": "queued",
    "outcome": None,
    "command": None,
    "result": None,
    "error": None,
    "finished_at": None,
    "finished_order": None,
    "stopped_by_teacher": False,  # it failed before it could be stopped
}


def as_ended(connection: sa.Connection, outcome: Outcome) -> dict[str, Any]:
    """What changes in the row of a run that is over now. Whoever asks has locked it before the sequence, as everywhere: two who
    wait for each other would fail."""
    return {
        "state": "finished",
        "outcome": outcome,
        "command": None,
        "rate_request": None,
        "finished_at": time.time(),
        "finished_order": next_order(connection),
    }


def end_run(
    connection: sa.Connection,
    run_id: str,
    outcome: Outcome,
    result: Mapping[str, Any],
    error: Message | None = None,
    token: int | None = None,
) -> bool:
    """The run is over now. Whether there is one; `token` as for `change_row`."""
    lock_rows(connection, runs, runs.c.id == run_id)
    why = {"result": json.dumps(dict(result)), "error": json.dumps(error.to_dict()) if error else None}
    return change_row(connection, run_id, as_ended(connection, outcome) | why, token)


# To read and check settings is most of the work of listing a thousand runs, and they never change. 4 kB each: 20 MB at most.
_settings = lru_cache(5_000)(RunConfig.from_json)


def settings_in(text: str) -> RunConfig | None:
    """A run's settings as its row has them; None where they are none for this version of the program."""
    try:
        return _settings(text)
    except ConfigError:
        return None


def readable(rows: Iterable[sa.Row[Any]]) -> list[Run]:
    """The runs, without those whose settings cannot be read."""
    return [run for run in map(read_row, rows) if isinstance(run, Run)]


def read_row(row: sa.Row[Any], queue_place: int | None = None) -> Run | UnreadableRun:
    """The run, or that its settings are none for this version of the program. `queue_place`: from 0."""
    try:
        return to_run(row, queue_place)
    except RunUnreadableError as error:
        return UnreadableRun(row.id, row.created_at, error.message)


def student_of(row: Any) -> Student:
    """Whose a run or an analysis is, from `owner` and `class_id`."""
    return Student(row.owner, row.class_id is None)


def to_run(row: sa.Row[Any], queue_place: int | None = None) -> Run:
    """The run. Raises RunUnreadableError."""
    try:
        config = _settings(row.config)
    except ConfigError as error:
        raise RunUnreadableError(
            N_("This version of the program cannot read the settings of run {run}: {problem}"),
            run=row.id,
            problem=joined([problem.message for problem in error.problems]),
        ) from error
    return Run(
        id=row.id,
        owner=row.owner,
        config=config,
        state=row.state,
        version=row.version,
        created_at=row.created_at,
        preset=row.preset,
        variant=row.variant,
        group=row.group_id,
        outcome=row.outcome,
        error=Message.from_dict(json.loads(row.error)) if row.error else None,
        progress=Progress(row.step, row.total_steps, row.epoch, row.seconds, row.images_per_second),
        learning_rate=row.learning_rate,
        rate_request=row.rate_request,
        # While it trains those in the row are of its last pause: they belong to no step that is shown.
        result=json.loads(row.result) if row.result and row.state != "running" else {},
        attempts=row.attempts,
        threads=row.threads,
        token=row.token,
        checkpoint_step=row.checkpoint_step,
        checkpoint_token=row.checkpoint_token,
        command=row.command,
        worker=row.worker,
        started_at=row.started_at,
        finished_at=row.finished_at,
        queue_place=queue_place,
        prediction=row.prediction,
        name=UserText(row.name),
        note=UserText(row.note),
        star=row.star,
        color=row.color,
        soft_deleted=row.soft_deleted_at is not None,
        round=row.round_id,
        place=LessonPlace(row.lesson, row.block) if row.lesson and row.block else None,
        stopped_by_teacher=row.stopped_by_teacher,
        guest=row.class_id is None,
        demonstration=row.priority == DEMONSTRATION,
    )
