"""The lock of a worker's process: a run and an analysis never compute at the same time, they take turns.

torch's number of threads is the process's own; a run whose sums were split among other threads would not draw its own
curve any more. So whoever computes holds the lock; a run gives way between two updates, an analysis whenever it tells how far
it is, and each sets its threads anew when it has the lock again (`prepare`). Who waits for something else than computing
(the store, space on the disk) does so without the lock (`released`).
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Condition, local
from types import TracebackType


def _nothing() -> None:
    """There is nothing to prepare."""


class _ThreadState(local):
    """What each thread has for itself."""

    holds = False
    held = 0.0  # seconds, those since it got the lock left out
    prepare: Callable[[], None] = staticmethod(_nothing)


class ComputeLock:
    """A lock, which is held inside `with`. Who waits longest has it next."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._held = False
        self._waiting: deque[object] = deque()  # of those who wait
        self._since = 0.0  # when the one that holds it got it …
        self._waited = 0.0  # … and how long it had given way for it
        self._thread = _ThreadState()

    def __enter__(self) -> None:
        with self._changed:
            self._wait()
            self._waited = 0.0
        self._thread.holds, self._thread.prepare = True, _nothing

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._thread.holds = False
        self._release()

    def _release(self) -> None:
        with self._changed:
            self._let_go()

    def _let_go(self) -> None:
        self._thread.held += time.monotonic() - self._since
        self._held = False
        self._changed.notify_all()

    @property
    def held_seconds(self) -> float:
        """How long this thread has had the lock in all, until now."""
        return self._thread.held + (time.monotonic() - self._since if self._thread.holds else 0.0)

    def prepare(self, function: Callable[[], None]) -> None:
        """Call `function` now, and whenever this thread, which holds the lock, has it again after another."""
        self._thread.prepare = function
        function()

    @property
    def has_waiting(self) -> bool:
        """Whether anybody waits."""
        return bool(self._waiting)

    def give_way(self) -> bool:
        """Let those who wait have the lock, and take it again; whether anybody had it. Only who holds it may call.

        It is kept at least as long as it was given away the last time, so that neither starves the other.
        """
        with self._changed:
            start = time.monotonic()
            if not self._waiting or start - self._since < self._waited:
                return False
            self._let_go()
            self._wait()
            self._waited = self._since - start
        self._thread.prepare()
        return True

    @contextmanager
    def released(self) -> Iterator[None]:
        """Others may have the lock inside `with`, at whose end this thread has it again. Nothing where it does not hold it."""
        if not self._thread.holds:
            yield
            return
        self._thread.holds = False
        self._release()
        try:
            yield
        finally:
            with self._changed:
                self._wait()
            self._thread.holds = True
            self._thread.prepare()

    def _wait(self) -> None:
        ticket = object()
        self._waiting.append(ticket)
        self._changed.wait_for(lambda: not self._held and self._waiting[0] is ticket)
        self._waiting.popleft()
        self._held, self._since = True, time.monotonic()


OF_THIS_PROCESS = ComputeLock()
