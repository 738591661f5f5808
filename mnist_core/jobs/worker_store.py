"""A worker's way to the store: one connection pool a process, and patience where the store is locked."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import TypeVar

from mnist_core.errors import StoreUnavailableError
from mnist_core.jobs import pulse
from mnist_core.store import Store, open_store

LOG = logging.getLogger("mnist_lab.worker")
RETRY_SECONDS = (0.2, 0.4, 0.8, 1.6, 3.2)  # waits before a store that cannot be used is asked again
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
            pulse.tick()  # it waits, and does not hang
            time.sleep(seconds)
    return ask()
