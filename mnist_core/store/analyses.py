"""Studies in the store: computations in the background that are no runs, such as landscapes.

A student has one study of a kind waiting at most: a new one takes its place. The result is plain values as JSON and
arrays as their bytes, with name, type and shape beside them.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mnist_core.messages import N_, Message, message
from mnist_core.records import Study, StudyKind
from mnist_core.store.database import Database, next_order
from mnist_core.store.lease import holds
from mnist_core.store.queue import in_turn
from mnist_core.store.tables import studies

DEATHS = 3  # so many workers lost with the same study, and it is the study's fault
KEPT = 40  # finished studies of a kind that are kept for each student
_STOPPED = message(N_("Stopped before its end."))
_KILLER = message(
    N_("This computation brought its worker down several times, probably for want of memory. Try a smaller network.")
)


@dataclass(eq=False)
class Analyses:
    """What pages and workers may do with studies; a part of `Store`."""

    database: Database

    # ---- pages -------------------------------------------------------------------------------------------------

    def create(self, owner: str, kind: StudyKind, parameters: Mapping[str, Any], study_id: str | None = None) -> str:
        """Put a new study in the queue, in place of the owner's one of this kind that waits; returns its id.

        `study_id`: 10 random hexadecimal digits (default: new ones). The same id twice makes one study.
        """
        if kind not in get_args(StudyKind):
            raise ValueError(f"expected one of {get_args(StudyKind)}, got {kind!r}")
        study_id = study_id or secrets.token_hex(5)
        row = {
            "id": study_id,
            "owner": owner,
            "kind": kind,
            "parameters": json.dumps(dict(parameters)),
            "state": "queued",
            "created_at": time.time(),
        }
        mine = sa.and_(studies.c.owner == owner, studies.c.kind == kind)
        with self.database.begin() as connection:
            if connection.execute(sa.select(studies.c.id).where(studies.c.id == study_id)).scalar():
                return study_id
            connection.execute(sa.delete(studies).where(mine, studies.c.state == "queued"))
            ended = sa.select(studies.c.id).where(mine, studies.c.state.in_(("finished", "failed")))
            old = connection.execute(ended.order_by(studies.c.created_order.desc()).offset(KEPT - 1)).scalars().all()
            connection.execute(sa.delete(studies).where(studies.c.id.in_(old)))
            connection.execute(sa.insert(studies).values(**row, created_order=next_order(connection)))
        return study_id

    def get(self, study_id: str) -> Study | None:
        """The study with its result, None where there is none."""
        with self.database.begin(write=False) as connection:
            row = connection.execute(sa.select(studies).where(studies.c.id == study_id)).one_or_none()
        return None if row is None else _study(row)

    def version(self, study_id: str) -> int | None:
        """The study's version, None where there is none. Cheap."""
        with self.database.begin(write=False) as connection:
            return connection.execute(sa.select(studies.c.version).where(studies.c.id == study_id)).scalar()

    def newest(self, owner: str, kind: StudyKind, limit: int = KEPT) -> list[Study]:
        """The owner's studies of a kind, newest first, without their arrays."""
        columns = [column for column in studies.c if column.name != "data"]
        query = sa.select(*columns).where(studies.c.owner == owner, studies.c.kind == kind)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.order_by(studies.c.created_order.desc()).limit(limit)).all()
        return [_study(row) for row in rows]

    def ahead(self, study_id: str) -> int:
        """How many studies wait before this one."""
        with self.database.begin(write=False) as connection:
            order = _queue(connection)
        return order.index(study_id) if study_id in order else 0

    def cancel(self, study_id: str, owner: str) -> None:
        """End one's own study; the worker that has it lets go of it. Changes nothing of one that has ended."""
        mine = sa.and_(studies.c.id == study_id, studies.c.owner == owner, studies.c.state.in_(("queued", "running")))
        with self.database.begin() as connection:
            _change(connection, mine, {"state": "failed", "message": json.dumps(_STOPPED.to_dict())})

    def delete(self, study_id: str, owner: str) -> None:
        """Remove one's own study; a worker that has it lets go of it."""
        with self.database.begin() as connection:
            connection.execute(sa.delete(studies).where(studies.c.id == study_id, studies.c.owner == owner))

    # ---- workers -----------------------------------------------------------------------------------------------

    def queued(self, limit: int) -> list[Study]:
        """The studies to start next, oldest first; of a student whose study is being computed after the others."""
        with self.database.begin(write=False) as connection:
            ids = _queue(connection)[:limit]
            rows = {row.id: row for row in connection.execute(sa.select(studies).where(studies.c.id.in_(ids)))}
        return [_study(rows[study_id]) for study_id in ids if study_id in rows]

    def claim(self, study_id: str, lease: int | None = None) -> Study | None:
        """Take a queued study to compute it, with a new token; None where it waits no longer. `lease` as for `claim`."""
        with self.database.begin() as connection:
            if not holds(connection, lease):
                return None
            waiting = sa.and_(studies.c.id == study_id, studies.c.state == "queued")
            if not _change(connection, waiting, {"state": "running", "progress": 0.0, "token": studies.c.token + 1}):
                return None
            return _study(connection.execute(sa.select(studies).where(studies.c.id == study_id)).one())

    def report(self, study_id: str, progress: float, token: int | None = None) -> bool:
        """Say how far a study is, 0 to 1; whether it is still wanted, of the worker that has it by `token` (default: any)."""
        with self.database.begin() as connection:
            return _change(connection, _running(study_id, token), {"progress": progress})

    def finish(
        self,
        study_id: str,
        values: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        token: int | None = None,
    ) -> None:
        """Keep the result of a running study; not where another worker than that with `token` has it."""
        packed = [np.ascontiguousarray(array) for array in arrays.values()]
        shapes = [
            {"name": name, "dtype": array.dtype.str, "shape": array.shape}
            for name, array in zip(arrays, packed, strict=True)
        ]
        change = {
            "state": "finished",
            "progress": 1.0,
            "result": json.dumps({"values": dict(values), "arrays": shapes}),
            "data": b"".join(array.tobytes() for array in packed),
        }
        with self.database.begin() as connection:
            _change(connection, _running(study_id, token), change)

    def fail(self, study_id: str, why: Message, token: int | None = None) -> None:
        """The study cannot be computed. Changes nothing of one that has ended, or that another worker has."""
        active = sa.and_(studies.c.id == study_id, studies.c.state.in_(("queued", "running")))
        active = active if token is None else _running(study_id, token)
        with self.database.begin() as connection:
            _change(connection, active, {"state": "failed", "message": json.dumps(why.to_dict())})

    def lose(self, study_id: str) -> None:
        """A running study's worker is gone: it waits again, or fails where it has brought down several."""
        with self.database.begin() as connection:
            killer = sa.and_(_running(study_id), studies.c.deaths >= DEATHS - 1)
            _change(connection, killer, {"state": "failed", "message": json.dumps(_KILLER.to_dict())})
            _change(connection, _running(study_id), {"state": "queued", "deaths": studies.c.deaths + 1})

    def requeue(self, study_id: str) -> None:
        """Let a running study wait again, whose worker could not reach the store."""
        with self.database.begin() as connection:
            _change(connection, _running(study_id), {"state": "queued"})

    def requeue_lost(self) -> None:
        """Let every running study wait again: a new cluster starts, and none of them has a worker."""
        with self.database.begin() as connection:
            _change(connection, studies.c.state == "running", {"state": "queued"})


def _running(study_id: str, token: int | None = None) -> sa.ColumnElement[bool]:
    mine = sa.and_(studies.c.id == study_id, studies.c.state == "running")
    return mine if token is None else sa.and_(mine, studies.c.token == token)


def _change(connection: sa.Connection, which: sa.ColumnElement[bool], change: Mapping[str, Any]) -> bool:
    """Change these rows; whether there were any."""
    statement = sa.update(studies).where(which).values(version=studies.c.version + 1, **change)
    return bool(connection.execute(statement).rowcount)


def _queue(connection: sa.Connection) -> list[str]:
    """Ids of the waiting studies, in fair order."""
    query = sa.select(studies.c.id, studies.c.owner, studies.c.state).where(studies.c.state.in_(("queued", "running")))
    rows = connection.execute(query.order_by(studies.c.created_order, studies.c.id)).all()
    waiting = ((row.id, row.owner, 0) for row in rows if row.state == "queued")
    return in_turn(waiting, (row.owner for row in rows if row.state == "running"))


def _study(row: sa.Row[Any]) -> Study:
    result = json.loads(row.result) if row.result else {"values": {}, "arrays": []}
    data = getattr(row, "data", None)
    return Study(
        id=row.id,
        owner=row.owner,
        kind=row.kind,
        parameters=json.loads(row.parameters),
        state=row.state,
        version=row.version,
        created_at=row.created_at,
        token=row.token,
        progress=row.progress,
        message=Message.from_dict(json.loads(row.message)) if row.message else None,
        values=result["values"],
        arrays=_unpack(data, result["arrays"]) if data else {},
    )


def _unpack(data: bytes, shapes: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    start = 0
    for one in shapes:
        dtype, shape = np.dtype(one["dtype"]), tuple(one["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        arrays[one["name"]] = np.frombuffer(data, dtype, count, start).reshape(shape)
        start += count * dtype.itemsize
    return arrays
