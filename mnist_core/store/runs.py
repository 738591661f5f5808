"""Runs as pages make, find and delete them."""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mnist_core import escape
from mnist_core.config import RunConfig
from mnist_core.records import Curves, LessonPlace, Outcome, Prediction, Progress, Run, State, UnreadableRun
from mnist_core.store.class_rows import class_of
from mnist_core.store.database import Part, next_order, wait_for_others
from mnist_core.store.labels import NAME_LETTERS, NOTE_LETTERS
from mnist_core.store.lesson_rows import place_columns
from mnist_core.store.limits import check_runs
from mnist_core.store.queue import fair_order
from mnist_core.store.record_reader import append_records, drop_records, with_rate_changes
from mnist_core.store.round_rows import check_demonstration, start
from mnist_core.store.rows import (
    AT_ONCE,
    DEMONSTRATION,
    as_id,
    find_row,
    insert_into,
    new_row,
    read_row,
    readable,
    to_run,
)
from mnist_core.store.tables import runs, sweeps
from mnist_core.store.usage import join

LESSON_RUNS = 200  # of a student in a lesson that are looked at, the newest


class Runs(Part):
    """New runs, lists of runs, the way out of them; a part of `Store`."""

    def create(
        self,
        owner: str,
        config: RunConfig,
        *,
        preset: str | None = None,
        variant: str | None = None,
        group: str | None = None,
        run_id: str | None = None,
        prediction: Prediction | None = None,
        round_id: str | None = None,
        demonstration: str | None = None,
        place: LessonPlace | None = None,
    ) -> str:
        """Put a new run in the queue; returns its id, which cannot be guessed.

        `run_id`: 10 random hexadecimal digits (default: new ones). The same id twice makes one run. `round_id`: the round that it
        is a part of, where what its student has predicted there is its `prediction`; `demonstration`: secret of the class whose teacher starts it, in front of all that wait;
        `place`: in which lesson it is started.
        Raises LimitError where the student has too many, or the run is too large; RoundError where the round, or that the class
        trains for it alone, does not allow it; NotTeacherError.
        """
        run_id = run_id or secrets.token_hex(5)
        with self.database.begin() as connection:
            wait_for_others(connection)
            if connection.execute(sa.select(runs.c.id).where(runs.c.id == run_id)).first():
                return run_id
            check_runs(connection, owner, [config])
            if demonstration is not None:
                check_demonstration(connection, owner, demonstration)
            of_round = start(connection, owner, round_id, [config], ("run", "range-test"), place and place.lesson)
            order = next_order(connection)
            row = new_row(run_id, owner, config, order, preset=preset, variant=variant, group_id=group)
            row |= {"class_id": class_of(connection, owner), "round_id": round_id, "prediction": of_round or prediction}
            row |= place_columns(place)
            row["priority"] = 0 if demonstration is None else DEMONSTRATION
            join(connection, owner)
            connection.execute(insert_into(connection, runs).values(row).on_conflict_do_nothing())
        return run_id

    def create_group(
        self,
        owner: str,
        configs: Sequence[RunConfig],
        group: str,
        *,
        preset: str | None = None,
        variants: Sequence[str | None] = (None,),
    ) -> list[str]:
        """Put all runs of `group` in the queue, in this order, in one transaction; returns their ids.

        `group`: 10 random hexadecimal digits; the same group twice makes its runs once. `variants` of the preset: one for
        each run, or one for all. Raises LimitError and RoundError as `create`.
        """
        with self.database.begin() as connection:
            return insert_group(connection, owner, configs, group, preset=preset, variants=variants)

    def add_finished(
        self,
        owner: str,
        config: RunConfig,
        curves: Curves,
        outcome: Outcome,
        result: Mapping[str, Any],
        progress: Progress,
        *,
        name: str = "",
        note: str = "",
        run_id: str | None = None,
        checkpoint_step: int | None = None,
    ) -> str:
        """Add a run that was trained elsewhere, with all its records; returns its id.

        `run_id` as for `create`; `checkpoint_step`: of its last weights, where they lie on disk.
        """
        run_id = run_id or secrets.token_hex(5)
        finished = {
            "state": "finished",
            "outcome": outcome,
            "result": json.dumps(dict(result)),
            "step": progress.step,
            "epoch": progress.epoch,
            "seconds": progress.seconds,
            "finished_at": time.time(),
            "name": escape.line(name)[:NAME_LETTERS],
            "note": escape.lines(note)[:NOTE_LETTERS],
            "checkpoint_step": checkpoint_step,
        }
        with self.database.begin() as connection:
            order = next_order(connection)
            row = new_row(run_id, owner, config, order) | finished | {"finished_order": order}
            row["class_id"] = class_of(connection, owner)
            connection.execute(sa.insert(runs).values(row))
            append_records(connection, run_id, curves)
        return run_id

    def get(self, run_id: str) -> Run:
        """The run. Raises RunNotFoundError, RunUnreadableError."""
        with self.database.begin(write=False) as connection:
            row = find_row(connection, run_id)
            order = fair_order(connection) if row.state == "queued" else []
            run = to_run(row, order.index(run_id) if run_id in order else None)
            return with_rate_changes(connection, [run])[0]

    def state(self, run_id: str) -> State:
        """The run's state, whether or not its settings can be read. Raises RunNotFoundError."""
        with self.database.begin(write=False) as connection:
            state: State = find_row(connection, run_id).state
            return state

    def version(self, run_id: str) -> int | None:
        """The run's version, None if there is no such run. Cheap."""
        with self.database.begin(write=False) as connection:
            return connection.execute(sa.select(runs.c.version).where(runs.c.id == as_id(run_id))).scalar()

    def newest(self, owner: str, limit: int = 50, *, of_sweeps: bool = False) -> list[Run]:
        """The owner's runs, newest first, with those of sweeps where `of_sweeps`; `unreadable` has those whose settings
        cannot be read."""
        alone = sa.or_(runs.c.group_id.is_(None), runs.c.group_id.not_in(sa.select(sweeps.c.id)))
        query = _newest(owner, limit) if of_sweeps else _newest(owner, limit).where(alone)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query).all()
            order = fair_order(connection) if any(row.state == "queued" for row in rows) else []
            places = {run_id: place for place, run_id in enumerate(order)}
            entries = (read_row(row, places.get(row.id)) for row in rows)
            return with_rate_changes(connection, [run for run in entries if isinstance(run, Run)])

    def unreadable(self, owner: str, limit: int = 50) -> list[UnreadableRun]:
        """Those of the owner's newest runs whose settings are none for this version of the program."""
        with self.database.begin(write=False) as connection:
            rows = connection.execute(_newest(owner, limit)).all()
        return [run for run in map(read_row, rows) if isinstance(run, UnreadableRun)]

    def of_lesson(self, owner: str, lesson: str) -> list[Run]:
        """The owner's runs that were started in the lesson, newest first, those of its sweeps among them."""
        started = sa.select(runs).where(
            runs.c.owner == owner, runs.c.lesson == lesson, runs.c.soft_deleted_at.is_(None)
        )
        query = started.order_by(runs.c.created_order.desc(), runs.c.id).limit(LESSON_RUNS)
        with self.database.begin(write=False) as connection:
            return with_rate_changes(connection, readable(connection.execute(query)))

    def of_group(self, group: str) -> list[Run]:
        """The runs started together under `group`, oldest first, without those whose settings cannot be read."""
        query = sa.select(runs).where(*_of_group(group)).order_by(runs.c.created_order, runs.c.id)
        with self.database.begin(write=False) as connection:
            return with_rate_changes(connection, readable(connection.execute(query)))

    def versions(self, group: str) -> dict[str, int]:
        """Ids of the group's runs, oldest first, with their versions. Cheap."""
        query = sa.select(runs.c.id, runs.c.version).where(*_of_group(group))
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.order_by(runs.c.created_order, runs.c.id)).all()
        return {row.id: row.version for row in rows}

    def versions_of(self, run_ids: Collection[str]) -> dict[str, int]:
        """Those of these runs that there are, with their versions; one cheap query, however many are asked for."""
        with self.database.begin(write=False) as connection:
            return {row.id: row.version for row in _of_ids(connection, _VERSIONS, run_ids)}

    def of_ids(self, run_ids: Collection[str]) -> list[Run]:
        """Those of these runs that there are and whose settings can be read, in no order. A queued run's place is not told."""
        with self.database.begin(write=False) as connection:
            return with_rate_changes(connection, readable(_of_ids(connection, _ROWS, run_ids)))

    def predicted(self, owner: str) -> list[Run]:
        """The owner's finished runs that a prediction was made of, oldest first."""
        query = sa.select(runs).where(runs.c.owner == owner, runs.c.prediction.is_not(None), runs.c.state == "finished")
        with self.database.begin(write=False) as connection:
            return with_rate_changes(connection, readable(connection.execute(query.order_by(runs.c.created_order))))

    def delete(self, run_id: str, owner: str) -> None:
        """Remove the run and its records; a worker that has it ends quietly. Raises RunNotFoundError."""
        with self.database.begin() as connection:
            find_row(connection, run_id, owner, write=True)
            drop_records(connection, run_id, after=-1)
            connection.execute(sa.delete(runs).where(runs.c.id == run_id))


def insert_group(
    connection: sa.Connection,
    owner: str,
    configs: Sequence[RunConfig],
    group: str,
    *,
    preset: str | None = None,
    variants: Sequence[str | None] = (None,),
    round_id: str | None = None,
    place: LessonPlace | None = None,
) -> list[str]:
    """Put all runs of `group` in the queue, in this order; returns their ids. As `Runs.create_group`.

    `round_id`: the round that they are a sweep of; `place`: in which lesson they are started.
    """
    ids = [hashlib.sha256(f"{group} {number}".encode()).hexdigest()[:10] for number in range(len(configs))]
    wait_for_others(connection)
    if connection.execute(sa.select(runs.c.id).where(runs.c.id.in_(ids))).first():
        return ids  # the same press has arrived before
    check_runs(connection, owner, configs)
    prediction = start(connection, owner, round_id, configs, ("sweep",), place and place.lesson)
    labels = variants if len(variants) == len(configs) else [variants[0]] * len(configs)
    first, in_class = next_order(connection, len(ids)), class_of(connection, owner)
    rows = [
        new_row(
            run_id,
            owner,
            config,
            first + number,
            preset=preset,
            variant=variant,
            group_id=group,
            class_id=in_class,
            round_id=round_id,
            prediction=prediction,
            **place_columns(place),
        )
        for number, (run_id, config, variant) in enumerate(zip(ids, configs, labels, strict=True))
    ]
    join(connection, owner)
    connection.execute(insert_into(connection, runs).on_conflict_do_nothing(), rows)
    return ids


# Built once: the page's process asks many times a second.
_WANTED = runs.c.id.in_(sa.bindparam("wanted", expanding=True))
_VERSIONS = sa.select(runs.c.id, runs.c.version).where(_WANTED)
_ROWS = sa.select(runs).where(_WANTED)


def _of_ids(connection: sa.Connection, query: sa.Select[Any], run_ids: Collection[str]) -> list[sa.Row[Any]]:
    ids = [as_id(run_id) for run_id in run_ids]
    parts = (ids[start : start + AT_ONCE] for start in range(0, len(ids), AT_ONCE))
    return [row for part in parts for row in connection.execute(query, {"wanted": part})]


def _of_group(group: str) -> tuple[sa.ColumnElement[bool], ...]:
    return runs.c.group_id == as_id(group), runs.c.soft_deleted_at.is_(None)


def _newest(owner: str, limit: int) -> sa.Select[Any]:
    visible = sa.select(runs).where(runs.c.owner == owner, runs.c.soft_deleted_at.is_(None))
    return visible.order_by(runs.c.created_order.desc(), runs.c.id).limit(limit)
