"""The runs of a round, read for the board: what is new since it was last looked at, in few queries, however many runs there are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray

from mnist_core.escape import UserText
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Run
from mnist_core.store.database import Part
from mnist_core.store.record_reader import with_rate_changes
from mnist_core.store.rows import readable
from mnist_core.store.tables import chunks, classes, members, rounds, runs

AT_ONCE = 500  # ids in one query: databases take some thousands
MOST_RUNS = 4_000  # of a round that a board shows, the newest


class Boards(Part):
    """Runs of rounds; a part of `Store`. Test figures are among them: pages ask `ui.board` alone."""

    def versions(self, round_ids: Collection[str]) -> dict[str, int]:
        """Those of these rounds that there are, with a number that rises with each change of the round, its class or its runs."""
        of_runs = sa.select(sa.func.count() + sa.func.coalesce(sa.func.sum(runs.c.version), 0))
        of_runs = of_runs.where(runs.c.round_id == rounds.c.id)
        whole = rounds.c.version + classes.c.version + of_runs.scalar_subquery()
        query = sa.select(rounds.c.id, whole.label("version")).join(classes, classes.c.id == rounds.c.class_id)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.where(rounds.c.id.in_(round_ids)))
            return {row.id: int(row.version) for row in rows}

    def run_versions(self, round_id: str) -> dict[str, int]:
        """Ids of the round's runs that are not deleted, oldest first, with their versions."""
        visible = sa.and_(runs.c.round_id == round_id, runs.c.soft_deleted_at.is_(None))
        query = sa.select(runs.c.id, runs.c.version).where(visible)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.order_by(runs.c.created_order.desc()).limit(MOST_RUNS)).all()
        return {row.id: row.version for row in reversed(rows)}

    def read(self, after: Mapping[str, int]) -> tuple[list[Run], dict[str, NDArray[np.void]]]:
        """These runs, and what was evaluated of each after that step (`records.EVALUATION_DTYPE`)."""
        ids, found, blobs = list(after), [], defaultdict(list)
        with self.database.begin(write=False) as connection:
            for start in range(0, len(ids), AT_ONCE):
                part = ids[start : start + AT_ONCE]
                found += readable(connection.execute(sa.select(runs).where(runs.c.id.in_(part))))
                for row in connection.execute(_chunks("evaluations", part, min(after[run_id] for run_id in part))):
                    if row.last_step > after[row.run_id]:
                        blobs[row.run_id].append(row.data)
            found = with_rate_changes(connection, found)
        return found, {run_id: _unpack(blobs[run_id], after[run_id]) for run_id in ids}

    def steps(self, run_ids: Sequence[str]) -> dict[str, NDArray[np.void]]:
        """The records of these runs' steps (`records.STEP_DTYPE`), of at most `AT_ONCE` runs: 44 kB of each."""
        blobs = defaultdict(list)
        with self.database.begin(write=False) as connection:
            for row in connection.execute(_chunks("steps", run_ids, -1)):
                blobs[row.run_id].append(row.data)
        return {run_id: np.frombuffer(b"".join(blobs[run_id]), STEP_DTYPE) for run_id in run_ids}

    def nicknames(self, class_id: str) -> dict[str, UserText]:
        """What the members of the class are called, by the names in their cookies; in the order in which they came."""
        query = sa.select(members.c.student, members.c.nickname).where(members.c.class_id == class_id)
        with self.database.begin(write=False) as connection:
            rows = connection.execute(query.order_by(members.c.joined_order))
            return {row.student: UserText(row.nickname) for row in rows}


def _chunks(kind: str, run_ids: Collection[str], after: int) -> sa.Select[Any]:
    new = sa.and_(chunks.c.kind == kind, chunks.c.last_step > after)
    columns = (chunks.c.run_id, chunks.c.last_step, chunks.c.data)
    return sa.select(*columns).where(chunks.c.run_id.in_(run_ids), new).order_by(chunks.c.run_id, chunks.c.last_step)


def _unpack(blobs: Collection[bytes], after: int) -> NDArray[np.void]:
    array = np.frombuffer(b"".join(blobs), EVALUATION_DTYPE)
    return array[array["step"] > after]
