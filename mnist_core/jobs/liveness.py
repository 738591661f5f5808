"""Who lives: counters that others raise, timed on a clock of one's own.

No two machines share a clock, and a machine's clock may be set; so nobody says *when* he lived last. He counts, and who
watches sees how long the count has stood still, on the monotonic clock of his own process.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

# Longest time between two looks that counts: one who has not looked (he was stopped himself, the machine was asleep, a
# database kept him waiting) does not know whether the other has stood still meanwhile.
LOOK_SECONDS = 2.0
K = TypeVar("K", bound=Hashable)


class Stopwatch:
    """Seconds since the last time that it was asked, as far as they count."""

    def __init__(self, clock: Callable[[], float] = time.monotonic, longest: float = LOOK_SECONDS) -> None:
        self._clock, self._longest = clock, longest
        self._last = clock()

    def passed(self) -> float:
        """Seconds since the last call (or the making), at most the longest that counts."""
        now = self._clock()
        seconds, self._last = min(now - self._last, self._longest), now
        return seconds


class Watch(Generic[K]):
    """How long each of several counters has stood still."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._stopwatch = Stopwatch(clock)
        self._last_counts: dict[K, tuple[object, float]] = {}

    def look(self, counts: Mapping[K, object]) -> dict[K, float]:
        """Seconds for which each counter has been what it is now; 0 for those that are new or have moved."""
        passed = self._stopwatch.passed()
        still = {}
        for key, count in counts.items():
            before, seconds = self._last_counts.get(key, (None, 0.0))
            still[key] = seconds + passed if key in self._last_counts and before == count else 0.0
        self._last_counts = {key: (count, still[key]) for key, count in counts.items()}
        return still
