"""Turns in a worker's process: a run and a study never compute at the same time, they take turns.

torch's number of threads is the process's own; a run whose sums were split among other threads would not draw its own
curve any more. So whoever computes holds the turn; a run gives way between two updates, a study whenever it tells how far
it is, and each sets its threads anew when it has the turn again. Knows neither torch nor the store.
"""

from __future__ import annotations

import time
from collections import deque
from threading import Condition
from types import TracebackType


class Turns:
    """One turn, which is held inside `with`. Who waits longest has it next."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._held = False
        self._line: deque[object] = deque()  # of those who wait
        self._since = 0.0  # when the one that holds it got it …
        self._waited = 0.0  # … and how long it had given way for it

    def __enter__(self) -> None:
        with self._changed:
            self._wait()
            self._waited = 0.0

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._changed:
            self._held = False
            self._changed.notify_all()

    @property
    def wanted(self) -> bool:
        """Whether anybody waits."""
        return bool(self._line)

    def give_way(self) -> bool:
        """Let those who wait have the turn, and take it again; whether anybody had it. Only who holds it may call.

        It is kept at least as long as it was given away the last time, so that neither starves the other.
        """
        with self._changed:
            begun = time.monotonic()
            if not self._line or begun - self._since < self._waited:
                return False
            self._held = False
            self._changed.notify_all()
            self._wait()
            self._waited = self._since - begun
            return True

    def _wait(self) -> None:
        ticket = object()
        self._line.append(ticket)
        self._changed.wait_for(lambda: not self._held and self._line[0] is ticket)
        self._line.popleft()
        self._held, self._since = True, time.monotonic()


OF_THIS_PROCESS = Turns()
