"""What a run waits for: how many are ahead of it, and about how long they will take.

The queue is read once a second for the whole process, however many browsers wait.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections.abc import Collection, Hashable, Iterable, Sequence
from dataclasses import dataclass

from mnist_core import estimate, settings, stacks
from mnist_core.estimate import Speed
from mnist_core.records import Run
from mnist_core.ui import names, session
from mnist_core.ui.texts import _, ngettext

FRESH_SECONDS = 1.0


@dataclass(frozen=True)
class Line:
    """Who trains, who waits, in fair order, and on how many workers."""

    training: Sequence[Run]
    waiting: Sequence[Run]
    workers: int
    speed: Speed

    def seconds(self, ahead: Sequence[Run]) -> float:
        """Until a worker is free for what comes after `ahead`, about."""
        busy: dict[Hashable, float] = {}
        for run in self.training:
            worker = run.worker or run.id
            busy[worker] = max(busy.get(worker, 0.0), _left(run, self.speed))
        free = [*busy.values(), *[0.0] * (self.workers - len(busy))] or [0.0]
        heapq.heapify(free)
        for bunch in _bunches(ahead):
            fraction = estimate.estimate_sweep(bunch[0].config, len(bunch), self.speed) * _share_left(bunch[0])
            heapq.heappush(free, heapq.heappop(free) + fraction)
        return free[0]


def _share_left(run: Run) -> float:
    return 1 - run.progress.step / max(1, run.progress.total_steps)


def _left(run: Run, speed: Speed) -> float:
    """Seconds that a run which trains will go on, about."""
    done = run.progress
    if done.images_per_second:
        return (done.total_steps - done.step) * run.config.batch_size / done.images_per_second
    return estimate.estimate_seconds(run.config, speed) * _share_left(run)


def _bunches(runs: Iterable[Run]) -> list[list[Run]]:
    """Runs that will train as one stack, in the order of the first of each."""
    alike: dict[Hashable, list[Run]] = {}
    for run in runs:
        together = stacks.key(run.config) if run.group else None
        alike.setdefault((run.group, together) if together else run.id, []).append(run)
    return list(alike.values())


_lock = threading.Lock()
_known: dict[str, tuple[float, Line]] = {}


def line() -> Line:
    """The queue as it was within the last second."""
    store = session.store()
    with _lock:
        read, known = _known.get(store.url, (0.0, None))
        if known is None or time.monotonic() - read > FRESH_SECONDS:
            training, waiting = store.queue.overview()
            workers = (store.facts.get("cluster") or {}).get("slots") or settings.worker_count()
            known = Line(training, waiting, workers, Speed.from_dict(store.facts.get("speed")))
            _known[store.url] = time.monotonic(), known
        return known


def words(run_ids: Collection[str]) -> str:
    """For the first of these queued runs: its place, and when it will start."""
    now = line()
    place = next((place for place, run in enumerate(now.waiting) if run.id in run_ids), 0)
    training = [run for run in now.training if run.id not in run_ids]
    seconds = now.seconds(now.waiting[:place])
    if not place and not (training and seconds):
        return _("Starting …")
    parts = [
        ngettext("Waiting: {n} run is ahead", "Waiting: {n} runs are ahead", place).format(n=place)
        if place
        else _("Waiting: next in line")
    ]
    if training:
        text = ngettext("{n} run is training", "{n} runs are training", len(training))
        parts.append(text.format(n=len(training)))
    if seconds:
        parts.append(_("starts in about {time}").format(time=names.duration(seconds)))
    return " · ".join(parts)


def place(run: Run) -> str:
    """The place of a queued run, for a list."""
    if not run.queue_place:
        return _("next in line")
    return ngettext("{n} run is ahead", "{n} runs are ahead", run.queue_place).format(n=run.queue_place)
