"""The records of runs: packed chunks of arrays, and events."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mnist_core.records import DTYPES, Curves, Event, Run, rate_changes
from mnist_core.store.database import Part
from mnist_core.store.rows import as_id, insert_into
from mnist_core.store.tables import chunks, events


class RecordReader(Part):
    """What runs have recorded; a part of `Store`."""

    def curves(self, run_id: str, after_step: int = -1, after_evaluation: int = -1) -> Curves:
        """What was recorded after those steps (default: everything), with all events."""
        return self.curves_of({run_id: (after_step, after_evaluation)})[run_id]

    def curves_of(self, after: Mapping[str, tuple[int, int]]) -> dict[str, Curves]:
        """The same of several runs: id → what was recorded after its steps (of records, of evaluations)."""
        with self.database.begin(write=False) as connection:
            return {run_id: _read(connection, run_id, *steps) for run_id, steps in after.items()}


# Built once: they are asked many times a second while runs train.
_CHUNKS = (
    sa.select(chunks.c.kind, chunks.c.data)
    .where(
        chunks.c.run_id == sa.bindparam("run"),
        sa.or_(
            sa.and_(chunks.c.kind == "steps", chunks.c.last_step > sa.bindparam("step")),
            sa.and_(chunks.c.kind != "steps", chunks.c.last_step > sa.bindparam("evaluation")),
        ),
    )
    .order_by(chunks.c.last_step)
)
_EVENTS = sa.select(events).where(events.c.run_id == sa.bindparam("run")).order_by(events.c.id)


def _read(connection: sa.Connection, run_id: str, after_step: int, after_evaluation: int) -> Curves:
    run = {"run": as_id(run_id)}
    rows = connection.execute(_CHUNKS, run | {"step": after_step, "evaluation": after_evaluation}).all()
    after = dict.fromkeys(DTYPES, after_evaluation) | {"steps": after_step}
    arrays = {
        kind: _unpack((row.data for row in rows if row.kind == kind), dtype, after[kind])
        for kind, dtype in DTYPES.items()
    }
    return Curves(
        arrays["steps"],
        arrays["evaluations"],
        tuple(Event(row.step, row.kind, row.value) for row in connection.execute(_EVENTS, run)),
        arrays["layers"],
        arrays["sharpness"],
    )


def append_records(connection: sa.Connection, run_id: str, curves: Curves) -> None:
    """Add what was recorded since the last time, a chunk of each kind.

    The same twice adds it once, and the first stays: a worker whose connection broke while it committed cannot know
    whether that was done.
    """
    for kind in DTYPES:
        array = getattr(curves, kind)
        if len(array):
            row = {"run_id": run_id, "kind": kind, "last_step": int(array["step"][-1]), "data": array.tobytes()}
            connection.execute(insert_into(connection, chunks).values(row).on_conflict_do_nothing())
    for event in curves.events:
        values = {"run_id": run_id, "step": event.step, "kind": event.kind, "value": event.value}
        same = (events.c[name].is_not_distinct_from(value) for name, value in values.items())
        if not connection.execute(sa.select(events.c.id).where(*same)).first():
            connection.execute(sa.insert(events).values(values))


def drop_records(connection: sa.Connection, run_id: str, *, after: int) -> None:
    """Drop the run's records after a step. Chunks end at checkpoints, so that whole chunks go."""
    connection.execute(sa.delete(chunks).where(chunks.c.run_id == run_id, chunks.c.last_step > after))
    connection.execute(sa.delete(events).where(events.c.run_id == run_id, events.c.step > after))


def with_rate_changes(connection: sa.Connection, runs: Sequence[Run]) -> list[Run]:
    """The runs, with the changes of their rates by hand."""
    query = sa.select(events.c.run_id, events.c.step, events.c.value).where(
        events.c.kind == "learning_rate", events.c.run_id.in_([run.id for run in runs])
    )
    changed: dict[str, list[Event]] = defaultdict(list)
    for row in connection.execute(query.order_by(events.c.id)):
        changed[row.run_id].append(Event(row.step, "learning_rate", row.value))
    return [_with_changes(run, changed[run.id]) if run.id in changed else run for run in runs]


def _with_changes(run: Run, changes: Sequence[Event]) -> Run:
    end = run.progress.step if run.state == "finished" else None
    return replace(run, rate_changes=rate_changes(run.config, changes, end))


def _unpack(blobs: Iterable[bytes], dtype: np.dtype[np.void], after: int) -> NDArray[np.void]:
    array = np.frombuffer(b"".join(blobs), dtype)
    return array[array["step"] > after]
