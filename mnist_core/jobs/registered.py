"""Which workers a Dask scheduler has."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

Workers = dict[str, dict[str, Any]]


class SchedulerLostError(Exception):
    """The scheduler is gone, and Dask's client has given it up."""


class Registered:
    """Asks the scheduler of a Dask `client` for its workers, with what they are, by address.

    Not by `Client.scheduler_info`, whose answer is where Dask's own look at the scheduler, which asks for no workers, is
    kept as well: every now and then it said that there are none, and their runs were counted as lost.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._last: Workers = {}

    def __call__(self) -> Workers:
        """Those registered now; while the scheduler is out of reach, those that were. Raises SchedulerLostError."""
        scheduler = self._client.scheduler
        if scheduler is None or self._client.status in ("closing", "closed"):
            raise SchedulerLostError
        with suppress(OSError):  # Dask's client is about to connect again, or to give up
            self._last = self._client.sync(scheduler.identity, n_workers=-1)["workers"]
        return self._last
