"""Signs of life of a worker's process: what is at work here counts, and Dask carries the count to the cluster.

Not by the store, which may be out of reach: a worker that waits for it lives. Nor by Dask's own heartbeat, which waits for
an hour where the machine's clock is set back by one.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from distributed import WorkerPlugin

from mnist_core.jobs import memory

TOPIC = "mnist-lab-pulse"
BEAT_SECONDS = 1.0
_counts = {"working": 0, "busy": 0}


def tick() -> None:
    """Say that work goes on, or waits for something and knows it: from wherever that may take long."""
    _counts["working"] += 1


@contextmanager
def at_work() -> Iterator[None]:
    """While this lasts, this process should be heard to `tick`."""
    _counts["busy"] += 1
    try:
        yield
    finally:
        _counts["busy"] -= 1
        tick()


class Pulse(WorkerPlugin):
    """Dask's worker plugin that tells the cluster once a second that this process lives, and how far its work has counted."""

    name = "mnist-lab-pulse"

    def setup(self, worker: Any) -> None:
        """Called by Dask in the worker's event loop."""
        self._task = asyncio.get_running_loop().create_task(_beat(worker))

    def teardown(self, worker: Any) -> None:
        """Called by Dask when the worker closes."""
        self._task.cancel()


async def _beat(worker: Any) -> None:
    alive = 0
    while True:
        alive += 1
        sign = {"worker": worker.address, "pid": os.getpid(), "alive": alive, "worn": memory.is_worn(), **_counts}
        worker.log_event(TOPIC, sign)
        await asyncio.sleep(BEAT_SECONDS)
