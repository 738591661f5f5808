"""Store: what pages and workers may do with runs. Knows nothing of Streamlit, Dask or torch.

Every method is one transaction, safe from many threads and processes. Whatever changes a run raises its version,
so that a page asks one cheap question ("is it still version n?") before it reads anything.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import secrets
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Literal, get_args

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError, RunNotFoundError, RunUnreadableError
from mnist_core.messages import N_, Message
from mnist_core.records import (
    DTYPES,
    Curves,
    Event,
    Outcome,
    Prediction,
    Progress,
    Report,
    Requests,
    Run,
    State,
    SweepRecord,
    UnreadableRun,
)
from mnist_core.store.engine import as_sentences, open_engine
from mnist_core.store.labels import NAME_LETTERS, NOTE_LETTERS, Labels
from mnist_core.store.studies import Studies
from mnist_core.store.tables import chunks, events, facts, runs, sweeps

Command = Literal["pause", "resume", "stop", "step", "reset"]


class Store(Studies, Labels):
    """The store at `url` (default: `settings.store_url()`), made and migrated on opening.

    Raises StoreUnavailableError, from any method, when the database cannot be used.
    """

    def __init__(self, url: str | None = None) -> None:
        self.url = url or settings.store_url()
        self._engine = open_engine(self.url)

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    @contextmanager
    def _begin(self, *, write: bool = True) -> Iterator[sa.Connection]:
        with as_sentences(self.url), self._engine.connect() as connection:
            if write and self._engine.dialect.name == "sqlite":
                # Take the write lock at once: a transaction that reads first and writes later may be refused.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()

    # ---- pages -------------------------------------------------------------------------------------------------

    def create_run(
        self,
        owner: str,
        config: RunConfig,
        *,
        preset: str | None = None,
        variant: str | None = None,
        group: str | None = None,
        run_id: str | None = None,
        prediction: Prediction | None = None,
    ) -> str:
        """Put a new run in the queue; returns its id, which cannot be guessed.

        `run_id`: 10 random hexadecimal digits (default: new ones). The same id twice makes one run.
        """
        run_id = run_id or secrets.token_hex(5)
        row = _new_row(run_id, owner, config, time.time(), preset=preset, variant=variant, group_id=group)
        row["prediction"] = prediction
        with self._begin() as connection:
            connection.execute(_insert(connection, runs).values(row).on_conflict_do_nothing())
        return run_id

    def create_runs(
        self,
        owner: str,
        configs: Sequence[RunConfig],
        group: str,
        *,
        preset: str | None = None,
        variants: Sequence[str | None] = (None,),
        sweep: SweepRecord | None = None,
    ) -> list[str]:
        """Put all runs of `group` in the queue, in this order, in one transaction; returns their ids.

        `group`: 10 random hexadecimal digits; the same group twice makes its runs once. `variants` of the preset: one for
        each run, or one for all. `sweep`: kept beside them.
        """
        now = time.time()
        ids = [hashlib.sha256(f"{group} {number}".encode()).hexdigest()[:10] for number in range(len(configs))]
        of = variants if len(variants) == len(configs) else [variants[0]] * len(configs)
        rows = [
            # A microsecond apart: the queue and the list keep the order.
            _new_row(run_id, owner, config, now + 1e-6 * number, preset=preset, variant=variant, group_id=group)
            for number, (run_id, config, variant) in enumerate(zip(ids, configs, of, strict=True))
        ]
        with self._begin() as connection:
            connection.execute(_insert(connection, runs).on_conflict_do_nothing(), rows)
            if sweep is not None:
                row = {
                    "id": group,
                    "owner": owner,
                    "created_at": now,
                    "config": sweep.config.to_json(),
                    "rates": json.dumps(sweep.rates),
                    "seeds": sweep.seeds,
                    "preset": preset,
                    "variant": variants[0],
                    "predicted_edge": sweep.predicted_edge,
                }
                connection.execute(_insert(connection, sweeps).values(row).on_conflict_do_nothing())
        return ids

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

        `run_id` as for `create_run`; `checkpoint_step`: of its last weights, where they lie on disk.
        """
        run_id, now = run_id or secrets.token_hex(5), time.time()
        row = _new_row(run_id, owner, config, now) | {
            "state": "finished",
            "outcome": outcome,
            "result": json.dumps(dict(result)),
            "step": progress.step,
            "epoch": progress.epoch,
            "seconds": progress.seconds,
            "finished_at": now,
            "name": name[:NAME_LETTERS],
            "note": note[:NOTE_LETTERS],
            "checkpoint_step": checkpoint_step,
        }
        with self._begin() as connection:
            connection.execute(sa.insert(runs).values(row))
            _append(connection, run_id, curves)
        return run_id

    def get(self, run_id: str) -> Run:
        """The run. Raises RunNotFoundError, RunUnreadableError."""
        with self._begin(write=False) as connection:
            row = self._row(connection, run_id)
            order = _queue(connection) if row.state == "queued" else []
        return _run(row, order.index(run_id) if run_id in order else None)

    def state(self, run_id: str) -> State:
        """The run's state, whether or not its settings can be read. Raises RunNotFoundError."""
        with self._begin(write=False) as connection:
            state: State = self._row(connection, run_id).state
            return state

    def version(self, run_id: str) -> int | None:
        """The run's version, None if there is no such run. Cheap."""
        with self._begin(write=False) as connection:
            return connection.execute(sa.select(runs.c.version).where(runs.c.id == _id(run_id))).scalar()

    def list_runs(self, owner: str, limit: int = 50, *, of_sweeps: bool = False) -> list[Run]:
        """The owner's runs, newest first, with those of sweeps where they are wanted; `list_unreadable` has those whose
        settings cannot be read."""
        alone = sa.or_(runs.c.group_id.is_(None), runs.c.group_id.not_in(sa.select(sweeps.c.id)))
        query = _newest(owner, limit) if of_sweeps else _newest(owner, limit).where(alone)
        with self._begin(write=False) as connection:
            rows = connection.execute(query).all()
            order = _queue(connection) if any(row.state == "queued" for row in rows) else []
        places = {run_id: place for place, run_id in enumerate(order)}
        return [run for run in (_read(row, places.get(row.id)) for row in rows) if isinstance(run, Run)]

    def list_unreadable(self, owner: str, limit: int = 50) -> list[UnreadableRun]:
        """Those of the owner's newest runs whose settings are none for this version of the program."""
        with self._begin(write=False) as connection:
            rows = connection.execute(_newest(owner, limit)).all()
        return [run for run in map(_read, rows) if isinstance(run, UnreadableRun)]

    def list_group(self, group: str) -> list[Run]:
        """The runs started together under `group`, oldest first, without those whose settings cannot be read."""
        query = sa.select(runs).where(*_of_group(group)).order_by(runs.c.created_at, runs.c.id)
        with self._begin(write=False) as connection:
            return [run for run in map(_read, connection.execute(query)) if isinstance(run, Run)]

    def group_versions(self, group: str) -> dict[str, int]:
        """Ids of the group's runs, oldest first, with their versions. Cheap."""
        query = sa.select(runs.c.id, runs.c.version).where(*_of_group(group))
        with self._begin(write=False) as connection:
            found = connection.execute(query.order_by(runs.c.created_at, runs.c.id)).all()
        return {row.id: row.version for row in found}

    def ahead_of(self, group: str) -> list[Run]:
        """What is before a group of which no run has begun: runs that train, then queued ones, in fair order."""
        with self._begin(write=False) as connection:
            mine = set(connection.execute(sa.select(runs.c.id).where(runs.c.group_id == _id(group))).scalars())
            order = _queue(connection)
            first = next((place for place, run_id in enumerate(order) if run_id in mine), 0)
            query = sa.select(runs).where(sa.or_(runs.c.state == "running", runs.c.id.in_(order[:first])))
            rows = {row.id: row for row in connection.execute(query)}
        ordered = [row for row in rows.values() if row.state == "running" and row.id not in mine]
        ordered += [rows[run_id] for run_id in order[:first] if run_id in rows]
        return [run for run in map(_read, ordered) if isinstance(run, Run)]

    def sweep(self, sweep_id: str) -> SweepRecord | None:
        """The sweep, None where there is none, or its settings are another version's."""
        with self._begin(write=False) as connection:
            row = connection.execute(sa.select(sweeps).where(sweeps.c.id == _id(sweep_id))).one_or_none()
        return None if row is None else _sweep(row)

    def list_sweeps(self, owner: str, limit: int = 50) -> list[SweepRecord]:
        """The owner's sweeps, newest first."""
        query = sa.select(sweeps).where(sweeps.c.owner == owner).order_by(sweeps.c.created_at.desc()).limit(limit)
        with self._begin(write=False) as connection:
            rows = connection.execute(query).all()
        return [found for found in map(_sweep, rows) if found is not None]

    def settle_sweep(self, sweep_id: str, off: float) -> None:
        """Keep by what factor a sweep's prediction missed; the first answer stays."""
        change = sa.update(sweeps).where(sweeps.c.id == _id(sweep_id), sweeps.c.off.is_(None)).values(off=off)
        with self._begin() as connection:
            connection.execute(change)

    def list_predicted(self, owner: str) -> list[Run]:
        """The owner's finished runs that a prediction was made of, oldest first."""
        query = sa.select(runs).where(runs.c.owner == owner, runs.c.prediction.is_not(None), runs.c.state == "finished")
        with self._begin(write=False) as connection:
            rows = connection.execute(query.order_by(runs.c.created_at)).all()
        return [run for run in map(_read, rows) if isinstance(run, Run)]

    def curves(self, run_id: str, after_step: int = -1, after_evaluation: int = -1) -> Curves:
        """What was recorded after those steps (default: everything), with all events."""
        after = dict.fromkeys(DTYPES, after_evaluation) | {"steps": after_step}
        query = (
            sa.select(chunks.c.kind, chunks.c.data)
            .where(
                chunks.c.run_id == _id(run_id),
                sa.or_(*(sa.and_(chunks.c.kind == kind, chunks.c.last_step > step) for kind, step in after.items())),
            )
            .order_by(chunks.c.last_step)
        )
        with self._begin(write=False) as connection:
            rows = connection.execute(query).all()
            happened = connection.execute(
                sa.select(events).where(events.c.run_id == _id(run_id)).order_by(events.c.id)
            ).all()
        arrays = {
            kind: _unpack((row.data for row in rows if row.kind == kind), dtype, after[kind])
            for kind, dtype in DTYPES.items()
        }
        return Curves(
            arrays["steps"],
            arrays["evaluations"],
            tuple(Event(row.step, row.kind, row.value) for row in happened),
            arrays["layers"],
            arrays["sharpness"],
        )

    def request(self, run_id: str, owner: str, command: Command) -> None:
        """Ask something of one's own run. What needs no worker is done at once; senseless requests change nothing.

        pause, resume, stop, step (one update, then paused), reset (back to step 0, paused).
        Raises RunNotFoundError where the run is not the owner's.
        """
        if command not in get_args(Command):
            raise ValueError(f"expected one of {get_args(Command)}, got {command!r}")
        with self._begin() as connection:
            row = self._row(connection, run_id, owner, write=True)
            change = _after_request(row, command)
            if change is None:
                return
            if command == "reset" and row.state != "running":
                _drop_records(connection, run_id, after=-1)
            self._update(connection, run_id, change)

    def request_learning_rate(self, run_id: str, owner: str, value: float) -> None:
        """Ask for another learning rate from the next step on. Raises RunNotFoundError."""
        with self._begin() as connection:
            row = self._row(connection, run_id, owner, write=True)
            if row.state != "finished":
                self._update(connection, run_id, {"rate_request": value})

    def delete_run(self, run_id: str, owner: str) -> None:
        """Remove the run and its records; a worker that has it ends quietly. Raises RunNotFoundError."""
        with self._begin() as connection:
            self._row(connection, run_id, owner, write=True)
            _drop_records(connection, run_id, after=-1)
            connection.execute(sa.delete(runs).where(runs.c.id == run_id))

    # ---- workers -----------------------------------------------------------------------------------------------

    def next_queued(self, limit: int) -> list[Run]:
        """The runs to start next, in fair order: a student's first run goes before another's second.

        A run whose settings cannot be read ends as failed when its turn comes.
        """
        with self._begin(write=False) as connection:
            ids = _queue(connection)[:limit]
            rows = {row.id: row for row in connection.execute(sa.select(runs).where(runs.c.id.in_(ids)))}
        found = [_read(rows[run_id], place) for place, run_id in enumerate(ids) if run_id in rows]
        for run in found:
            if isinstance(run, UnreadableRun):
                self.finish(run.id, "failed", {}, run.problem)
        return [run for run in found if isinstance(run, Run)]

    def count_running(self) -> int:
        """How many runs are training now."""
        with self._begin(write=False) as connection:
            query = sa.select(sa.func.count()).select_from(runs).where(runs.c.state == "running")
            return connection.execute(query).scalar_one()

    def claim(self, run_id: str, worker: str, threads: int) -> Run | None:
        """Make a queued run this worker's; None where it is no longer queued (stopped or taken meanwhile).

        A run that was begun keeps the number of threads it was begun with: sums depend on it in the last digits.
        Raises RunUnreadableError.
        """
        with self._begin() as connection:
            row = connection.execute(sa.select(runs).where(runs.c.id == run_id).with_for_update()).one_or_none()
            if row is None or row.state != "queued":
                return None
            change = {
                "state": "running",
                "worker": worker,
                "threads": row.threads or threads,
                "attempts": row.attempts + 1,
                "started_at": row.started_at or time.time(),
            }
            self._update(connection, run_id, change)
            return _run(self._row(connection, run_id))

    def requests(self, run_ids: Sequence[str]) -> dict[str, Requests]:
        """What pages want of running runs; those that are gone or no longer running are left out. Cheap."""
        query = sa.select(runs.c.id, runs.c.command, runs.c.rate_request).where(
            runs.c.id.in_(run_ids), runs.c.state == "running"
        )
        with self._begin(write=False) as connection:
            return {row.id: Requests(row.command, row.rate_request) for row in connection.execute(query)}

    def publish(self, reports: Sequence[Report]) -> None:
        """Add records and say where the runs stand, at once for all. Changes nothing of a run that is gone."""
        with self._begin() as connection:
            for report in reports:
                self._publish(connection, report)

    def _publish(self, connection: sa.Connection, report: Report) -> None:
        run_id, progress, rate = report.run_id, report.progress, report.applied_rate
        change: dict[str, Any] = {
            "step": progress.step,
            "total_steps": progress.total_steps,
            "epoch": progress.epoch,
            "seconds": progress.seconds,
            "images_per_second": progress.images_per_second,
        }
        if report.checkpoint:
            change["checkpoint_step"] = progress.step
        if rate is not None:
            change["learning_rate"] = rate
            # A rate that was asked for meanwhile stays.
            change["rate_request"] = sa.func.nullif(runs.c.rate_request, rate)
        if self._update(connection, run_id, change):
            _append(connection, run_id, report.curves)

    def rewind(self, run_id: str, step: int) -> None:
        """Drop all records after `step`: training goes on from a checkpoint there."""
        with self._begin() as connection:
            self._update(connection, run_id, {"step": max(0, step)})
            _drop_records(connection, run_id, after=step)

    def pause(self, run_id: str, result: Mapping[str, Any], answering: Command | None = None) -> bool:
        """The worker lets go of the run, with a checkpoint.

        False, and nothing is changed, where something else than `answering` (if given) is asked by now, or the run is gone.
        """
        change = {"state": "paused", "command": None, "result": json.dumps(dict(result))}
        with self._begin() as connection:
            asked = sa.select(runs.c.command).where(runs.c.id == run_id).with_for_update()
            if answering is not None and connection.execute(asked).scalar() != answering:
                return False
            return self._update(connection, run_id, change)

    def reset_done(self, run_id: str) -> None:
        """The worker has let go of the run without a checkpoint: it is paused at step 0."""
        with self._begin() as connection:
            self._update(connection, run_id, _RESET)
            _drop_records(connection, run_id, after=-1)

    def finish(self, run_id: str, outcome: Outcome, result: Mapping[str, Any], error: Message | None = None) -> None:
        """The run is over."""
        change = {
            "state": "finished",
            "outcome": outcome,
            "command": None,
            "rate_request": None,
            "result": json.dumps(dict(result)),
            "error": json.dumps(error.to_dict()) if error else None,
            "finished_at": time.time(),
        }
        with self._begin() as connection:
            self._update(connection, run_id, change)

    def requeue(self, run_id: str) -> None:
        """Put a running run back in the queue, in front: its worker was lost."""
        with self._begin() as connection:
            if self._row(connection, run_id, write=True).state == "running":
                self._update(connection, run_id, {"state": "queued", "priority": 1})

    def requeue_lost(self) -> list[str]:
        """Put every running run back in the queue, in front: a new cluster starts and none of them has a worker."""
        with self._begin() as connection:
            query = sa.select(runs.c.id).where(runs.c.state == "running").order_by(runs.c.id).with_for_update()
            lost = list(connection.execute(query).scalars())
            for run_id in lost:
                self._update(connection, run_id, {"state": "queued", "priority": 1})
        return lost

    # ---- facts -------------------------------------------------------------------------------------------------

    def fact(self, key: str) -> dict[str, Any] | None:
        """What is known under `key`."""
        with self._begin(write=False) as connection:
            value = connection.execute(sa.select(facts.c.value).where(facts.c.key == key)).scalar()
        return None if value is None else json.loads(value)

    def set_fact(self, key: str, value: Mapping[str, Any]) -> None:
        """Know `value` (JSON-ready) under `key` from now on."""
        row = {"value": json.dumps(dict(value)), "updated_at": time.time()}
        with self._begin() as connection:
            statement = _insert(connection, facts).values(key=key, **row)
            connection.execute(statement.on_conflict_do_update(index_elements=[facts.c.key], set_=row))

    # ---- within a transaction ----------------------------------------------------------------------------------

    def _row(
        self, connection: sa.Connection, run_id: str, owner: str | None = None, *, write: bool = False
    ) -> sa.Row[Any]:
        """The run's row; with `write`, nobody else changes it before this transaction ends."""
        query = sa.select(runs).where(runs.c.id == _id(run_id))
        row = connection.execute(query.with_for_update() if write else query).one_or_none()
        if row is None or (owner is not None and row.owner != owner):
            raise RunNotFoundError(
                N_("There is no run {run} here (or it is somebody else's). Choose one from your list."),
                run=shown_id(run_id),
            )
        return row

    def _update(self, connection: sa.Connection, run_id: str, change: Mapping[str, Any]) -> bool:
        statement = sa.update(runs).where(runs.c.id == run_id).values(version=runs.c.version + 1, **change)
        return bool(connection.execute(statement).rowcount)


def open_store(url: str | None = None) -> Store:
    """The store at `url` (default: `settings.store_url()`)."""
    return Store(url)


def shown_id(text: str) -> str:
    """An id from an address, fit to be shown: whatever stands there, in at most 16 characters."""
    printable = "".join(sign if sign.isprintable() else "?" for sign in text[:17])
    return printable if len(printable) <= 16 else printable[:15] + "…"


_RESET: Mapping[str, Any] = {
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
    "threads": None,
    "attempts": 0,
}


def _after_request(row: sa.Row[Any], command: Command) -> dict[str, Any] | None:
    """What `command` changes in a run's row; None: nothing."""
    if row.state == "finished":
        return None
    if row.state == "running":
        return {"command": None if command == "resume" else command}
    if command == "reset":
        return dict(_RESET)
    if command == "stop":
        return {
            "state": "finished",
            "outcome": "stopped",
            "command": None,
            "rate_request": None,
            "finished_at": time.time(),
        }
    if command == "pause":
        return {"state": "paused", "command": None} if row.state == "queued" else None
    wanted = "step" if command == "step" else None
    if row.state == "paused":
        return {"state": "queued", "command": wanted, "priority": 1, "queued_at": time.time()}
    return {"command": wanted}  # queued: resume or step


def _new_row(run_id: str, owner: str, config: RunConfig, now: float, **more: str | None) -> dict[str, Any]:
    """The row of a new run, in the queue since `now`."""
    row = {"id": run_id, "owner": owner, "config": config.to_json(), "state": "queued"}
    return row | {"total_steps": config.total_steps, "created_at": now, "queued_at": now} | more


def _id(text: str) -> str:
    """`text` where it may be the id of a run or group, else the empty id, which no row has.

    Ids come from the browser's address bar: PostgreSQL takes no NUL, SQLite no half of a surrogate pair.
    """
    return text if len(text) <= 16 and text.isascii() and text.isprintable() else ""


def _insert(connection: sa.Connection, table: sa.Table) -> Any:
    """An INSERT that knows ON CONFLICT, which SQLAlchemy has for each kind of database apart."""
    return importlib.import_module(f"sqlalchemy.dialects.{connection.dialect.name}").insert(table)


def _of_group(group: str) -> tuple[sa.ColumnElement[bool], ...]:
    return runs.c.group_id == _id(group), runs.c.put_away_at.is_(None)


def _newest(owner: str, limit: int) -> sa.Select[Any]:
    seen = sa.select(runs).where(runs.c.owner == owner, runs.c.put_away_at.is_(None))
    return seen.order_by(runs.c.created_at.desc(), runs.c.id).limit(limit)


def _queue(connection: sa.Connection) -> list[str]:
    """Ids of the queued runs in fair order.

    Resumed runs first; then by how many of their owner's runs are before them (running ones count), then by age.
    """
    running = Counter(connection.execute(sa.select(runs.c.owner).where(runs.c.state == "running")).scalars())
    waiting = connection.execute(
        sa.select(runs.c.id, runs.c.owner, runs.c.priority, runs.c.queued_at)
        .where(runs.c.state == "queued")
        .order_by(runs.c.priority.desc(), runs.c.queued_at, runs.c.created_at)
    ).all()
    ranked = []
    for place, row in enumerate(waiting):
        ranked.append((-row.priority, running[row.owner], place, row.id))
        running[row.owner] += 1
    return [run_id for *_, run_id in sorted(ranked)]


def _append(connection: sa.Connection, run_id: str, curves: Curves) -> None:
    for kind in DTYPES:
        array = getattr(curves, kind)
        if len(array):
            row = {"run_id": run_id, "kind": kind, "last_step": int(array["step"][-1]), "data": array.tobytes()}
            connection.execute(sa.insert(chunks).values(row))
    for happened in curves.events:
        row = {"run_id": run_id, "step": happened.step, "kind": happened.kind, "value": happened.value}
        connection.execute(sa.insert(events).values(row))


def _drop_records(connection: sa.Connection, run_id: str, *, after: int) -> None:
    """Drop the run's records after a step. Chunks end at checkpoints, so that whole chunks go."""
    connection.execute(sa.delete(chunks).where(chunks.c.run_id == run_id, chunks.c.last_step > after))
    connection.execute(sa.delete(events).where(events.c.run_id == run_id, events.c.step > after))


def _unpack(blobs: Iterable[bytes], dtype: np.dtype[np.void], after: int) -> NDArray[np.void]:
    array = np.frombuffer(b"".join(blobs), dtype)
    return array[array["step"] > after]


def _read(row: sa.Row[Any], queue_place: int | None = None) -> Run | UnreadableRun:
    try:
        return _run(row, queue_place)
    except RunUnreadableError as error:
        return UnreadableRun(row.id, row.created_at, error.message)


def _run(row: sa.Row[Any], queue_place: int | None = None) -> Run:
    """Raises RunUnreadableError."""
    try:
        config = RunConfig.from_json(row.config)
    except ConfigError as error:
        raise RunUnreadableError(
            N_("The settings of run {run} cannot be read by this version of the program: {problem}"),
            run=row.id,
            problem=error.problems[0].message,
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
        result=json.loads(row.result) if row.result else {},
        attempts=row.attempts,
        threads=row.threads,
        checkpoint_step=row.checkpoint_step,
        command=row.command,
        started_at=row.started_at,
        finished_at=row.finished_at,
        queue_place=queue_place,
        prediction=row.prediction,
        name=row.name,
        note=row.note,
        star=row.star,
        colour=row.colour,
        put_away=row.put_away_at is not None,
    )


def _sweep(row: sa.Row[Any]) -> SweepRecord | None:
    try:
        config = RunConfig.from_json(row.config)
    except ConfigError:
        return None
    return SweepRecord(
        id=row.id,
        owner=row.owner,
        created_at=row.created_at,
        config=config,
        rates=tuple(json.loads(row.rates)),
        seeds=row.seeds,
        preset=row.preset,
        variant=row.variant,
        predicted_edge=row.predicted_edge,
        off=row.off,
    )
