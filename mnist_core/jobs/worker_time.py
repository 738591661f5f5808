"""What students have of a worker: the seconds in which it computes for them, by its own monotonic clock.

Only those with the compute lock count: whoever waits (for the store, for space, for an analysis of the same process) has
nothing of the worker.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from mnist_core.jobs import compute_lock


class WorkerTime:
    """The seconds of this thread, from now on."""

    def __init__(self) -> None:
        self._counted = compute_lock.OF_THIS_PROCESS.held_seconds
        self._owed: dict[str, float] = defaultdict(float)

    def count(self, owners: Sequence[str]) -> None:
        """What has passed since the last call was for these students, for each of them as often as he is named."""
        now = compute_lock.OF_THIS_PROCESS.held_seconds
        for owner in owners:
            self._owed[owner] += (now - self._counted) / len(owners)
        self._counted = now

    def take(self) -> dict[str, float]:
        """Seconds by student since the last call, to be told to the store."""
        owed, self._owed = dict(self._owed), defaultdict(float)
        return owed
