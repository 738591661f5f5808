"""Weights of runs that are at rest (they wait or are paused). Nobody else may remove them, so they have a bound of their own.

All of them have half of the room for weights; those of browsers without a class, which anybody may have as many of as he likes, half
of that. A student's may be as many as are still free: so who is alone may keep half of it, two a third each, and there is
always something left for who comes next.

What makes weights stay is refused: to pause a run, or to let one make a single step; and to start more for who has too many
already. A student who keeps none may always start: a run that trains to its end keeps nobody from anything. What guests
have left behind ends after a week (`jobs/abandoned.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mnist_core import settings
from mnist_core.errors import LimitError
from mnist_core.messages import N_
from mnist_core.networks.checkpoint_layout import bytes_of_checkpoint, checkpoint_file
from mnist_core.store.rows import AT_ONCE
from mnist_core.store.tables import runs, weight_files

_OF_ALL, _OF_GUESTS = 2, 4  # parts of the room for weights
_ABOUT_TO_REST = sa.and_(runs.c.state == "running", runs.c.command.in_(("pause", "step")))
_KEEPING = sa.and_(
    sa.or_(runs.c.state.in_(("queued", "paused")), _ABOUT_TO_REST),
    runs.c.checkpoint_step.is_not(None),  # else what lies there may go at any time
)


@dataclass(frozen=True)
class _Kept:
    """Bytes of weights at rest, and how many more there may be of this student's."""

    own: int
    most: int


def check_start(connection: sa.Connection, owner: str, *, guest: bool) -> None:
    """See that the student's runs at rest leave him the right to start more; `guest`: they are no class's. Raises LimitError."""
    if connection.execute(sa.select(runs.c.id).where(_KEEPING, runs.c.owner == owner).limit(1)).first() is None:
        return  # most often, and nothing needs to be measured
    kept = _kept(connection, owner, guest=guest)
    if kept.own > kept.most:
        raise _too_many(kept)


def check_rest(connection: sa.Connection, row: sa.Row[Any]) -> None:
    """See that the run in this row, which trains or has no weights yet, may rest with what it has then. Raises LimitError."""
    guest = row.class_id is None
    kept = _kept(connection, row.owner, guest=guest, but=row.id)
    if kept.own <= kept.most:
        return
    if kept.own:
        raise _too_many(kept)
    room = settings.weights_room() // (_OF_GUESTS if guest else _OF_ALL) >> 20
    if guest:
        raise LimitError(
            N_(
                "Waiting and paused runs of browsers without a class keep all of the {room} MB that there are for their weights. Let this run train to its end, stop it, or enter your class's code on the Home page."
            ),
            room=room,
        )
    raise LimitError(
        N_(
            "Waiting and paused runs keep all of the {room} MB that there are for their weights. Let this run train to its end, stop it, or try again in a moment."
        ),
        room=room,
    )


def guests_are_crowded(connection: sa.Connection) -> bool:
    """Whether guests' weights at rest take more than half of what they may."""
    rows = connection.execute(sa.select(runs.c.id).where(_KEEPING, runs.c.class_id.is_(None))).scalars().all()
    return sum(_sizes(connection, rows).values()) > settings.weights_room() // _OF_GUESTS // 2


def _too_many(kept: _Kept) -> LimitError:
    return LimitError(
        N_(
            "Your waiting and paused runs keep {kept} MB of weights, and at most {most} MB may be yours now. Stop some of them, or resume them and wait until they have trained."
        ),
        kept=-(-kept.own >> 20),
        most=max(0, kept.most) >> 20,
    )


def _kept(connection: sa.Connection, owner: str, *, guest: bool, but: str = "") -> _Kept:
    query = sa.select(runs.c.id, runs.c.owner, runs.c.class_id).where(_KEEPING, runs.c.id != but)
    rows = connection.execute(query).all()
    sizes = _sizes(connection, [row.id for row in rows])
    room = settings.weights_room()
    free = room // _OF_ALL - sum(sizes.values())
    if guest:
        free = min(free, room // _OF_GUESTS - sum(sizes[row.id] for row in rows if row.class_id is None))
    own = sum(sizes[row.id] for row in rows if row.owner == owner)
    return _Kept(own, min(free, settings.student_weights_room()))


def _sizes(connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, int]:
    """Bytes of the runs' checkpoints: not of their snapshots, which go where there is no room."""
    if not settings.weights_in_store():
        return {run_id: bytes_of_checkpoint(run_id) for run_id in run_ids}
    found = dict.fromkeys(run_ids, 0)
    names = {checkpoint_file(run_id).name: run_id for run_id in run_ids}
    in_order = list(names)
    for start in range(0, len(in_order), AT_ONCE):
        these = weight_files.c.name.in_(in_order[start : start + AT_ONCE])
        rows = connection.execute(sa.select(weight_files.c.name, weight_files.c.bytes).where(these))
        found |= {names[row.name]: row.bytes for row in rows}
    return found
