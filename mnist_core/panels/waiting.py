"""What a run waits for: how many are ahead of it, and about how long they will take.

The queue is read once a second for the whole process, however many browsers wait.
"""

from __future__ import annotations

import heapq
import threading
import time
from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice

import streamlit as st

from mnist_core import estimate, settings, stacks
from mnist_core.config import RunConfig
from mnist_core.estimate import Expected, Speed
from mnist_core.records import Run
from mnist_core.store.usage import SLICE_SECONDS
from mnist_core.ui import names, session
from mnist_core.ui.texts import _, ngettext

FRESH_SECONDS = 1.0
LONGER = 1.1  # times: from there on it is said what others make of it


@dataclass(frozen=True)
class Queue:
    """Who trains, who waits, in fair order, and on how many workers."""

    training: Sequence[Run]
    waiting: Sequence[Run]
    workers: int
    speed: Speed
    had: Mapping[str, float]  # worker-seconds of all these students
    trouble: str | None = None  # why nothing trains: "scheduler" (it does not answer) or "workers" (it has none)

    @cached_property
    def places(self) -> Mapping[str, int]:
        """Id of a waiting run → how many are ahead of it."""
        return {run.id: place for place, run in enumerate(self.waiting)}

    @cached_property
    def _stacks(self) -> Mapping[Hashable, tuple[int, str, float]]:
        """What will train as one, in the order of the first run of each: key → (place, whose that is, seconds that all take)."""
        alike: dict[Hashable, list[Run]] = {}
        for run in self.waiting:
            alike.setdefault(_stack_key(run, self.speed), []).append(run)
        return {
            key: (
                place,
                runs[0].owner,
                estimate.estimate_stack(runs[0].config, len(runs), self.speed, self.workers) * _share_left(runs[0]),
            )
            for place, (key, runs) in enumerate(alike.items())
        }

    @cached_property
    def _seconds(self) -> dict[Hashable, float]:
        return {}

    def seconds(self, run: Run) -> float:
        """Until a worker is free for the stack that the run will be in, about.

        Others make room after a slice, those who have had less than he when they have had as much; his own do not.
        """
        key = run.owner, _stack_key(run, self.speed)
        if key not in self._seconds:
            self._seconds[key] = self._until(islice(self._stacks.values(), self._stacks[key[1]][0]), run.owner)
        return self._seconds[key]

    def until_done(self, expected: Expected, owner: str) -> float:
        """Until what `owner` would put into the queue now is over, about.

        His own runs come before it. Each other student gets as much of the workers meanwhile as he, where he needs it.
        """
        needs: dict[str, float] = defaultdict(float)
        for runs in self._training.values():
            needs[runs[0].owner] += max(_seconds_left(run, self.speed) for run in runs)
        for _place, whose, seconds in self._stacks.values():
            needs[whose] += seconds
        others = sum(min(seconds, expected.work) for whose, seconds in needs.items() if whose != owner)
        begins = self._until([stack for stack in self._stacks.values() if stack[1] == owner], owner)
        beside = min(expected.beside, expected.alone + others)
        return max(begins + beside, (expected.work + others) / self.workers)

    @cached_property
    def _training(self) -> Mapping[Hashable, Sequence[Run]]:
        """Worker → the runs that train there as one."""
        together: dict[Hashable, list[Run]] = {}
        for run in self.training:
            together.setdefault(run.worker or run.id, []).append(run)
        return together

    def _until(self, ahead: Iterable[tuple[int, str, float]], owner: str) -> float:
        """Until a worker is free for `owner`, behind these stacks."""
        busy = [max(self._occupies(run, owner, len(runs)) for run in runs) for runs in self._training.values()]
        free = [*busy, *[0.0] * (self.workers - len(busy))] or [0.0]
        heapq.heapify(free)
        for _place, whose, seconds in ahead:
            heapq.heapreplace(free, free[0] + (seconds if whose == owner else min(seconds, SLICE_SECONDS)))
        return free[0]

    def _occupies(self, run: Run, owner: str, together: int) -> float:
        """Seconds until a run that trains makes room for one of `owner`'s; so many train together with it."""
        left = _seconds_left(run, self.speed)
        if run.owner == owner:
            return left
        behind = self.had.get(owner, 0.0) - self.had.get(run.owner, 0.0)
        return min(left, SLICE_SECONDS + max(0.0, behind) * together)


def _share_left(run: Run) -> float:
    return 1 - run.progress.step / max(1, run.progress.total_steps)


def _seconds_left(run: Run, speed: Speed) -> float:
    """Seconds that a run which trains will go on, about."""
    progress = run.progress
    if progress.images_per_second:
        return (progress.total_steps - progress.step) * run.config.batch_size / progress.images_per_second
    return estimate.estimate_seconds(run.config, speed) * _share_left(run)


def _stack_key(run: Run, speed: Speed) -> Hashable:
    """Equal for runs that will share a stack, as the dispatcher has it."""
    key = stacks.key(run.config, estimate.faster_device(run.config, speed))
    return run.id if key is None or run.command else (run.checkpoint_step, run.threads, key)


_lock = threading.Lock()
_queues: dict[str, tuple[float, Queue]] = {}


def read_queue() -> Queue:
    """The queue as it was within the last second."""
    store = session.store()
    with _lock:
        read_at, queue = _queues.get(store.url, (0.0, None))
        if queue is None or time.monotonic() - read_at > FRESH_SECONDS:
            training, waiting = store.queue.overview()
            cluster = store.facts.get("cluster") or {}
            workers = cluster.get("slots") or settings.worker_count()
            had = store.usage.levels({run.owner for run in (*training, *waiting)})
            speed = Speed.from_dict(store.facts.get("speed"))
            queue = Queue(training, waiting, workers, speed, had, cluster.get("trouble"))
            _queues[store.url] = time.monotonic(), queue
        return queue


def expected(*parts: tuple[RunConfig, int]) -> Expected:
    """What all of these take that are started together: so many runs of each configuration, which differ in rate or seed alone."""
    queue = read_queue()
    each = [estimate.expected(config, queue.speed, queue.workers, runs) for config, runs in parts]
    return estimate.expected_of_all(each, queue.workers)


def expected_time(expected: Expected) -> None:
    """How long it takes until what the page would start now is over; see `Queue.until_done`."""
    seconds = read_queue().until_done(expected, session.student())
    among_others = _("About {time} if no other run trained or waited now.").format(time=names.duration(expected.alone))
    help_text = among_others if seconds > LONGER * expected.alone else None
    st.metric(_("Expected time"), names.duration(seconds), help=help_text, width="content")


def words(run_ids: Collection[str]) -> str:
    """For the first of these queued runs: its place, and when it will start."""
    queue = read_queue()
    if queue.trouble == "scheduler":
        return _("Waiting: the scheduler of the training machines does not answer. The run starts when it is back.")
    if queue.trouble == "workers":
        return _("Waiting: no training machine is connected. The run starts when one is.")
    place = min((queue.places[run_id] for run_id in run_ids if run_id in queue.places), default=0)
    training = [run for run in queue.training if run.id not in run_ids]
    seconds = queue.seconds(queue.waiting[place]) if queue.waiting else 0.0
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
