"""What workers tell of the runs that they train: records, pauses, ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mnist_core.messages import Message
from mnist_core.records import Outcome, Report
from mnist_core.store.base import Base
from mnist_core.store.commands import Command
from mnist_core.store.recorded import append_records, drop_records
from mnist_core.store.rows import AT_THE_BEGINNING, at_the_end, change_row
from mnist_core.store.tables import runs


class Reports(Base):
    """Where runs stand; a part of `Store`."""

    def publish(self, reports: Sequence[Report]) -> None:
        """Add records and say where the runs stand, at once for all. Changes nothing of a run that is gone."""
        with self._begin() as connection:
            for report in reports:
                _publish(connection, report)

    def rewind(self, run_id: str, step: int) -> None:
        """Drop all records after `step`: training goes on from a checkpoint there."""
        with self._begin() as connection:
            change_row(connection, run_id, {"step": max(0, step)})
            drop_records(connection, run_id, after=step)

    def pause(self, run_id: str, result: Mapping[str, Any], answering: Command | None = None) -> bool:
        """The worker lets go of the run, with a checkpoint.

        False, and nothing is changed, where something else than `answering` (if given) is asked by now, or the run is gone.
        """
        change = {"state": "paused", "command": None, "result": json.dumps(dict(result))}
        with self._begin() as connection:
            asked = sa.select(runs.c.command).where(runs.c.id == run_id).with_for_update()
            if answering is not None and connection.execute(asked).scalar() != answering:
                return False
            return change_row(connection, run_id, change)

    def reset_done(self, run_id: str) -> None:
        """The worker has let go of the run without a checkpoint: it is paused at step 0."""
        with self._begin() as connection:
            change_row(connection, run_id, AT_THE_BEGINNING)
            drop_records(connection, run_id, after=-1)

    def finish(self, run_id: str, outcome: Outcome, result: Mapping[str, Any], error: Message | None = None) -> None:
        """The run is over."""
        with self._begin() as connection:
            change_row(connection, run_id, at_the_end(outcome, result, error))


def _publish(connection: sa.Connection, report: Report) -> None:
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
    if change_row(connection, run_id, change):
        append_records(connection, run_id, report.curves)
