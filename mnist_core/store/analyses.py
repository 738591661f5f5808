"""Analyses in the store: computations in the background that are no runs, such as landscapes.

A student has one analysis of a kind waiting at most: a new one takes its place. The result is plain values as JSON and
arrays as their bytes, with name, type and shape beside them.
"""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Collection, Mapping
from typing import Any, get_args

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mnist_core.messages import N_, Message, message
from mnist_core.records import Analysis, AnalysisKind
from mnist_core.store.class_rows import class_of
from mnist_core.store.database import Part, next_order, wait_for_others
from mnist_core.store.lease import holds
from mnist_core.store.limits import check_analyses
from mnist_core.store.rows import lock_rows, student_of
from mnist_core.store.tables import analyses
from mnist_core.store.turns import in_turn
from mnist_core.store.usage import GUESTS, charge, join, levels

DEATHS = 3  # so many workers lost with the same analysis, and it is the analysis's fault
KEPT = 40  # finished analyses of a kind that are kept for each student
_STOPPED = message(N_("Stopped before it finished."))
_CRASHED = message(
    N_("This computation crashed its worker several times, probably because memory ran out. Try a smaller network.")
)


class Analyses(Part):
    """What pages and workers may do with analyses; a part of `Store`."""

    # ---- pages -------------------------------------------------------------------------------------------------

    def create(
        self, owner: str, kind: AnalysisKind, parameters: Mapping[str, Any], analysis_id: str | None = None
    ) -> str:
        """Put a new analysis in the queue, in place of the owner's one of this kind that waits; returns its id.

        `analysis_id`: 10 random hexadecimal digits (default: new ones). The same id twice makes one analysis.
        Raises LimitError where the student has too many, or where the runs are of images that he may not use.
        """
        if kind not in get_args(AnalysisKind):
            raise ValueError(f"expected one of {get_args(AnalysisKind)}, got {kind!r}")
        analysis_id = analysis_id or secrets.token_hex(5)
        row = {
            "id": analysis_id,
            "owner": owner,
            "kind": kind,
            "parameters": json.dumps(dict(parameters)),
            "state": "queued",
            "created_at": time.time(),
        }
        same_kind = sa.and_(analyses.c.owner == owner, analyses.c.kind == kind)
        with self.database.begin() as connection:
            wait_for_others(connection)
            if connection.execute(sa.select(analyses.c.id).where(analyses.c.id == analysis_id)).scalar():
                return analysis_id
            connection.execute(sa.delete(analyses).where(same_kind, analyses.c.state == "queued"))
            check_analyses(connection, owner, kind, parameters)
            ended = sa.select(analyses.c.id).where(same_kind, analyses.c.state.in_(("finished", "failed")))
            old = connection.execute(ended.order_by(analyses.c.created_order.desc()).offset(KEPT - 1)).scalars().all()
            connection.execute(sa.delete(analyses).where(analyses.c.id.in_(old)))
            row |= {"created_order": next_order(connection), "class_id": class_of(connection, owner)}
            join(connection, owner)
            connection.execute(sa.insert(analyses).values(row))
        return analysis_id

    def get(self, analysis_id: str) -> Analysis | None:
        """The analysis with its result, None where there is none."""
        with self.database.begin(write=False) as connection:
            row = connection.execute(sa.select(analyses).where(analyses.c.id == analysis_id)).one_or_none()
        return None if row is None else _analysis(row)

    def version(self, analysis_id: str) -> int | None:
        """The analysis's version, None where there is none. Cheap."""
        with self.database.begin(write=False) as connection:
            return connection.execute(sa.select(analyses.c.version).where(analyses.c.id == analysis_id)).scalar()

    def versions_of(self, analysis_ids: Collection[str]) -> dict[str, int]:
        """Those of these analyses that there are, with their versions; one cheap query."""
        query = sa.select(analyses.c.id, analyses.c.version).where(analyses.c.id.in_(analysis_ids))
        with self.database.begin(write=False) as connection:
            return {row.id: row.version for row in connection.execute(query)}

    def newest(self, owner: str, kind: AnalysisKind, limit: int = KEPT) -> list[Analysis]:
        """The owner's analyses of a kind, newest first, without their arrays."""
        columns = [column for column in analyses.c if column.name != "data"]
        query = sa.select(*columns).where(analyses.c.owner == owner, analyses.c.kind == kind)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.order_by(analyses.c.created_order.desc()).limit(limit)).all()
        return [_analysis(row) for row in rows]

    def ahead(self, analysis_id: str) -> int:
        """How many analyses wait before this one."""
        with self.database.begin(write=False) as connection:
            order = _queue(connection)
        return order.index(analysis_id) if analysis_id in order else 0

    def cancel(self, analysis_id: str, owner: str) -> None:
        """End one's own analysis; the worker that has it lets go of it. Changes nothing of one that has ended."""
        active = sa.and_(
            analyses.c.id == analysis_id, analyses.c.owner == owner, analyses.c.state.in_(("queued", "running"))
        )
        with self.database.begin() as connection:
            _change(connection, active, {"state": "failed", "message": json.dumps(_STOPPED.to_dict())})

    def delete(self, analysis_id: str, owner: str) -> None:
        """Remove one's own analysis; a worker that has it lets go of it."""
        with self.database.begin() as connection:
            connection.execute(sa.delete(analyses).where(analyses.c.id == analysis_id, analyses.c.owner == owner))

    # ---- workers -----------------------------------------------------------------------------------------------

    def queued(self, limit: int) -> list[Analysis]:
        """The analyses to start next, oldest first; of a student whose analysis is being computed after the others."""
        with self.database.begin(write=False) as connection:
            ids = _queue(connection)[:limit]
            if not ids:  # most often: the dispatcher looks many times a second
                return []
            rows = {row.id: row for row in connection.execute(sa.select(analyses).where(analyses.c.id.in_(ids)))}
        return [_analysis(rows[analysis_id]) for analysis_id in ids if analysis_id in rows]

    def claim(self, analysis_id: str, lease: int | None = None) -> Analysis | None:
        """Take a queued analysis to compute it, with a new token; None where it waits no longer. `lease` as for `claim`."""
        with self.database.begin() as connection:
            if not holds(connection, lease):
                return None
            waiting = sa.and_(analyses.c.id == analysis_id, analyses.c.state == "queued")
            if not _change(connection, waiting, {"state": "running", "progress": 0.0, "token": analyses.c.token + 1}):
                return None
            return _analysis(connection.execute(sa.select(analyses).where(analyses.c.id == analysis_id)).one())

    def report(
        self,
        analysis_id: str,
        progress: float,
        token: int | None = None,
        worker_seconds: Mapping[str, float] | None = None,
    ) -> bool:
        """Say how far an analysis is, 0 to 1; whether it is still wanted, of the worker that has it by `token` (default: any).

        `worker_seconds`: as for `RecordWriter.publish`.
        """
        with self.database.begin() as connection:
            wanted = _change(connection, _running(analysis_id, token), {"progress": progress})
            charge(connection, worker_seconds or {})
        return wanted

    def finish(
        self,
        analysis_id: str,
        values: Mapping[str, Any],
        arrays: Mapping[str, NDArray[Any]],
        token: int | None = None,
    ) -> None:
        """Keep the result of a running analysis; not where another worker than that with `token` has it."""
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
            _change(connection, _running(analysis_id, token), change)

    def fail(self, analysis_id: str, error: Message, token: int | None = None) -> None:
        """The analysis cannot be computed. Changes nothing of one that has ended, or that another worker has."""
        active = sa.and_(analyses.c.id == analysis_id, analyses.c.state.in_(("queued", "running")))
        active = active if token is None else _running(analysis_id, token)
        with self.database.begin() as connection:
            _change(connection, active, {"state": "failed", "message": json.dumps(error.to_dict())})

    def lose(self, analysis_id: str) -> None:
        """A running analysis's worker is gone: it waits again, or fails where it has brought down several."""
        with self.database.begin() as connection:
            crashed = sa.and_(_running(analysis_id), analyses.c.deaths >= DEATHS - 1)
            _change(connection, crashed, {"state": "failed", "message": json.dumps(_CRASHED.to_dict())})
            _change(connection, _running(analysis_id), {"state": "queued", "deaths": analyses.c.deaths + 1})

    def requeue(self, analysis_id: str) -> None:
        """Let a running analysis wait again, whose worker could not reach the store."""
        with self.database.begin() as connection:
            _change(connection, _running(analysis_id), {"state": "queued"})

    def requeue_lost(self) -> None:
        """Let every running analysis wait again: a new cluster starts, and none of them has a worker."""
        with self.database.begin() as connection:
            lock_rows(connection, analyses, analyses.c.state == "running")
            _change(connection, analyses.c.state == "running", {"state": "queued"})


def _running(analysis_id: str, token: int | None = None) -> sa.ColumnElement[bool]:
    running = sa.and_(analyses.c.id == analysis_id, analyses.c.state == "running")
    return running if token is None else sa.and_(running, analyses.c.token == token)


def _change(connection: sa.Connection, condition: sa.ColumnElement[bool], change: Mapping[str, Any]) -> bool:
    """Change these rows; whether there were any."""
    statement = sa.update(analyses).where(condition).values(version=analyses.c.version + 1, **change)
    return bool(connection.execute(statement).rowcount)


# Built once: the dispatcher asks many times a second.
_OPEN = (
    sa.select(analyses.c.id, analyses.c.owner, analyses.c.class_id, analyses.c.state)
    .where(analyses.c.state.in_(("queued", "running")))
    .order_by(analyses.c.created_order, analyses.c.id)
)


def _queue(connection: sa.Connection) -> list[str]:
    """Ids of the waiting analyses, in fair order."""
    rows = connection.execute(_OPEN).all()
    waiting = [(row.id, student_of(row), 0) for row in rows if row.state == "queued"]
    had = levels(connection, {GUESTS, *(student.name for _id, student, _priority in waiting)})
    return in_turn(waiting, (student_of(row) for row in rows if row.state == "running"), had)


def _analysis(row: sa.Row[Any]) -> Analysis:
    values, arrays = _result(row)
    return Analysis(
        id=row.id,
        owner=row.owner,
        kind=row.kind,
        parameters=_json_object(row.parameters),
        state=row.state,
        version=row.version,
        created_at=row.created_at,
        token=row.token,
        progress=row.progress,
        message=Message.from_dict(json.loads(row.message)) if row.message else None,
        values=values,
        arrays=arrays,
    )


def _json_object(text: str | None) -> dict[str, Any]:
    """Of a row that may be damaged: nothing where the text is no object."""
    try:
        plain = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return {}
    return plain if isinstance(plain, dict) else {}


def _result(row: sa.Row[Any]) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Values and arrays of a result; none where there is none, or it is damaged."""
    result, data = _json_object(row.result), getattr(row, "data", None)
    try:
        values = dict(result.get("values", {}))
        return values, _unpack(data, result["arrays"]) if data else {}
    except (ValueError, TypeError, KeyError, OverflowError):
        return {}, {}


def _unpack(data: bytes, shapes: list[dict[str, Any]]) -> dict[str, NDArray[Any]]:
    arrays: dict[str, NDArray[Any]] = {}
    start = 0
    for packed in shapes:
        dtype, shape = np.dtype(packed["dtype"]), tuple(packed["shape"])
        count = int(np.prod(shape, dtype=np.int64))
        arrays[packed["name"]] = np.frombuffer(data, dtype, count, start).reshape(shape)
        start += count * dtype.itemsize
    return arrays
