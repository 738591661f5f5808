"""The short tasks of a worker, beside training: data fetched and drawn, the machine's speed measured.

Each takes the store's address, and tells how it goes by a fact in the store.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

from mnist_core import data, settings
from mnist_core.errors import TransientStoreError
from mnist_core.image_sets import KnownName
from mnist_core.jobs import compute_lock
from mnist_core.jobs.worker_store import patiently, worker_store


def _reported(
    url: str, key: str, function: Callable[[Callable[[int, int], None]], None], more: Mapping[str, str] | None = None
) -> None:
    store, more = patiently(partial(worker_store, url)), more or {}
    last = 0.0

    def report(done: int, total: int) -> None:
        nonlocal last
        if time.monotonic() - last > 0.3:
            last = time.monotonic()
            with suppress(TransientStoreError):  # the next one will be told
                store.facts.set(key, {"state": "running", "done": done, "total": total, **more})

    function(report)
    patiently(lambda: store.facts.set(key, {"state": "done", "done": 1, "total": 1, **more}))


def download(url: str, name: KnownName = "mnist") -> None:
    """Fetch a data set, with progress in the fact `download`. Raises DataError."""
    _reported(url, "download", partial(data.ensure_downloaded, name), {"data": name})


def draw_digits(url: str) -> None:
    """Draw the built-in digits, with progress in the fact `digits`. Raises DataError."""
    _reported(url, "digits", data.ensure_built_in)


def measure(url: str) -> None:
    """Measure this machine's speed into the fact `speed`, in turns with a run that begins meanwhile.

    Beside its updates it would time both, and what the two tell a graphics processor at once spoils the capture of an update.
    """
    import torch

    from mnist_core.training import measure_speed

    store, lock = patiently(partial(worker_store, url)), compute_lock.OF_THIS_PROCESS
    with lock:
        lock.prepare(partial(torch.set_num_threads, settings.cpu_count()))
        speed = measure_speed(alive=lock.give_way).to_dict()
    patiently(lambda: store.facts.set("speed", speed))
