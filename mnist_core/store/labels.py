"""What a student writes on runs, and runs put away: they show nowhere, can be brought back, and are deleted in the end."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from mnist_core import escape
from mnist_core.store.base import Base, next_order
from mnist_core.store.lease import served_seconds
from mnist_core.store.tables import runs

NAME_LETTERS, NOTE_LETTERS = 80, 2_000


class Labels(Base):
    """Names, notes, stars, and the way out; a part of `Store`."""

    def label_run(
        self,
        run_id: str,
        owner: str,
        *,
        name: str | None = None,
        note: str | None = None,
        star: bool | None = None,
        color: int | None = None,
    ) -> None:
        """Write what is given on one's own run; nothing where it is somebody else's.

        Name and note are cut to 80 and 2,000 letters. `color`: number of a color of the charts, from 0; -1: by its place.
        """
        change: dict[str, Any] = {} if star is None else {"star": star}
        if color is not None:
            change["color"] = color if color >= 0 else None
        if name is not None:
            change["name"] = escape.line(name)[:NAME_LETTERS]
        if note is not None:
            change["note"] = escape.lines(note)[:NOTE_LETTERS]
        self._change([run_id], owner, change)

    def put_away(self, run_ids: Sequence[str], owner: str) -> None:
        """Take one's own runs out of sight; those that are not over end as stopped."""
        now = time.time()
        over = {"state": "finished", "outcome": "stopped", "command": None, "finished_at": now}
        waiting = sa.and_(runs.c.id.in_(run_ids), runs.c.owner == owner, runs.c.state.in_(("queued", "paused")))
        training = sa.and_(runs.c.id.in_(run_ids), runs.c.owner == owner, runs.c.state == "running")
        with self._begin() as connection:
            # Locks the rows before the sequence.
            connection.execute(
                _set(run_ids, owner, {"put_away_at": now, "put_away_served": served_seconds(connection)})
            )
            connection.execute(sa.update(runs).where(training).values(command="stop"))
            connection.execute(sa.update(runs).where(waiting).values(**over, finished_order=next_order(connection)))

    def bring_back(self, run_ids: Sequence[str], owner: str) -> None:
        """Bring one's own runs back that were put away."""
        self._change(run_ids, owner, {"put_away_at": None, "put_away_served": None})

    def oldest_weights(self) -> list[str]:
        """Ids of finished runs whose weights are kept, those that ended first in front, runs with a star last."""
        kept = sa.select(runs.c.id).where(runs.c.state == "finished", runs.c.checkpoint_step.is_not(None))
        with self._begin(write=False) as connection:
            return list(connection.execute(kept.order_by(runs.c.star, runs.c.finished_order)).scalars())

    def forget_weights(self, run_id: str) -> bool:
        """A finished run's weights are kept no more; False where it is not finished (any more)."""
        finished = sa.and_(runs.c.id == run_id, runs.c.state == "finished")
        change = sa.update(runs).where(finished).values(checkpoint_step=None, version=runs.c.version + 1)
        with self._begin() as connection:
            return bool(connection.execute(change).rowcount)

    def put_away_since(self, seconds: float) -> list[tuple[str, str]]:
        """(id, owner) of finished runs that were put away at least so many `seconds` ago, by the store's own clock.

        That clock goes only while a cluster serves the store: the machine's may be set forward by a day.
        """
        over = sa.select(runs.c.id, runs.c.owner).where(runs.c.state == "finished")
        with self._begin(write=False) as connection:
            query = over.where(runs.c.put_away_served <= served_seconds(connection) - seconds)
            return [(row.id, row.owner) for row in connection.execute(query)]

    def _change(self, run_ids: Sequence[str], owner: str, change: dict[str, Any]) -> None:
        with self._begin() as connection:
            connection.execute(_set(run_ids, owner, change))


def _set(run_ids: Sequence[str], owner: str, change: dict[str, Any]) -> sa.Update:
    mine = sa.and_(runs.c.id.in_(run_ids), runs.c.owner == owner)
    return sa.update(runs).where(mine).values(version=runs.c.version + 1, **change)
