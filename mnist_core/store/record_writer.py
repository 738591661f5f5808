"""What workers report of the runs that they train: records, pauses, ends."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from mnist_core.messages import Message
from mnist_core.records import Outcome, Report
from mnist_core.store.commands import Command
from mnist_core.store.database import Part
from mnist_core.store.record_reader import append_records, drop_records
from mnist_core.store.rows import AT_THE_BEGINNING, as_ended, change_row, end_run
from mnist_core.store.tables import runs
from mnist_core.store.usage import charge


class RecordWriter(Part):
    """Where runs stand; a part of `Store`."""

    def publish(self, reports: Sequence[Report], worker_seconds: Mapping[str, float] | None = None) -> set[str]:
        """Add records and say where the runs stand, at once for all. Returns the ids of those that were changed.

        Changes nothing of a run that is gone, or that is not the reporting worker's any more. `worker_seconds`: what
        students have had of the worker since the last report, of runs too that are gone (default: nothing).
        """
        with self.database.begin() as connection:
            in_order = sorted(reports, key=lambda report: report.run_id)  # as all lock several runs
            changed = {report.run_id for report in in_order if _publish(connection, report)}
            charge(connection, worker_seconds or {})
        return changed

    def rewind(self, run_id: str, step: int, token: int | None = None) -> bool:
        """Drop all records after `step`: training goes on from a checkpoint there. False as in `pause`."""
        with self.database.begin() as connection:
            changed = change_row(connection, run_id, {"step": max(0, step)}, token)
            if changed:
                drop_records(connection, run_id, after=step)
        return changed

    def pause(
        self, run_id: str, result: Mapping[str, Any], answering: Command | None = None, token: int | None = None
    ) -> bool:
        """The worker lets go of the run, with a checkpoint.

        False, and nothing is changed, where something else than `answering` (if given) is asked by now, where the run is gone
        or no longer the worker's that has it by `token` (default: whoever's it is).
        """
        change = {"state": "paused", "command": None, "result": json.dumps(dict(result))}
        with self.database.begin() as connection:
            command = sa.select(runs.c.command).where(runs.c.id == run_id).with_for_update()
            if answering is not None and connection.execute(command).scalar() != answering:
                return False
            return change_row(connection, run_id, change, token)

    def reset(self, run_id: str, token: int | None = None) -> bool:
        """The worker has let go of the run without a checkpoint: it is at step 0, paused, or over where a stop was asked for since.
        False as in `pause`."""
        command = sa.select(runs.c.command).where(runs.c.id == run_id).with_for_update()
        with self.database.begin() as connection:
            is_over = connection.execute(command).scalar() == "stop"
            change = dict(AT_THE_BEGINNING) | (as_ended(connection, "stopped") if is_over else {})
            changed = change_row(connection, run_id, change, token)
            if changed:
                drop_records(connection, run_id, after=-1)
        return changed

    def finish(
        self,
        run_id: str,
        outcome: Outcome,
        result: Mapping[str, Any],
        error: Message | None = None,
        token: int | None = None,
    ) -> bool:
        """The run is over. False as in `pause`."""
        with self.database.begin() as connection:
            return end_run(connection, run_id, outcome, result, error, token)


def _publish(connection: sa.Connection, report: Report) -> bool:
    run_id, progress, rate = report.run_id, report.progress, report.applied_rate
    change: dict[str, Any] = {
        "step": progress.step,
        "total_steps": progress.total_steps,
        "epoch": progress.epoch,
        "seconds": progress.seconds,
        "images_per_second": progress.images_per_second,
    }
    if report.checkpoint:
        change |= {"checkpoint_step": progress.step, "checkpoint_token": report.token}
    if rate is not None:
        change["learning_rate"] = rate
        # A rate that was asked for meanwhile stays.
        change["rate_request"] = sa.func.nullif(runs.c.rate_request, rate)
    if report.made_step:
        change["command"] = sa.case((runs.c.command == "step", "pause"), else_=runs.c.command)
    changed = change_row(connection, run_id, change, report.token)
    if changed:
        append_records(connection, run_id, report.curves)
    return changed
