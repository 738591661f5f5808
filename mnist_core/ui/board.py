"""The runs of a round as everybody may see them: kept once for the process, and only what is new of them is read.

A board of 2,000 runs changes several times a second: of each change the changed runs alone are asked for, with their evaluations
alone. Students' names in cookies stay here; outside a student is his nickname and a number.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mnist_core.diagnostics import Scale, zones
from mnist_core.errors import RoundError
from mnist_core.escape import NOTHING, UserText
from mnist_core.messages import N_
from mnist_core.records import Curves, Run
from mnist_core.rounds import Round, RoundRun
from mnist_core.ui import seal, session, watch

BOARDS = 6  # rounds whose runs are kept
NOTHING_YET = -1
JUDGED_AT_ONCE = 100  # runs whose steps are in memory


@dataclass(frozen=True)
class Board:
    """A round with all its runs, oldest first, as of one version; `waiting`: what was predicted of runs that are not started yet."""

    round: Round
    version: int
    runs: tuple[RoundRun, ...]
    waiting: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """Of the round."""
        return self.round.id


class _Kept(NamedTuple):
    """A run as it was last read."""

    run: Run
    curves: Curves
    unstable: bool = False


_KeptRuns = dict[str, _Kept]
_lock = threading.Lock()
_kept: OrderedDict[tuple[str, str], _KeptRuns] = OrderedDict()
_shown: ContextVar[Board | None] = ContextVar("mnist_lab_board", default=None)
_boards: OrderedDict[tuple[str, str, bool], Board] = OrderedDict()


def look(round_id: str) -> Board | None:
    """The round with its runs as it is now, without test figures where they are sealed; None where it is gone."""
    store = session.store()
    known = watch.known_versions()
    versions = read([round_id]) if known is None else known
    if round_id not in versions:
        return None
    key = (store.url, round_id, seal.sealed())
    with _lock:
        board = _boards.get(key)
    if board is not None and board.version >= versions[round_id]:
        return board
    given = store.rounds.get(round_id)
    if given is None:
        return None
    made = _made(given, versions[round_id], {} if board is None else {one.run.id: one for one in board.runs})
    with _lock:
        _boards[key] = made
        _boards.move_to_end(key)
        while len(_boards) > 2 * BOARDS:
            _boards.popitem(last=False)
    return made


def found(round_id: str) -> Board:
    """The same. Raises RoundError where it is gone."""
    board = _shown.get() or look(round_id)
    if board is None:
        raise RoundError(N_("This round is no longer here."))
    return board


@contextmanager
def showing(board: Board) -> Iterator[None]:
    """Find for a while this one, as it was."""
    token = _shown.set(board)
    try:
        yield
    finally:
        _shown.reset(token)


def read(round_ids: Collection[str]) -> dict[str, int]:
    """Versions of those of these rounds that there are; they rise with each change of a run, too."""
    return session.store().board.versions(round_ids) if round_ids else {}


def _made(given: Round, version: int, before: Mapping[str, RoundRun]) -> Board:
    """The board as of this version; runs that are as they were `before` are the same objects."""
    store = session.store()
    runs = _read_runs(given)
    nicknames = store.board.nicknames(given.class_id)
    students = {name: number for number, name in enumerate(nicknames)}
    for kept in runs.values():
        students.setdefault(kept.run.owner, len(students))
    of_round = tuple(
        _shown_run(kept, nicknames.get(kept.run.owner, NOTHING), students[kept.run.owner], before.get(kept.run.id))
        for kept in runs.values()
    )
    return Board(given, version, of_round, tuple(store.rounds.predictions(given.id).values()))


def _shown_run(kept: _Kept, nickname: UserText, student: int, before: RoundRun | None) -> RoundRun:
    run = kept.run
    if before is not None and (before.run.version, before.nickname, before.student) == (run.version, nickname, student):
        return before
    curves = seal.hidden_curves(kept.curves)
    return RoundRun(replace(seal.hidden_run(run), owner=""), curves, nickname, student, kept.unstable)


def _read_runs(given: Round) -> _KeptRuns:
    """All runs of the round, oldest first: those that have changed since the last time are read."""
    store, round_id = session.store(), given.id
    versions = store.board.run_versions(round_id)
    with _lock:
        kept = _kept.get((store.url, round_id), {})
    old = {run_id for run_id, version in versions.items() if run_id not in kept or kept[run_id].run.version < version}
    new = _evaluated(old, kept)
    if given.plan.has_zones:
        new |= _judged(new, kept)
    runs = {run_id: new.get(run_id) or kept[run_id] for run_id in versions if run_id in new or run_id in kept}
    with _lock:
        _kept[store.url, round_id] = runs
        _kept.move_to_end((store.url, round_id))
        while len(_kept) > BOARDS:
            _kept.popitem(last=False)
    return runs


def _evaluated(run_ids: Collection[str], kept: _KeptRuns) -> _KeptRuns:
    """These runs with all their evaluations, of which only what came after those that are kept is read."""
    after = {run_id: _last_step(kept[run_id].curves) if run_id in kept else NOTHING_YET for run_id in run_ids}
    runs, new = session.store().board.read(after)
    again = {run.id: NOTHING_YET for run in runs if run.id in kept and _began_anew(run, kept[run.id].run)}
    if again:
        runs_again, whole = session.store().board.read(again)
        runs, new = [*(run for run in runs if run.id not in again), *runs_again], new | whole
    return {run.id: _Kept(run, _with_kept(new[run.id], None if run.id in again else kept.get(run.id))) for run in runs}


def _judged(new: _KeptRuns, kept: _KeptRuns) -> _KeptRuns:
    """Those of the `new` runs that have completed, with what their steps say; those that had are judged already."""
    completed = {run_id: one for run_id, one in new.items() if one.run.outcome == "completed"}
    unstable = {run_id: kept[run_id].unstable for run_id, one in completed.items() if _is_judged(one, kept.get(run_id))}
    unread = [run_id for run_id in completed if run_id not in unstable]
    for start in range(0, len(unread), JUDGED_AT_ONCE):
        for run_id, steps in session.store().board.steps(unread[start : start + JUDGED_AT_ONCE]).items():
            config = completed[run_id].run.config
            unstable[run_id] = zones.unstable(Curves(steps=steps), Scale.of(config), config.batch_size)
    return {run_id: one._replace(unstable=unstable[run_id]) for run_id, one in completed.items()}


def _is_judged(new: _Kept, kept: _Kept | None) -> bool:
    return kept is not None and kept.run.outcome == "completed" and not _began_anew(new.run, kept.run)


def _with_kept(new: NDArray[np.void], kept: _Kept | None) -> Curves:
    return Curves(evaluations=new if kept is None else np.concatenate([kept.curves.evaluations, new]))


def _began_anew(run: Run, before: Run) -> bool:
    return run.attempts != before.attempts or run.progress.step < before.progress.step


def _last_step(curves: Curves) -> int:
    return int(curves.evaluations["step"][-1]) if len(curves.evaluations) else NOTHING_YET
