"""What the store knows of a run, read as seldom and as little as possible.

Thirty browsers ask a few times a second. One cache for the whole process keeps the last view of each run; a poll
costs one small query unless the run has a new version, and then only the new records are read.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core.errors import RunNotFoundError
from mnist_core.messages import N_
from mnist_core.records import Curves, Run
from mnist_core.store import shown_id
from mnist_core.ui import session

KEPT = 100  # views and figures kept in memory; a view of 1,000 records takes about 60 kB


@dataclass(frozen=True)
class View:
    """A run with all its records, as of one version."""

    run: Run
    curves: Curves


class _Recent(OrderedDict[Hashable, Any]):
    """The last `KEPT` values."""

    def put(self, key: Hashable, value: Any) -> None:
        self[key] = value
        self.move_to_end(key)
        while len(self) > KEPT:
            self.popitem(last=False)


_lock = threading.Lock()
_views = _Recent()
_figures = _Recent()


def look(run_id: str) -> View:
    """The run as it is now. Raises RunNotFoundError."""
    store = session.store()
    version = store.version(run_id)
    if version is None:
        raise RunNotFoundError(N_("There is no run {run} here. It may have been deleted."), run=shown_id(run_id))
    with _lock:
        known: View | None = _views.get((store.url, run_id))
    # A queued run is read again each time: its place in the queue changes without it.
    if known is not None and known.run.version == version and known.run.state != "queued":
        return known
    run = store.get(run_id)
    view = View(run, _curves(run, known))
    with _lock:
        _views.put((store.url, run_id), view)
    return view


def await_first_point(run_id: str, seconds: float = 0.5) -> None:
    """Wait until the run has an evaluation, or for `seconds`: a page drawn then need not wait for the next poll.

    A warm worker needs a fifth of a second; a queue that is longer is for the polls.
    """
    store = session.store()
    end = time.monotonic() + seconds
    version = store.version(run_id)
    while time.monotonic() < end:
        if store.version(run_id) != version:
            version = store.version(run_id)
            if len(store.curves(run_id).evaluations):
                return
        time.sleep(0.01)


def _curves(run: Run, known: View | None) -> Curves:
    store = session.store()
    gone_back = known is None or run.progress.step < known.run.progress.step or run.attempts != known.run.attempts
    if known is None or gone_back:
        return store.curves(run.id)
    old = known.curves
    new = store.curves(run.id, _last(old.steps), _last(old.evaluations))
    return Curves(
        np.concatenate([old.steps, new.steps]), np.concatenate([old.evaluations, new.evaluations]), new.events
    )


def _last(records: np.ndarray[Any, Any]) -> int:
    return int(records["step"][-1]) if len(records) else -1


def figure(key: Hashable, make: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The figure under `key` (run, version, view, language, theme), made once for all browsers."""
    with _lock:
        if key in _figures:
            made: dict[str, Any] = _figures[key]
            return made
    made = make()
    with _lock:
        _figures.put(key, made)
    return made
