"""Short tasks on their way through the workers: data fetched and drawn, the speed measured; a part of the dispatcher.

The store has a fact under the name of each task about data: wanted, running, failed or idle.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from mnist_core import data, estimate
from mnist_core.data.datasets import find
from mnist_core.errors import MnistLabError
from mnist_core.image_sets import DatasetName, KnownName
from mnist_core.jobs import tasks
from mnist_core.messages import N_, Message, message
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.dispatcher")
SLOT = "short"
_OPTIONS = {"download": "--download", "digits": "--built-in"}  # of `mnist_core data`
Send = Callable[..., Any]


class Maintenance:
    """Sends short tasks to the workers by `send`, each once at a time, and sees how they end.

    `here`: workers are on other machines, which see to their own data; those that pages show are fetched and drawn on this one.
    """

    def __init__(self, store: Store, send: Send, *, here: bool = False) -> None:
        self.store = store
        self.send = send
        self._here = here
        self.running: dict[str, Any] = {}
        self.downloading: KnownName = "mnist"  # the last that was begun
        self._measured = False

    def begin(self) -> None:
        """At the start: fetch MNIST if there is nothing to start from, and have digits to go on with meanwhile."""
        for name in ("download", "digits"):
            if (self.store.facts.get(name) or {}).get("state") == "running":
                self.store.facts.set(name, {"state": "idle"})  # it ended with the last cluster
        if (trouble := data.trouble()) is not None:
            LOG.warning("%s", trouble)
        if (name := data.preferred()) != "built-in":
            LOG.info("data: %s, in %s", data.TITLES[name], find(name))
        else:
            if not data.available("built-in"):
                self._run("digits", tasks.draw_digits)
            self._download("mnist")

    def see_to(self, *, idle: bool) -> None:
        """Fetch a data set where a student wants it; measure the speed, once, while the workers are `idle`."""
        if idle and not self.running and not self._measured:
            self._measured = True
            if not estimate.is_current(self.store.facts.get("speed")):  # none yet, or by an earlier version
                self._run("speed", tasks.measure)
        request = self.store.facts.get("download")
        if request and request.get("state") == "wanted":
            name = request.get("data", "mnist")
            self._download(name if name in data.DOWNLOADS else "mnist")

    def data_to_come(self, name: DatasetName) -> bool:
        """Whether a run on `name` should wait: its data are being fetched or drawn. Draws the digits when asked for."""
        if self._here or data.available(name):
            return False
        if name in data.DOWNLOADS:
            return "download" in self.running and self.downloading == name
        if name != "built-in":
            return False
        task = "digits"
        if task not in self.running and (self.store.facts.get(task) or {}).get("state") != "failed":
            self._run(task, tasks.draw_digits)
        return task in self.running

    def collect(self) -> None:
        """Take note of the tasks that have ended."""
        for name, future in list(self.running.items()):
            if not future.done():
                continue
            if isinstance(future, _OnThisMachine) and future.status == "finished":
                self.store.facts.set(name, {"state": "done", "done": 1, "total": 1})
            elif name != "speed" and future.status != "finished":
                more = {"data": self.downloading} if name == "download" else {}
                self.store.facts.set(name, {"state": "failed", "error": _sentence(name, future).to_dict(), **more})
            del self.running[name]
            future.release()

    def _download(self, name: KnownName) -> None:
        if "download" not in self.running:
            self.downloading = name
            self._run("download", tasks.download, name)

    def _run(self, name: str, function: Callable[..., Any], *more: str) -> None:
        if name in self.running:
            return
        if name != "speed":
            told = {"data": more[0]} if more else {}
            self.store.facts.set(name, {"state": "running", "done": 0, "total": 0, **told})
        if self._here and name in _OPTIONS:
            self.running[name] = _OnThisMachine(_OPTIONS[name], *more)
        else:
            self.running[name] = self.send(name, SLOT, None, function, self.store.url, *more)


class _OnThisMachine:
    """A task as a process of this machine (what it loads goes with it), with what is asked of Dask's futures."""

    def __init__(self, *options: str) -> None:
        command = [sys.executable, "-P", "-m", "mnist_core", "data", *options]
        self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def done(self) -> bool:
        return self._process.poll() is not None

    @property
    def status(self) -> str:
        return "finished" if self._process.returncode == 0 else "error"

    def exception(self) -> BaseException | None:
        """What it said is in the log."""
        return None

    def cancel(self) -> None:
        self._process.terminate()

    def release(self) -> None:
        """Nothing is kept of it."""


def _sentence(name: str, future: Any) -> Message:
    error = future.exception() if future.status == "error" else None
    LOG.error("%s failed: %s", name, error or future.status)
    return error.message if isinstance(error, MnistLabError) else message(N_("It failed; see the log."))
