"""The dispatcher: takes runs from the store's queue to Dask's workers, as many as there are slots, in fair order.

It also sees to the data (a download that was asked for, the built-in digits), and tells the store that it lives.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from typing import Any

from mnist_core import data, settings
from mnist_core.config import DatasetName
from mnist_core.errors import DataError, MnistLabError, StoreError
from mnist_core.estimate import useful_threads
from mnist_core.jobs import run_job
from mnist_core.messages import N_, Message, message
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.dispatcher")
IDLE_SECONDS = 0.04
HEARTBEAT_SECONDS = 1.0


class Dispatcher:
    """Serves the queue of `store` with the workers of the Dask `client`."""

    def __init__(self, client: Any, store: Store) -> None:
        self.client = client
        self.store = store
        self.slots = settings.worker_count()
        self._running: dict[str, Any] = {}
        self._tasks: dict[str, Any] = {}
        self._beat = 0.0
        self._started = time.time()

    def serve(self) -> None:
        """Work until the process ends."""
        lost = self.store.requeue_lost()
        if lost:
            LOG.info("going on with %s", ", ".join(lost))
        self._see_to_data()
        while True:
            try:
                self.tick()
            except StoreError as error:
                LOG.warning("%s", error)
                time.sleep(1.0)
            time.sleep(IDLE_SECONDS)

    def tick(self) -> None:
        """One look at everything."""
        self._collect()
        self._submit()
        self._collect_tasks()
        if time.time() - self._beat > HEARTBEAT_SECONDS:
            self._heartbeat()

    def _submit(self) -> None:
        free = self.slots - len(self._running)
        if free <= 0:
            return
        for run in self.store.next_queued(free + len(self._running)):
            if run.id in self._running or len(self._running) >= self.slots or self._data_to_come(run.config.dataset):
                continue
            # Alone a run has all cores.
            threads = useful_threads(run.config, settings.cpu_count() // (len(self._running) + 1))
            self._running[run.id] = self.client.submit(
                run_job.execute,
                run.id,
                self.store.url,
                threads,
                key=f"run-{run.id}-{time.time_ns()}",
                resources={"train": 1},
                pure=False,
                retries=0,
            )

    def _data_to_come(self, name: DatasetName) -> bool:
        """Whether a run on `name` should wait: its data are being fetched or drawn. Draws the digits when asked for."""
        if data.available(name):
            return False
        task = "download" if name == "mnist" else "digits"
        if task == "digits" and task not in self._tasks and (self.store.fact(task) or {}).get("state") != "failed":
            self._task(task, run_job.draw_digits)
        return task in self._tasks

    def _collect(self) -> None:
        for run_id, future in list(self._running.items()):
            if not future.done():
                continue
            del self._running[run_id]
            if future.status == "error":
                self._failed(run_id, future)
            future.release()

    def _failed(self, run_id: str, future: Any) -> None:
        error = future.exception()
        from distributed.scheduler import KilledWorker

        if isinstance(error, KilledWorker):
            sentence: Message = _KILLER
        elif isinstance(error, MnistLabError):
            sentence = error.message
        else:
            LOG.error("run %s failed", run_id, exc_info=error)
            sentence = message(
                N_("Training failed inside ({kind}). The details are in the server's log."), kind=type(error).__name__
            )
        try:
            self.store.finish(run_id, "failed", {}, sentence)
        except StoreError as problem:
            LOG.warning("%s", problem)

    def _heartbeat(self) -> None:
        self._beat = time.time()
        workers = len(self.client.scheduler_info(n_workers=-1)["workers"])
        self.store.set_fact(
            "cluster",
            {
                "pid": os.getpid(),
                "workers": workers,
                "running": len(self._running),
                "started": self._started,
                "heartbeat": self._beat,
            },
        )
        idle = workers >= self.slots and not self._running and not self._tasks
        if idle and self.store.fact("speed") is None:
            self._task("speed", run_job.measure)
        wanted = self.store.fact("download")
        if wanted and wanted.get("state") == "wanted":
            self._task("download", run_job.download)

    def _see_to_data(self) -> None:
        """At the start: fetch MNIST if it is not here, and have digits to go on with meanwhile."""
        if not data.available("mnist"):
            if not data.available("built-in"):
                self._task("digits", run_job.draw_digits)
            self._task("download", run_job.download)

    def _task(self, name: str, function: Callable[..., Any]) -> None:
        if name in self._tasks:
            return
        if name != "speed":
            self.store.set_fact(name, {"state": "running", "done": 0, "total": 0})
        self._tasks[name] = self.client.submit(
            function, self.store.url, key=f"{name}-{time.time_ns()}", resources={"short": 1}, pure=False, retries=0
        )

    def _collect_tasks(self) -> None:
        for name, future in list(self._tasks.items()):
            if not future.done():
                continue
            del self._tasks[name]
            if future.status == "error" and name != "speed":
                error = future.exception()
                LOG.error("%s failed: %s", name, error)
                sentence = error.message if isinstance(error, DataError) else message(N_("It failed; see the log."))
                self.store.set_fact(name, {"state": "failed", "error": sentence.to_dict()})
            future.release()


_KILLER = message(
    N_("This run brought its worker down several times, probably for want of memory. Try a smaller network or batch.")
)
