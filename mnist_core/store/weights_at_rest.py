"""Weights of runs that are at rest (they wait or are paused). Nobody else may remove them, so they have a bound of their own.

All of them have half of the room for weights; those of browsers without a class, which anybody may have as many of as he likes, half
of that. A student's may be as many as are still free: so who is alone may keep half of it, two a third each, and there is
always something left for who comes next.

What makes weights stay is refused: to pause a run, or to let one make a single step; and to start more, or to continue what has
failed, for who has too many already. Those count that are yet to be written, too. A student who keeps none may always start: a
run that trains to its end keeps nobody from anything, nor does one that made room for others and waits for its turn. What
guests have left behind ends after a week (`jobs/abandoned.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from mnist_core import settings
from mnist_core.errors import LimitError
from mnist_core.messages import N_
from mnist_core.networks.checkpoint_layout import bytes_at_rest, bytes_of_checkpoint, checkpoint_file
from mnist_core.store.rows import AT_ONCE, LOST_WORKER, settings_in
from mnist_core.store.tables import runs, weight_files

_OF_ALL, _OF_GUESTS = 2, 4  # parts of the room for weights
# What its worker pauses, the one that it has or the next, and then keeps what it has not yet.
_ABOUT_TO_REST = sa.and_(runs.c.state.in_(("queued", "running")), runs.c.command.in_(("pause", "step")))
_RESTING = sa.and_(
    runs.c.state.in_(("queued", "paused")),
    runs.c.checkpoint_step.is_not(None),  # else what lies there may go at any time
)
_KEEPING = sa.or_(_RESTING, _ABOUT_TO_REST)
# It made room for others, or lost its worker: that it rests is no wish of its student's, and it goes on by itself.
_PUT_BACK = sa.and_(runs.c.state == "queued", sa.or_(runs.c.slice_over, runs.c.priority == LOST_WORKER))
_WANTED = sa.or_(_ABOUT_TO_REST, sa.and_(_RESTING, sa.not_(_PUT_BACK)))


@dataclass(frozen=True)
class _Kept:
    """Bytes of weights that rest by this student's wish, and how many there may be."""

    own: int
    most: int


def rest_room(*, guest: bool) -> int:
    """Bytes that weights at rest may take: all together, or those of guests."""
    return settings.weights_room() // (_OF_GUESTS if guest else _OF_ALL)


def check_start(connection: sa.Connection, owner: str, *, guest: bool) -> None:
    """See that the student's runs at rest leave him the right to start more; `guest`: they are no class's. Raises LimitError."""
    if connection.execute(sa.select(runs.c.id).where(_WANTED, runs.c.owner == owner).limit(1)).first() is None:
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
    room = rest_room(guest=guest) >> 20
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
    kept = _sizes(connection, connection.execute(_ROWS.where(runs.c.class_id.is_(None))).all())
    return sum(kept.values()) > rest_room(guest=True) // 2


def _too_many(kept: _Kept) -> LimitError:
    return LimitError(
        N_(
            "Your waiting and paused runs keep {kept} MB of weights, and at most {most} MB may be yours now. Stop some of them, or resume them and wait until they have trained."
        ),
        kept=-(-kept.own >> 20),
        most=max(0, kept.most) >> 20,
    )


_SETTINGS = sa.case((_ABOUT_TO_REST, runs.c.config)).label("config")  # long, and wanted of few
_ROWS = sa.select(runs.c.id, runs.c.owner, runs.c.class_id, _WANTED.label("wanted"), _SETTINGS).where(_KEEPING)


def _kept(connection: sa.Connection, owner: str, *, guest: bool, but: str = "") -> _Kept:
    rows = connection.execute(_ROWS.where(runs.c.id != but)).all()
    sizes = _sizes(connection, rows)
    free = rest_room(guest=False) - sum(sizes.values())
    if guest:
        free = min(free, rest_room(guest=True) - sum(sizes[row.id] for row in rows if row.class_id is None))
    own = sum(sizes[row.id] for row in rows if row.owner == owner and row.wanted)
    return _Kept(own, min(free, settings.student_weights_room()))


def _sizes(connection: sa.Connection, rows: Sequence[sa.Row[Any]]) -> dict[str, int]:
    """Bytes of the runs' checkpoints, as they are or as they will be: not of their snapshots, which go where there is no room."""
    written = _written(connection, [row.id for row in rows])
    return {row.id: max(written[row.id], _expected(row.config)) for row in rows}


def _expected(config: str | None) -> int:
    settings_of_run = None if config is None else settings_in(config)
    return 0 if settings_of_run is None else bytes_at_rest(settings_of_run)


def _written(connection: sa.Connection, run_ids: Sequence[str]) -> dict[str, int]:
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
