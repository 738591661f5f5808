"""Store: what pages and workers may do with runs. Knows nothing of Streamlit, Dask or torch.

Every method is one transaction, safe from many threads and processes. Whatever changes a run raises its version,
so that a page asks one cheap question ("is it still version n?") before it reads anything.
"""

from __future__ import annotations

from mnist_core.store.analyses import Studies
from mnist_core.store.commands import Commands
from mnist_core.store.facts import Facts
from mnist_core.store.labels import Labels
from mnist_core.store.lease import Leases
from mnist_core.store.library import Library
from mnist_core.store.queue import Queue
from mnist_core.store.record_reader import Recorded
from mnist_core.store.record_writer import Reports
from mnist_core.store.sweeps import Sweeps
from mnist_core.store.transfer import Transfers


class Store(Library, Sweeps, Recorded, Commands, Queue, Reports, Labels, Studies, Leases, Facts, Transfers):
    """The store at `url` (default: `settings.store_url()`), made and migrated on opening. Each part has a module.

    Raises StoreUnavailableError, from any method, when the database cannot be used.
    """


def open_store(url: str | None = None, busy_seconds: float | None = None) -> Store:
    """The store at `url` (default: `settings.store_url()`); `busy_seconds`: see `engine.open_engine`."""
    return Store(url, busy_seconds)
