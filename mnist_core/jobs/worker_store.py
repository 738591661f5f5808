"""A worker's way to the store: one connection pool a process, and patience where the store is out of reach."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from typing import TypeVar

from mnist_core import data
from mnist_core.data import own_images
from mnist_core.errors import TransientStoreError
from mnist_core.image_sets import OwnName
from mnist_core.jobs import compute_lock, worker_heartbeat
from mnist_core.store import Store, open_store

LOG = logging.getLogger("mnist_lab.worker")
# How long the database itself waits for another writer: with the compute lock, which others may want.
BUSY_SECONDS = 1.0
FIRST_SECONDS, LONGEST_SECONDS = 0.2, 5.0  # the pause before another try, twice as long each time
# After so long a worker gives up what it waits for, and its run is queued again: it may be this worker alone that cannot
# reach the store.
PATIENCE_SECONDS = 600.0
ending = threading.Event()  # the process is to end: nothing is waited for any more
_stores: dict[str, Store] = {}
T = TypeVar("T")


def worker_store(url: str) -> Store:
    """The store at `url`, opened once a process. Raises StoreUnavailableError."""
    if url not in _stores:
        _stores[url] = open_store(url, BUSY_SECONDS)
        data.get_own_from(partial(own_images_of, url))
    return _stores[url]


@lru_cache(maxsize=4)
def own_images_of(url: str, images_id: str) -> data.Dataset:
    """Images of a student's own, which never change; whoever queued the run or analysis may use them (store/limits.py). Raises OwnImagesError."""
    packed = patiently(lambda: worker_store(url).own_images.packed(images_id))
    return own_images.unpack(OwnName(f"own-{images_id}"), packed)


def patiently(call: Callable[[], T]) -> T:
    """`call()`, again and again while the store is out of reach; others of this process may compute meanwhile.

    It may be called anew though it was done: where a connection breaks while a transaction is committed, nobody knows.
    Raises TransientStoreError after `PATIENCE_SECONDS`, and what does not pass at once.
    """
    try:
        return call()
    except TransientStoreError as error:
        LOG.warning("%s", error)
    start = time.monotonic()
    with compute_lock.OF_THIS_PROCESS.released():
        for _pause in pauses(PATIENCE_SECONDS):
            try:
                answer = call()
            except TransientStoreError:
                continue
            LOG.warning("the store is back after %.0f s", time.monotonic() - start)
            return answer
        return call()


def pauses(seconds: float) -> Iterator[None]:
    """Comes back after pauses that grow, until `seconds` have passed or the process is to end; the compute lock is released meanwhile."""
    pause, end = FIRST_SECONDS, time.monotonic() + seconds
    while time.monotonic() < end:
        with compute_lock.OF_THIS_PROCESS.released():
            if ending.wait(pause):
                return
        worker_heartbeat.tick()  # it waits, and does not hang
        yield
        pause = min(2 * pause, LONGEST_SECONDS)
