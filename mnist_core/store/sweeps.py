"""Sweeps over learning rates; their runs are those of the group with a sweep's id."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError
from mnist_core.records import LessonPlace, SweepRecord
from mnist_core.store.class_rows import class_of
from mnist_core.store.database import Part, next_order, wait_for_others
from mnist_core.store.limits import check_sweeps
from mnist_core.store.rows import as_id, insert_into
from mnist_core.store.runs import insert_group
from mnist_core.store.tables import sweeps


class Sweeps(Part):
    """Sweeps, and how well their edge was predicted; a part of `Store`."""

    def create(
        self,
        plan: SweepRecord,
        configs: Sequence[RunConfig],
        round_id: str | None = None,
        place: LessonPlace | None = None,
    ) -> list[str]:
        """Put the runs of a sweep in the queue, in this order, and keep its plan beside them; returns their ids.

        The runs are the group `plan.id`, 10 random hexadecimal digits; the same id twice makes one sweep, the first.
        Its `created_at` is now, whatever the plan says. `round_id`: the round that it is a part of, where it counts as one run;
        `place`: in which lesson it is started.
        Raises LimitError and RoundError as `Runs.create`, and where there are too many sweeps.
        """
        with self.database.begin() as connection:
            wait_for_others(connection)
            if not connection.execute(sa.select(sweeps.c.id).where(sweeps.c.id == plan.id)).first():
                check_sweeps(connection, plan.owner)
            ids = insert_group(
                connection,
                plan.owner,
                configs,
                plan.id,
                preset=plan.preset,
                variants=(plan.variant,),
                round_id=round_id,
                place=place,
            )
            _insert(connection, plan, round_id)
        return ids

    def get(self, sweep_id: str) -> SweepRecord | None:
        """The sweep, None where there is none, or its settings are another version's."""
        with self.database.begin(write=False) as connection:
            row = connection.execute(sa.select(sweeps).where(sweeps.c.id == as_id(sweep_id))).one_or_none()
        return None if row is None else _sweep(row)

    def newest(self, owner: str, limit: int = 50) -> list[SweepRecord]:
        """The owner's sweeps, newest first."""
        query = sa.select(sweeps).where(sweeps.c.owner == owner).order_by(sweeps.c.created_order.desc()).limit(limit)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query).all()
        return [sweep for sweep in map(_sweep, rows) if sweep is not None]

    def settle(self, sweep_id: str, off: float) -> None:
        """Keep by what factor a sweep's prediction missed; the first answer stays."""
        change = sa.update(sweeps).where(sweeps.c.id == as_id(sweep_id), sweeps.c.off.is_(None)).values(off=off)
        with self.database.begin() as connection:
            connection.execute(change)


def _insert(connection: sa.Connection, sweep: SweepRecord, round_id: str | None) -> None:
    row = {
        "id": sweep.id,
        "owner": sweep.owner,
        "created_at": time.time(),
        "config": sweep.config.to_json(),
        "rates": json.dumps(sweep.rates),
        "seeds": sweep.seeds,
        "preset": sweep.preset,
        "variant": sweep.variant,
        "predicted_edge": sweep.predicted_edge,
        "class_id": class_of(connection, sweep.owner),
        "round_id": round_id,
        "created_order": next_order(connection),
    }
    connection.execute(insert_into(connection, sweeps).values(row).on_conflict_do_nothing())


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
