"""What the store knows of a run, read as seldom and as little as possible.

Thirty browsers ask a few times a second. One cache for the whole process keeps the last view of each run; a poll
costs one small query unless the run has a new version, and then only the new records are read.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

import numpy as np

from mnist_core.errors import RunNotFoundError, RunUnreadableError
from mnist_core.memo import MB, Memo, bytes_of
from mnist_core.messages import N_
from mnist_core.records import Analysis, Curves, Run
from mnist_core.store import shown_id
from mnist_core.ui import seal, session

FIGURES = 48 * MB  # for figures, and other things made of views
VIEWS = 320  # ten sweeps of 32 runs; a view of 1,000 records takes about 60 kB
VIEWS_ROOM = 64 * MB
READ_AT_ONCE = 200  # runs: fewer than views are kept
FROM_START = (-1, -1)
T = TypeVar("T")


@dataclass(frozen=True)
class View:
    """A run with all its records, as of one version."""

    run: Run
    curves: Curves


class _Recent(OrderedDict[Hashable, Any]):
    """The last `most` values, within `room` bytes; the last one stays, however large."""

    def __init__(self, most: int, room: int) -> None:
        super().__init__()
        self.most, self.room = most, room
        self._sizes: dict[Hashable, int] = {}
        self._bytes = 0

    def put(self, key: Hashable, value: Any) -> None:
        size = bytes_of(value)
        self._bytes += size - self._sizes.get(key, 0)
        self._sizes[key] = size
        self[key] = value
        self.move_to_end(key)
        while len(self) > 1 and (len(self) > self.most or self._bytes > self.room):
            oldest, _value = self.popitem(last=False)
            self._bytes -= self._sizes.pop(oldest)


_lock = threading.Lock()
_views = _Recent(VIEWS, VIEWS_ROOM)
_figures = Memo(FIGURES)
_versions = _Recent(VIEWS, VIEWS_ROOM)  # version of each run, and since when it has been that
_first_looks = _Recent(VIEWS, VIEWS_ROOM)
_known: ContextVar[Mapping[str, int] | None] = ContextVar("mnist_lab_known", default=None)


def look(run_id: str) -> View:
    """The run as it is now, as this student may see it. Raises RunNotFoundError."""
    return _hidden_view(_look(run_id))


def my_runs(limit: int = 50, *, of_sweeps: bool = False) -> list[Run]:
    """This student's runs as they may be seen, newest first; see `Runs.newest`."""
    return [seal.hidden_run(run) for run in session.store().runs.newest(session.student(), limit, of_sweeps=of_sweeps)]


def my_runs_to_choose() -> list[Run]:
    """The same for a choice of one, which begins with the first: range tests come last, since their networks end broken on purpose."""
    return range_tests_last(my_runs())


def my_runs_with_weights() -> list[Run]:
    """Those whose weights can be looked into, for the same choice: those that are over come before those whose weights still change."""
    runs = [run for run in my_runs() if run.checkpoint_step is not None]
    return sorted(runs, key=lambda run: (run.is_range_test, run.state != "finished"))


def range_tests_last(runs: Sequence[Run]) -> list[Run]:
    """`runs` in their order, those that are range tests behind all others."""
    return sorted(runs, key=lambda run: run.is_range_test)


def my_runs_in(lesson: str) -> list[Run]:
    """This student's runs that were started in the lesson, as they may be seen, newest first; without their records."""
    return [seal.hidden_run(run) for run in session.store().runs.of_lesson(session.student(), lesson)]


def my_predictions() -> list[Run]:
    """This student's runs that are over and that a prediction was made of, as they may be seen, oldest first."""
    return [seal.hidden_run(run) for run in session.store().runs.predicted(session.student())]


def runs_of_group(group: str) -> list[Run]:
    """The runs started together under `group`, as they may be seen, oldest first; without their records."""
    return [seal.hidden_run(run) for run in session.store().runs.of_group(group)]


def _there(run: Run) -> Run:
    """The run, unless its student has deleted it: so it shows nowhere, though it can be restored for a while."""
    if run.soft_deleted:
        raise _gone(run.id)
    return run


def _gone(run_id: str) -> RunNotFoundError:
    return RunNotFoundError(N_("There is no run {run} here. It may have been deleted."), run=shown_id(run_id))


def find(run_id: str) -> Run:
    """The run as it may be seen, without its records. Raises RunNotFoundError, RunUnreadableError."""
    return seal.hidden_run(_there(session.store().runs.get(run_id)))


def _hidden_view(view: View) -> View:
    return View(seal.hidden_run(view.run), seal.hidden_curves(view.curves)) if seal.sealed() else view


def _look(run_id: str) -> View:
    store = session.store()
    known = _known.get()
    version = known.get(run_id) if known is not None else store.runs.version(run_id)
    if version is None:
        raise _gone(run_id)
    with _lock:
        cached: View | None = _views.get((store.url, run_id))
    if cached is not None and cached.run.version >= version and (known is not None or cached.run.state != "queued"):
        return cached
    # A queued run is read again each time: its place in the queue changes without it.
    run = _there(store.runs.get(run_id))
    return _keep(View(run, _curves(run, cached)))


def _keep(view: View) -> View:
    """Let this be the view of its run, unless another thread has read a newer one."""
    key = (session.store().url, view.run.id)
    with _lock:
        kept: View | None = _views.get(key)
        if kept is None or kept.run.version <= view.run.version:
            _views.put(key, view)
    return view


def analysis(analysis_id: str) -> Analysis | None:
    """The analysis as it is now; read from the store once for each version. None where there is none."""
    store, known = session.store(), _known.get()
    version = known.get(analysis_id) if known is not None else store.analyses.version(analysis_id)
    if version is None:
        return None
    return figure((store.url, analysis_id, version, "analysis"), partial(store.analyses.get, analysis_id))


@contextmanager
def knowing(versions: Mapping[str, int]) -> Iterator[None]:
    """Look for a while at these runs, analyses or classes, and no others, as they were at these versions, or later: what is kept is not
    asked for."""
    token = _known.set(versions)
    try:
        yield
    finally:
        _known.reset(token)


def known_versions() -> Mapping[str, int] | None:
    """The versions that are looked at just now (`knowing`); None: those that the store has."""
    return _known.get()


def read_analyses(analysis_ids: Collection[str]) -> dict[str, int]:
    """Versions of those of these analyses that there are."""
    return session.store().analyses.versions_of(analysis_ids) if analysis_ids else {}


def read_classes(class_ids: Collection[str]) -> dict[str, int]:
    """Versions of those of these classes that there are."""
    return session.store().classes.versions_of(class_ids) if class_ids else {}


def class_version(class_id: str) -> int | None:
    """The version of the class, which tells of each change of its members; None where it is gone."""
    known = _known.get()
    return (read_classes([class_id]) if known is None else known).get(class_id)


def read(run_ids: Collection[str]) -> dict[str, int]:
    """Versions of those of these runs that there are, all of which are read where they are new: few queries, however many runs."""
    store = session.store()
    versions = store.runs.versions_of(run_ids) if run_ids else {}
    with _lock:
        cached: dict[str, View | None] = {run_id: _views.get((store.url, run_id)) for run_id in versions}
    old = [run_id for run_id, view in cached.items() if view is None or view.run.version < versions[run_id]]
    if old:
        runs = store.runs.of_ids(old)
        steps = {run.id: _read_so_far(run, cached[run.id]) for run in runs}
        curves = store.record_reader.curves_of(steps)
        for run in runs:
            view = cached[run.id]
            from_start = view is None or steps[run.id] == FROM_START
            _keep(View(run, curves[run.id] if view is None or from_start else view.curves.followed_by(curves[run.id])))
    return versions


def look_at(run_ids: Sequence[str]) -> list[View]:
    """These runs as they are now, as they may be seen, in their order; few queries, however many. Those that are gone, or cannot
    be read, are left out."""
    views = []
    for first in range(0, len(run_ids), READ_AT_ONCE):
        part = run_ids[first : first + READ_AT_ONCE]
        with knowing(read(part)):
            for run_id in part:
                with suppress(RunNotFoundError, RunUnreadableError):
                    views.append(look(run_id))
    return views


def silent_seconds(run: Run) -> float:
    """For how long nothing new has been heard of the run, as far as this process has watched it."""
    key, now = (session.store().url, run.id), time.monotonic()
    with _lock:
        version: int | None
        since: float
        version, since = _versions.get(key, (None, now))
        if version != run.version:
            since = now
            _versions.put(key, (run.version, since))
    return now - since


def first_look(name: str, value: float) -> tuple[float, float]:
    """The `value` that this was given when it was first called with `name`, and how many seconds ago that was."""
    now = time.monotonic()
    with _lock:
        if name not in _first_looks:
            _first_looks.put(name, (value, now))
        first, moment = _first_looks[name]
    return first, now - moment


def look_at_group(group: str) -> list[View]:
    """The runs started together under `group` as they are now, oldest first. One small query while nothing is new.

    A queued run's place in the queue is not told.
    """
    store = session.store()
    versions = store.runs.versions(group)
    with _lock:
        views: dict[str, View | None] = {run_id: _views.get((store.url, run_id)) for run_id in versions}
    if any(view is None or view.run.version != versions[run_id] for run_id, view in views.items()):
        for run in store.runs.of_group(group):
            view = views.get(run.id)
            if view is None or view.run.version != run.version:
                untouched = run.state == "queued" and not run.attempts
                views[run.id] = view = View(run, Curves() if untouched else _curves(run, view))
                with _lock:
                    _views.put((store.url, run.id), view)
    return [_hidden_view(view) for view in views.values() if view is not None]


def _curves(run: Run, cached: View | None) -> Curves:
    reader = session.store().record_reader
    steps = _read_so_far(run, cached)
    new = reader.curves(run.id, *steps)
    return new if cached is None or steps == FROM_START else cached.curves.followed_by(new)


def _read_so_far(run: Run, cached: View | None) -> tuple[int, int]:
    """The steps (of records, of evaluations) after which there may be something new."""
    if cached is None or run.progress.step < cached.run.progress.step or run.attempts != cached.run.attempts:
        return FROM_START
    return _last(cached.curves.steps), _last(cached.curves.evaluations)


def _last(records: np.ndarray[Any, Any]) -> int:
    return int(records["step"][-1]) if len(records) else -1


def figure(key: Hashable, make: Callable[[], T]) -> T:
    """The figure under `key` (run, version, view, language, theme), or what else it names, made once for all browsers."""
    return _figures.get((key, seal.sealed()), make)
