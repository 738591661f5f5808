"""What a worker does with a run. Knows the store and the trainer, neither Dask nor pages.

`execute` owns a run from claim to release. The store is asked for requests about ten times a second and given new
records about five times a second, more often at first so that a curve is there at once.

A checkpoint goes with the records up to it. It is written beside the last one and takes its place when the store has
its records; whenever the worker dies, the store's `checkpoint_step` says which of the two files counts. So a run that
is taken up again draws the curve that an undisturbed one would.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from mnist_core import data, settings
from mnist_core.data import Dataset
from mnist_core.errors import CheckpointError, RunNotFoundError, StoreUnavailableError
from mnist_core.estimate import Speed, estimate_seconds
from mnist_core.records import Curves, Event, Progress, Requests, Run
from mnist_core.store import Store, open_store

LOG = logging.getLogger("mnist_lab.worker")
PUBLISH_SECONDS = 0.2
FIRST_SECONDS = 0.05  # between the first publications
ASK_SECONDS = 0.08
CHECKPOINT_SECONDS = 2.0
CHECKPOINT_SHARE = 0.05  # of the time, at most, goes into checkpoints
RETRY_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2)  # waits before a store that cannot be used is asked again
LEARNT_FROM_SECONDS = 1.0  # a shorter run says little about the machine's speed
_stores: dict[str, Store] = {}
T = TypeVar("T")


def worker_store(url: str) -> Store:
    """The store at `url`, opened once a process."""
    if url not in _stores:
        _stores[url] = open_store(url)
    return _stores[url]


def patiently(ask: Callable[[], T]) -> T:
    """`ask()`, again after a moment where the store is locked or full; it may be no more in a few seconds."""
    for seconds in RETRY_SECONDS:
        try:
            return ask()
        except StoreUnavailableError as error:
            LOG.warning("%s", error)
            time.sleep(seconds)
    return ask()


def checkpoint_file(run_id: str) -> Path:
    """Where the run's state lies between workers, and its weights in the end."""
    return settings.checkpoint_folder() / f"{run_id}.safetensors"


def execute(run_id: str, url: str, threads: int) -> None:
    """Train the run until it ends or is paused."""
    store = worker_store(url)
    run = patiently(lambda: _claim(store, run_id, threads))
    if run is not None:
        _Job(store, run).work()


def _claim(store: Store, run_id: str, threads: int) -> Run | None:
    """None where the run was stopped, deleted or paused while it waited."""
    try:
        # A run that is still marked as running belonged to a worker that died: Dask brings it here.
        store.requeue(run_id)
    except RunNotFoundError:
        return None
    return store.claim(run_id, f"{os.uname().nodename if hasattr(os, 'uname') else ''}:{os.getpid()}", threads)


class _Job:
    def __init__(self, store: Store, run: Run) -> None:
        self.store = store
        self.run = run
        self.file = checkpoint_file(run.id)
        self.next_file = self.file.with_suffix(".next.safetensors")
        self.requests: Requests | None = Requests()
        self._stepping = False
        self._asked = 0.0
        self._saved = time.monotonic()
        self._save_cost = 0.0
        self.trainer = self._trainer(data.load_dataset(run.config.dataset))
        self._measured_from = (self.trainer.seconds, self.trainer.step)

    # ---- begin -------------------------------------------------------------------------------------------------

    def _trainer(self, dataset: Dataset) -> Any:
        from mnist_core.training import Trainer

        trainer = self._restored(dataset)
        reached = self.run.progress.step
        if trainer is None:
            trainer = Trainer(self.run.config, dataset, threads=self.run.threads)
            patiently(lambda: self.store.rewind(self.run.id, -1))
        elif reached > trainer.step:
            patiently(lambda: self.store.rewind(self.run.id, trainer.step))
        if reached > trainer.step:
            # The last worker came further than its last checkpoint: those steps are made again.
            where = Progress(trainer.step, trainer.total_steps, trainer.epoch, trainer.seconds)
            happened = Curves(events=(Event(trainer.step, "recovered"),))
            patiently(lambda: self.store.publish(self.run.id, where, happened))
        return trainer

    def _restored(self, dataset: Dataset) -> Any:
        """The trainer as of the store's last checkpoint; None: start afresh."""
        from mnist_core.training import load

        step = patiently(lambda: self.store.checkpoint_step(self.run.id))
        if step is None:
            return None
        # The newer file counts where the worker died before it could put it in its place.
        for file in (self.next_file, self.file):
            if not file.exists():
                continue
            try:
                trainer = load(file, self.run.config, dataset, threads=self.run.threads)
            except CheckpointError as error:
                LOG.warning("%s", error)
                continue
            if trainer.step == step:
                file.replace(self.file)
                return trainer
        LOG.warning("run %s has lost its checkpoint at step %d and starts again", self.run.id, step)
        return None

    # ---- the loop ----------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Advance, publish, obey, until there is a reason to let go."""
        self._look()
        while (asked := self.requests) is not None:
            if asked.learning_rate is not None:
                self._change_rate(asked.learning_rate)
            elif asked.command in ("pause", "stop", "reset"):
                if self._let_go(asked.command):
                    return
            elif asked.command == "step":
                if self._one_step():
                    return
            elif self._go_on():
                return
        if patiently(lambda: self.store.version(self.run.id)) is None:
            self._forget()  # deleted

    def _go_on(self) -> bool:
        """Train for a moment; whether the run is over."""
        interval = FIRST_SECONDS if self.trainer.seconds < 0.6 else PUBLISH_SECONDS
        new = self.trainer.advance(self._interrupted, seconds=interval)
        if self.trainer.finished:
            self._finish(new)
            return True
        self._publish(new, save=self._save_is_due())
        return False

    def _one_step(self) -> bool:
        """One update, then a pause; False where something else was asked before it was made."""
        before = self.trainer.step
        self._stepping = True
        new = self.trainer.advance(self._interrupted, steps=1)
        self._stepping = False
        if self.trainer.finished:
            self._finish(new)
            return True
        made = self.trainer.step > before
        self._publish(new, save=made)
        return made and self._pause("step")

    def _let_go(self, command: str) -> bool:
        """Leave the run as `command` wants it; False where that was taken back meanwhile."""
        if command == "reset":
            self._forget()
            patiently(lambda: self.store.reset_done(self.run.id))
            return True
        if command == "stop":
            self.trainer.flush()
        self._publish(self.trainer.advance(_at_once, steps=0), save=True)
        if command == "pause":
            return self._pause("pause")
        result = self.trainer.result()
        patiently(lambda: self.store.finish(self.run.id, "stopped", result))
        return True

    def _pause(self, command: str) -> bool:
        """Pause, unless something else than `command` has been asked for since."""
        self._look()
        if self.requests is None or self.requests.command != command:
            return False
        result = self.trainer.result()
        patiently(lambda: self.store.pause(self.run.id, result))
        return True

    def _change_rate(self, rate: float) -> None:
        self.trainer.set_learning_rate(rate)
        # With a checkpoint at once, no death of a worker can lose the change.
        self._publish(self.trainer.advance(_at_once, steps=0), save=True, rate=rate)
        self._look()

    def _look(self) -> None:
        self._asked = time.monotonic()
        try:
            self.requests = self.store.requests(self.run.id)
        except StoreUnavailableError as error:
            LOG.warning("%s", error)  # a locked store: ask again in a moment

    def _interrupted(self) -> bool:
        """Whether something is asked that cannot wait until the trainer comes back by itself."""
        if time.monotonic() - self._asked >= ASK_SECONDS:
            self._look()
        asked = self.requests
        return asked is None or asked.learning_rate is not None or self._told(asked)

    def _told(self, asked: Requests) -> bool:
        return asked.command not in (None, "step" if self._stepping else None)

    # ---- the end -----------------------------------------------------------------------------------------------

    def _finish(self, new: Curves) -> None:
        self._publish(new, save=True)
        result = self.trainer.result() | self.trainer.whole(self._given_up)
        patiently(lambda: self.store.finish(self.run.id, self.trainer.outcome, result))
        try:
            self._learn_speed()
        except Exception:
            LOG.exception("nothing was learnt about the speed")  # the run has ended well all the same

    def _given_up(self) -> bool:
        return self._interrupted() and (self.requests is None or self._told(self.requests))

    def _learn_speed(self) -> None:
        """Make the next estimate better by what this run took."""
        trainer, config = self.trainer, self.run.config
        if trainer.seconds < LEARNT_FROM_SECONDS or trainer.step < trainer.total_steps:
            return
        speed = Speed.from_dict(self.store.fact("speed"))
        ratio = trainer.seconds / estimate_seconds(config, speed)
        self.store.set_fact("speed", speed.scaled(config.model, ratio).to_dict())

    def _forget(self) -> None:
        """Remove the run's files."""
        for file in (self.file, self.next_file):
            file.unlink(missing_ok=True)

    # ---- to the store ------------------------------------------------------------------------------------------

    def _publish(self, new: Curves, *, save: bool, rate: float | None = None) -> None:
        saved = save and self._save()
        trainer = self.trainer
        where = Progress(trainer.step, trainer.total_steps, trainer.epoch, trainer.seconds, self._speed())
        patiently(lambda: self.store.publish(self.run.id, where, new, checkpoint=saved, applied_rate=rate))
        if saved:
            self.next_file.replace(self.file)

    def _speed(self) -> float:
        """Images per second, over about the last second."""
        seconds, step = self._measured_from
        passed = self.trainer.seconds - seconds
        if passed <= 0:
            return self.run.progress.images_per_second
        speed: float = (self.trainer.step - step) * self.run.config.batch_size / passed
        if passed > 1.0:
            self._measured_from = (self.trainer.seconds, self.trainer.step)
        return speed

    def _save_is_due(self) -> bool:
        return time.monotonic() - self._saved > max(CHECKPOINT_SECONDS, self._save_cost / CHECKPOINT_SHARE)

    def _save(self) -> bool:
        """Write a checkpoint beside the last one; False where that cannot be done."""
        from mnist_core import training

        begun = time.monotonic()
        try:
            training.save(self.trainer, self.next_file)
        except Exception as error:  # safetensors has an error of its own for a full disk
            LOG.warning("no checkpoint of run %s: %s", self.run.id, error)
            return False
        finally:
            self._saved = time.monotonic()
            self._save_cost = self._saved - begun
        return True


def _at_once() -> bool:
    return True
