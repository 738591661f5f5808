"""Ends workers that hang, and idle ones that ran out of memory: a thread of the cluster's process, which waits for nothing but its own clock.

It uses neither the store nor the dispatcher's thread: a worker that hangs may hold the store's lock. Dask's nanny starts
a worker that was ended again, and the dispatcher queues its runs anew, from their checkpoints.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from mnist_core.jobs.liveness import Watch

LOG = logging.getLogger("mnist_lab.cluster")
LOOK_SECONDS = 1.0
HANG_SECONDS = 30.0  # a process that has given no sign for so long does nothing any more, on a crowded machine, too
# Work that has not counted for so long goes on no more. It counts many times a second, but what it does in one piece (a
# file on a slow disk, a large evaluation) takes its time on a slow host.
STUCK_SECONDS = 300.0
_OVER = -1  # in place of a sign's number: that worker was ended


class Watchdog:
    """Hears the workers' signs of life (`pulse`) and calls `end` with the last sign of each that hangs, or is worn, once.

    `connected()`: addresses of the workers that are connected. One that has died gives no signs, and does not hang.
    """

    def __init__(
        self,
        end: Callable[[dict[str, Any]], None],
        connected: Callable[[], Collection[str]],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._end = end
        self._connected = connected
        self._over = threading.Event()
        self._ended: set[str] = set()  # that have not been heard of since
        # Worker and process id of one that is worn → its sign when it was first seen idle.
        self._worn: dict[tuple[str, int], int] = {}
        self._signs: dict[str, dict[str, Any]] = {}
        self._living: Watch[str] = Watch(clock)
        self._working: Watch[str] = Watch(clock)
        self.hung: frozenset[str] = frozenset()  # addresses of workers that nothing should be given to

    def hear(self, event: tuple[float, dict[str, Any]]) -> None:
        """Take note of a sign of life, as Dask hands it out."""
        _when, sign = event
        self._signs[sign["worker"]] = sign
        self._ended.discard(sign["worker"])

    @property
    def heard(self) -> frozenset[str]:
        """Addresses of the workers that have given a sign of life: one that still imports torch has given none."""
        return frozenset(self._signs)

    def look(self) -> None:
        """See who hangs now, and end whoever did not before."""
        connected = self._connected()
        for gone in set(self._signs) - set(connected):
            self._signs.pop(gone, None)
        signs = dict(self._signs)
        living = self._living.look({worker: sign["alive"] for worker, sign in signs.items()})
        # Who has nothing to do counts on by living.
        counts = {worker: sign["working" if sign["busy"] else "alive"] for worker, sign in signs.items()}
        working = self._working.look(counts)
        hung = {worker for worker in signs if living[worker] >= HANG_SECONDS or working[worker] >= STUCK_SECONDS}
        for worker in hung - self.hung:
            LOG.warning("the worker %s hangs and is ended", worker)
            self._ended.add(worker)
            self._end(signs[worker])
        for worker, sign in signs.items():
            self._end_worn(worker, sign)
        self.hung = frozenset(hung | self._ended)

    def _end_worn(self, worker: str, sign: dict[str, Any]) -> None:
        """End a worker, once, whose memory lies in pieces (`memory.is_worn`), while it has nothing to do."""
        if not sign.get("worn") or sign["busy"]:
            return
        # A sign later: what became of its run is told by then.
        first = self._worn.setdefault((worker, sign["pid"]), sign["alive"])
        if first < sign["alive"] and first != _OVER:
            LOG.warning("the worker %s ran out of memory and is started anew", worker)
            self._worn[worker, sign["pid"]] = _OVER
            self._ended.add(worker)
            self._end(sign)

    def start(self) -> None:
        """Look from now on, once a second, as long as the process lives."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._over.set()

    def _watch(self) -> None:
        while not self._over.wait(LOOK_SECONDS):
            try:
                self.look()
            except Exception:
                LOG.exception("the watchdog could not look")
