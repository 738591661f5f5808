"""Sweeps over learning rates; their runs are those of the group with a sweep's id."""

from __future__ import annotations

import json
from typing import Any

import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError
from mnist_core.records import SweepRecord
from mnist_core.store.base import Base, next_order
from mnist_core.store.rows import as_id, insert_into
from mnist_core.store.tables import sweeps


class Sweeps(Base):
    """Sweeps, and how well their edge was predicted; a part of `Store`."""

    def sweep(self, sweep_id: str) -> SweepRecord | None:
        """The sweep, None where there is none, or its settings are another version's."""
        with self._begin(write=False) as connection:
            row = connection.execute(sa.select(sweeps).where(sweeps.c.id == as_id(sweep_id))).one_or_none()
        return None if row is None else _sweep(row)

    def list_sweeps(self, owner: str, limit: int = 50) -> list[SweepRecord]:
        """The owner's sweeps, newest first."""
        query = sa.select(sweeps).where(sweeps.c.owner == owner).order_by(sweeps.c.created_order.desc()).limit(limit)
        with self._begin(write=False) as connection:
            rows = connection.execute(query).all()
        return [found for found in map(_sweep, rows) if found is not None]

    def settle_sweep(self, sweep_id: str, off: float) -> None:
        """Keep by what factor a sweep's prediction missed; the first answer stays."""
        change = sa.update(sweeps).where(sweeps.c.id == as_id(sweep_id), sweeps.c.off.is_(None)).values(off=off)
        with self._begin() as connection:
            connection.execute(change)


def add_sweep(connection: sa.Connection, sweep: SweepRecord) -> None:
    """Keep the plan of a sweep beside its runs; of two with one id the first stays."""
    row = {
        "id": sweep.id,
        "owner": sweep.owner,
        "created_at": sweep.created_at,
        "config": sweep.config.to_json(),
        "rates": json.dumps(sweep.rates),
        "seeds": sweep.seeds,
        "preset": sweep.preset,
        "variant": sweep.variant,
        "predicted_edge": sweep.predicted_edge,
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
