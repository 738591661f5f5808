"""What a worker does: train one run for the store, and the short tasks beside it.

`execute` owns a run from claim to release. The store is asked for requests about ten times a second and given new
records about five times a second, more often at first so that a curve is there at once. A checkpoint always goes with
the records up to it, so that a run that is taken up again draws the curve that an undisturbed one would.
"""

from __future__ import annotations

import logging
import os
import time
from pathlib import Path
from typing import Any

from mnist_core import data, settings
from mnist_core.data import Dataset
from mnist_core.errors import CheckpointError, StoreUnavailableError
from mnist_core.estimate import Speed, estimate_seconds
from mnist_core.records import Curves, Event, Progress, Requests, Run
from mnist_core.store import Store, open_store

LOG = logging.getLogger("mnist_lab.worker")
PUBLISH_SECONDS = 0.2
FIRST_SECONDS = 0.05  # between the first publications
ASK_SECONDS = 0.08
CHECKPOINT_SECONDS = 2.0
CHECKPOINT_SHARE = 0.05  # of the time, at most, goes into checkpoints
_stores: dict[str, Store] = {}


def _store(url: str) -> Store:
    if url not in _stores:
        _stores[url] = open_store(url)
    return _stores[url]


def checkpoint_file(run_id: str) -> Path:
    """Where the run's state lies between workers, and its weights in the end."""
    return settings.checkpoint_folder() / f"{run_id}.safetensors"


def execute(run_id: str, url: str, threads: int) -> None:
    """Train the run until it ends or is paused."""
    store = _store(url)
    _take_back(store, run_id)
    run = store.claim(run_id, f"{os.uname().nodename if hasattr(os, 'uname') else ''}:{os.getpid()}", threads)
    if run is None:
        return  # stopped, deleted or paused while it waited
    _Job(store, run).work()


def _take_back(store: Store, run_id: str) -> None:
    """A run that is still marked as running belonged to a worker that died: Dask brings it here."""
    if store.version(run_id) is not None:
        store.requeue(run_id)


class _Job:
    def __init__(self, store: Store, run: Run) -> None:
        self.store = store
        self.run = run
        self.file = checkpoint_file(run.id)
        self.trainer = self._trainer(data.load_dataset(run.config.dataset))
        self.single_step = run.command == "step"
        self.requests: Requests | None = Requests()
        self._asked = self._published = 0.0
        self._saved = time.monotonic()
        self._save_cost = 0.0
        self._images = (self.trainer.seconds, self.trainer.step)

    # ---- begin -------------------------------------------------------------------------------------------------

    def _trainer(self, dataset: Dataset) -> Any:
        from mnist_core.training import Trainer, load

        step = self.store.checkpoint_step(self.run.id)
        config, threads = self.run.config, self.run.threads
        if step is None:
            self.store.rewind(self.run.id, -1)
            return Trainer(config, dataset, threads=threads)
        try:
            trainer = load(self.file, config, dataset, threads=threads)
        except CheckpointError as error:
            LOG.warning("%s", error)
            self.store.rewind(self.run.id, -1)
            return Trainer(config, dataset, threads=threads)
        if self.run.progress.step > trainer.step:
            # The last worker came further than its last checkpoint: those steps are made again.
            self.store.rewind(self.run.id, trainer.step)
            self.store.publish(
                self.run.id, Progress(trainer.step, trainer.total_steps), _event(trainer.step, "recovered")
            )
        return trainer

    # ---- the loop ----------------------------------------------------------------------------------------------

    def work(self) -> None:
        """Advance, publish, obey, until there is a reason to let go."""
        self._look()
        while True:
            if self.requests is None:
                return  # the run is gone
            if self.requests.learning_rate is not None:
                self._change_rate(self.requests.learning_rate)
            if self.requests.command in ("pause", "stop", "reset"):
                self._let_go(self.requests.command)
                return
            if self.single_step:
                self._one_step()
                return
            interval = FIRST_SECONDS if self.trainer.seconds < 0.6 else PUBLISH_SECONDS
            new = self.trainer.advance(self._interrupted, seconds=interval)
            if self.trainer.finished:
                self._finish(new)
                return
            self._publish(new, save=self._save_is_due())

    def _interrupted(self) -> bool:
        now = time.monotonic()
        if now - self._asked >= ASK_SECONDS:
            self._look()
        requests = self.requests
        return requests is None or requests.learning_rate is not None or requests.command in ("pause", "stop", "reset")

    def _look(self) -> None:
        self._asked = time.monotonic()
        try:
            self.requests = self.store.requests(self.run.id)
        except StoreUnavailableError as error:
            LOG.warning("%s", error)  # a locked store: ask again in a moment

    def _change_rate(self, rate: float) -> None:
        self.trainer.set_learning_rate(rate)
        # With a checkpoint at once, no death of a worker can lose the change.
        self._publish(self.trainer.advance(_at_once, steps=0), save=True, rate=rate)
        self._look()

    def _one_step(self) -> None:
        new = self.trainer.advance(self._interrupted, steps=1)
        if self.trainer.finished:
            self._finish(new)
            return
        self._publish(new, save=True)
        self.store.pause(self.run.id, self.trainer.result())

    def _let_go(self, command: str) -> None:
        if command == "reset":
            self.file.unlink(missing_ok=True)
            self.store.reset_done(self.run.id)
            return
        if command == "stop":
            self.trainer.flush()
        self._publish(self.trainer.advance(_at_once, steps=0), save=True)
        if command == "pause":
            self.store.pause(self.run.id, self.trainer.result())
        else:
            self.store.finish(self.run.id, "stopped", self.trainer.result())

    def _finish(self, new: Curves) -> None:
        self._publish(new, save=True)
        result = self.trainer.result() | self.trainer.whole(self._interrupted)
        self.store.finish(self.run.id, self.trainer.outcome, result)
        self._learn_speed()

    def _learn_speed(self) -> None:
        """Make the next estimate better by what this run took."""
        trainer, config = self.trainer, self.run.config
        if trainer.seconds < 1.0 or trainer.step < trainer.total_steps:
            return
        speed = Speed.from_dict(self.store.fact("speed"))
        ratio = trainer.seconds / estimate_seconds(config, speed)
        self.store.set_fact("speed", speed.scaled(config.model, ratio).to_dict())

    # ---- to the store ------------------------------------------------------------------------------------------

    def _publish(self, new: Curves, *, save: bool, rate: float | None = None) -> None:
        if save:
            self._save()
        trainer = self.trainer
        progress = Progress(trainer.step, trainer.total_steps, trainer.epoch, trainer.seconds, self._speed())
        for attempt in range(5):
            try:
                self.store.publish(self.run.id, progress, new, checkpoint=save, applied_rate=rate)
                return
            except StoreUnavailableError as error:
                LOG.warning("%s", error)
                time.sleep(0.2 * 2**attempt)
        self.store.publish(self.run.id, progress, new, checkpoint=save, applied_rate=rate)

    def _speed(self) -> float:
        """Images per second, over about the last second."""
        seconds, step = self._images
        passed = self.trainer.seconds - seconds
        if passed <= 0:
            return self.run.progress.images_per_second
        speed: float = (self.trainer.step - step) * self.run.config.batch_size / passed
        if passed > 1.0:
            self._images = (self.trainer.seconds, self.trainer.step)
        return speed

    def _save_is_due(self) -> bool:
        return time.monotonic() - self._saved > max(CHECKPOINT_SECONDS, self._save_cost / CHECKPOINT_SHARE)

    def _save(self) -> None:
        from mnist_core.training import save

        begun = time.monotonic()
        save(self.trainer, self.file)
        self._saved = time.monotonic()
        self._save_cost = self._saved - begun


def _at_once() -> bool:
    return True


def _event(step: int, kind: Any, value: float | None = None) -> Curves:
    return Curves(events=(Event(step, kind, value),))


# ---- short tasks -----------------------------------------------------------------------------------------------


def _reported(url: str, key: str, function: Any) -> None:
    store = _store(url)
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.3:
            last = time.monotonic()
            store.set_fact(key, {"state": "running", "done": done, "total": total})

    function(report)
    store.set_fact(key, {"state": "done", "done": 1, "total": 1})


def download(url: str) -> None:
    """Fetch MNIST, with progress in the fact `download`. Raises DataError."""
    _reported(url, "download", data.ensure_mnist)


def draw_digits(url: str) -> None:
    """Draw the built-in digits, with progress in the fact `digits`. Raises DataError."""
    _reported(url, "digits", data.ensure_built_in)


def measure(url: str) -> None:
    """Measure this machine's speed into the fact `speed`."""
    from mnist_core.training import measure_speed

    _store(url).set_fact("speed", measure_speed().to_dict())
