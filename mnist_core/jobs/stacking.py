"""Which runs train together, as one stack, and on how many workers. A part of the dispatcher."""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Sequence

from mnist_core import stacks
from mnist_core.config import RunConfig
from mnist_core.estimate import Speed, faster_device
from mnist_core.networks.models import describe
from mnist_core.records import Run
from mnist_core.store import Store

MOST_PARAMETERS = 4_000_000  # in a stack: large networks have little in common, and their weights and buffers add up
SPEED_SECONDS = 5.0  # for which what was measured of the machine is remembered


def widest(config: RunConfig) -> int:
    """How many runs like this one may share a stack, at least 1."""
    return max(1, min(stacks.WIDEST, MOST_PARAMETERS // describe(config).parameters))


class Stacking:
    """Makes stacks of runs of `store`, but of those that `goes_alone(run_id)` names."""

    def __init__(self, store: Store, goes_alone: Callable[[str], bool]) -> None:
        self.store = store
        self._goes_alone = goes_alone
        self._speed: Speed | None = None
        self._speed_read = 0.0

    def stacks(self, waiting: Sequence[Run]) -> list[list[Run]]:
        """Runs that will train as one stack, in the order of the first of each."""
        alike: dict[Hashable, list[Run]] = {}
        for run in waiting:
            alike.setdefault(self._key(run), []).append(run)
        return list(alike.values())

    def distributed(self, waiting: Sequence[list[Run]], workers: int) -> list[list[Run]]:
        """What each of so many free workers is to train: one stack each, in order; the first is split among the others.

        Two halves of a sweep side by side take less time than one stack whose threads wait for each other; on a card, which
        they would share, one takes less.
        """
        if not waiting or not workers:
            return []
        most = widest(waiting[0][0].config)
        first = waiting[0][: most * workers]
        others_free = workers - len(waiting) + 1 if self._device_of(first[0].config) == "cpu" else 1
        count = min(len(first), max(others_free, 1 + (len(first) - 1) // most))
        others = [runs[: widest(runs[0].config)] for runs in waiting[1:]]
        parts = [first[start::count] for start in range(count)] + others
        return parts[:workers]

    def _key(self, run: Run) -> Hashable:
        """Equal for runs that may share a stack, whosesoever they are: at one step, with no request to any."""
        key = stacks.key(run.config, self._device_of(run.config))
        if key is None or run.command or self._goes_alone(run.id):
            return run.id
        return run.checkpoint_step, run.threads, key

    def _device_of(self, config: RunConfig) -> str:
        """Where a worker will train it, as far as that is known here."""
        now = time.monotonic()
        if self._speed is None or now > self._speed_read + SPEED_SECONDS:
            self._speed, self._speed_read = Speed.from_dict(self.store.facts.get("speed")), now
        return faster_device(config, self._speed)
