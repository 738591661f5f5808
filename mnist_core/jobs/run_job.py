"""What a worker does with runs that it was given.

`execute` owns runs from claim to release: one, or several that train as one stack. The store is asked for requests
about ten times a second and given new records about five times a second, more often at first so that a curve is there
at once. A run (`run_execution.Job`) of a stack that is paused, stopped or stepped leaves it; the others go on.
"""

from __future__ import annotations

import logging
import os
import platform
import time
from collections.abc import Callable, Hashable, Sequence
from contextlib import suppress
from functools import cache, partial
from typing import cast

from mnist_core import data, stacks
from mnist_core.config import DatasetName
from mnist_core.data import Dataset
from mnist_core.errors import DataMissingError, StoreError, TransientStoreError
from mnist_core.image_sets import KnownName
from mnist_core.jobs import compute_lock, run_execution, worker_heartbeat
from mnist_core.jobs.memory import releasing
from mnist_core.jobs.run_execution import AWAY_SECONDS, ClaimLostError, Job
from mnist_core.jobs.worker_store import patiently, worker_store
from mnist_core.jobs.worker_time import WorkerTime
from mnist_core.messages import N_, message
from mnist_core.networks.checkpoint_layout import drop_copies
from mnist_core.records import Run
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.worker")
PUBLISH_SECONDS = 0.2
FIRST_SECONDS = 0.05  # between the first publications
CHECKPOINT_SECONDS = 2.0
SLICE_RETRY_SECONDS = 2.0  # where no checkpoint could be written at the end of a slice
CHECKPOINT_FRACTION = 0.05  # of the time, at most, goes into checkpoints


@releasing
def execute(run_ids: Sequence[str], url: str, threads: int, lease: int | None = None) -> None:
    """Train the runs, which can share a stack if they are several, until each has ended or is paused.

    `lease`: token of the cluster that sends them (default: none); it gets nothing where it has lost its lease.
    """
    store = patiently(partial(worker_store, url))
    worker = f"{platform.node()}:{os.getpid()}"
    claimed = [
        run
        for run_id in run_ids
        if (run := patiently(partial(store.queue.claim, run_id, worker, threads, lease))) is not None
    ]
    load = cache(_dataset)  # mapped once, not by each run anew
    with worker_heartbeat.at_work(), compute_lock.OF_THIS_PROCESS:
        used = WorkerTime()
        try:
            jobs = [job for run in claimed if (job := _job(store, run, load))]
            for stack in _that_fit(jobs):
                _Stack(store, stack, used).work()
        finally:
            used.count([run.owner for run in claimed])
            with suppress(StoreError):  # the store has its own trouble then, and the run a sentence for it
                store.usage.charge(used.take())
            drop_copies()


def _dataset(name: DatasetName) -> Dataset:
    """The images; on a machine that has none yet they are fetched or drawn first. Raises DataError."""
    if not data.available(name):
        if name == "mnist":
            data.ensure_downloaded()
        elif name == "built-in":
            data.ensure_built_in()
        elif name in data.DOWNLOADS:
            text = N_("{data} is not on this server. Download it on the “Data” page, or train on other images.")
            raise DataMissingError(text, data=message(data.TITLES[cast(KnownName, name)]))
    return data.load_dataset(name)


def _job(store: Store, run: Run, load: Callable[[DatasetName], Dataset]) -> Job | None:
    try:
        return Job(store, run, load)
    except ClaimLostError:
        return None


def _that_fit(jobs: Sequence[Job]) -> list[list[Job]]:
    """The same jobs, those together that can train as one: at the same step, which differs where a checkpoint was lost, and on a
    device that takes them together."""
    fitting: dict[Hashable, list[Job]] = {}
    for job in jobs:
        state = job.trainer.state
        key = stacks.key(job.run.config, state.device.type) or job.run.id
        fitting.setdefault((state.step, key), []).append(job)
    return list(fitting.values())


class _Stack:
    """Jobs at the same step, which train as one stack: the loop."""

    def __init__(self, store: Store, jobs: Sequence[Job], used: WorkerTime) -> None:
        self.store = store
        self.jobs = list(jobs)  # those that are not over
        self._used = used
        self._threads = jobs[0].run.threads
        self._polled = 0.0
        self._saved = time.monotonic()
        self._save_cost = 0.0
        self._keeps_until = 0.0  # when the end of the slice is heard again
        self._join()

    def _join(self) -> None:
        """Let the trainers that are left share one loop, as they are now."""
        from mnist_core.training import train_together

        trainers = [job.trainer for job in self.jobs]
        if len(trainers) > 1 or (trainers and trainers[0].loop.runs != [trainers[0].state]):
            train_together(trainers)

    def work(self) -> None:
        """Advance, publish, obey, until there is a reason to let go of every run."""
        self._look()
        compute_lock.OF_THIS_PROCESS.prepare(self._set_threads)
        while self.jobs:
            if compute_lock.OF_THIS_PROCESS.give_way():
                self._look()
            if any(job.has_request for job in self.jobs):
                self._obey()
            elif self._slice_is_over:
                self._make_room()
            else:
                self._go_on()

    def _set_threads(self) -> None:
        """Compute with as many threads as these runs always had, whatever an analysis used meanwhile."""
        import torch

        if self._threads:
            torch.set_num_threads(self._threads)

    @property
    def _slice_is_over(self) -> bool:
        """Whether others wait whose turn it is. All runs of a stack go together, so that they may train together again."""
        over = any(job.requests is not None and job.requests.slice_over for job in self.jobs)
        return over and time.monotonic() >= self._keeps_until

    def _make_room(self) -> None:
        """Put the runs back into the queue; those that cannot be now go on."""
        self._put_back(self.jobs)
        self._look()
        self._join()

    def _put_back(self, jobs: Sequence[Job]) -> None:
        """Put these runs back into the queue with a checkpoint each; those that can have none now stay."""
        saved = self._publish(jobs, jobs)
        tokens = {job.run.id: job.run.token for job in saved if job.requests is not None}
        gone = patiently(lambda: self.store.queue.put_back(tokens))
        if any(job.run.id not in gone for job in jobs):
            self._keeps_until = time.monotonic() + SLICE_RETRY_SECONDS
        self.jobs = [job for job in self.jobs if job.run.id not in gone]

    def _obey(self) -> None:
        """Do what is asked of some of the runs, each of them out of the stack meanwhile."""
        step = self.jobs[0].trainer.step
        self._count(self.jobs)
        for job in [job for job in self.jobs if job.has_request]:
            if len(self.jobs) > 1:
                job.trainer.train_alone()
            if self._lets_go(job):
                self.jobs.remove(job)
            elif len(self.jobs) > 1 and job.trainer.step != step:
                # It has made its step and is to go on after all: another place is found for it, when its turn comes. In
                # front, a sweep could be made into as many runs before all others.
                patiently(partial(self.store.queue.requeue_last, job.run.id, job.run.token))
                self.jobs.remove(job)
            self._count([job])
        self._join()

    def _count(self, jobs: Sequence[Job]) -> None:
        """What has passed of the worker's time was for these."""
        self._used.count([job.run.owner for job in jobs])

    @staticmethod
    def _lets_go(job: Job) -> bool:
        """Let the job do what is asked of it; whether it is let go of."""
        try:
            return job.obey()
        except ClaimLostError:
            return True

    def _go_on(self) -> None:
        """Train for a moment."""
        trainer = self.jobs[0].trainer
        trainer.loop.advance(self._interrupted, seconds=FIRST_SECONDS if trainer.seconds < 0.6 else PUBLISH_SECONDS)
        over = [job for job in self.jobs if job.trainer.finished]
        self._publish([job for job in self.jobs if job not in over] if self._save_is_due() else ())
        for job in over:  # whose last points are told; what follows may take a while
            self._end(job)

    def _end(self, job: Job) -> None:
        """Measure the best network of a run that has made its last update, and let go of it; or make room before that is done."""
        if not job.settle_best(in_a_slice=time.monotonic() >= self._keeps_until):
            self._put_back([job])
            if job not in self.jobs:
                return
            job.settle_best()
        self._publish([job], [job])
        if job.requests is not None:
            job.finish()
            self._count([job])
            self.jobs.remove(job)

    def _look(self) -> None:
        self._polled = time.monotonic()
        try:
            tokens = {job.run.id: job.run.token for job in self.jobs}
            requests = self.store.commands.pending([*tokens], tokens)
        except TransientStoreError as error:
            LOG.warning("%s", error)  # the next report waits for the store
            self._polled += AWAY_SECONDS
            return
        for job in self.jobs:
            job.requests = requests.get(job.run.id)

    def _interrupted(self) -> bool:
        """Whether something is asked that cannot wait until the stack comes back by itself."""
        worker_heartbeat.tick()
        if time.monotonic() - self._polled >= run_execution.ASK_SECONDS:
            self._look()
        return any(job.has_request for job in self.jobs) or self._slice_is_over

    def _publish(self, to_save: Sequence[Job], jobs: Sequence[Job] | None = None) -> list[Job]:
        """Tell the store what is new of `jobs` (default: all), with a checkpoint of some; returns those that have one."""
        jobs = self.jobs if jobs is None else jobs
        start = time.monotonic()
        saved = [job for job in to_save if (job.save_patiently() if job.trainer.finished else job.save())]
        if to_save:
            self._saved = time.monotonic()
            self._save_cost = self._saved - start
        reports = [job.report(saved=job in saved) for job in jobs]
        self._count(jobs)
        seconds = self._used.take()
        accepted = patiently(lambda: self.store.record_writer.publish(reports, seconds))
        for job, report in zip(jobs, reports, strict=True):
            if job.run.id in accepted:
                job.published(report)
            else:
                job.requests = None  # it is another worker's by now
        return saved

    def _save_is_due(self) -> bool:
        return time.monotonic() - self._saved > max(CHECKPOINT_SECONDS, self._save_cost / CHECKPOINT_FRACTION)
