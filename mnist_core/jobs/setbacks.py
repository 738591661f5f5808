"""What goes wrong with runs: workers lost, disks out of reach, errors. A part of the dispatcher.

No run stays *running* without a worker: however its task ends, the store hears of it.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Collection
from typing import Any

from mnist_core import settings
from mnist_core.errors import MnistLabError, RunNotFoundError, TransientStoreError, system_reason
from mnist_core.jobs.analyses import Assignment
from mnist_core.jobs.memory import is_shortage, is_shortage_of_card
from mnist_core.jobs.transient_faults import passing_errno
from mnist_core.messages import N_, Message, message
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.dispatcher")
DEATHS = 3  # so many workers lost with the same run, and it is the run's fault
# Before a run whose disk was out of reach is tried again, the first time, the second …; after that it has failed.
FAULT_SECONDS = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)


class Setbacks:
    """What has gone wrong with each run of `store` that is not over, and what follows from it."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._deaths: Counter[str] = Counter()
        self._faults: Counter[str] = Counter()  # of the surroundings, that each run met in a row …
        self._not_before: dict[str, float] = {}  # … and when it may be tried again

    def may_begin(self, run_id: str, now: float) -> bool:
        """Whether a run may be tried (again) at this time of the monotonic clock."""
        return self._not_before.get(run_id, 0.0) <= now

    def goes_alone(self, run_id: str) -> bool:
        """Whether a run has lost a worker, or failed in a stack: it should bring no other down with it."""
        return self._deaths[run_id] > 0

    def known(self) -> set[str]:
        """Runs of which something is kept."""
        return {*self._deaths, *self._faults, *self._not_before}

    def forget(self, run_ids: Collection[str]) -> None:
        """Keep nothing more of these runs."""
        numbers: dict[str, Any]
        for numbers in (self._deaths, self._faults, self._not_before):
            for run_id in run_ids & numbers.keys():
                del numbers[run_id]

    def settle(self, run_id: str, assignment: Assignment) -> None:
        """See that a run whose task has ended is not left running."""
        future = assignment.future
        try:
            state = self.store.runs.state(run_id)
        except RunNotFoundError:
            return
        error = future.exception() if future.status == "error" else None
        delay = self._retry_delay(run_id, error)
        if error is not None and delay is None and len(assignment.students) > 1:
            if state in ("queued", "running"):
                LOG.error("run %s goes on alone: its stack failed", run_id, exc_info=error)
                self._requeue(run_id, max(1, self._deaths[run_id]), _CRASHED)
        elif error is not None and delay is None:
            sentence = _sentence(run_id, error)
            if state in ("queued", "running"):
                self.store.record_writer.finish(run_id, "failed", {}, sentence)
        elif state == "running":
            LOG.warning("run %s was let go of (%s) and is queued again", run_id, error or future.status)
            # A task that ended all the same was tried again by Dask after the death of its worker, and found no run.
            self._requeue(run_id, self._deaths[run_id] + (future.status == "finished"), _CRASHED)
        self._put_off(run_id, delay)

    def lost_worker(self, run_id: str, *, hung: bool) -> None:
        """Queue a run again whose worker is gone, or fail it where it has brought down several."""
        self._requeue(run_id, self._deaths[run_id] + 1, _HUNG if hung else _CRASHED)

    def _retry_delay(self, run_id: str, error: BaseException | None) -> float | None:
        """Seconds after which to try a run again whose task ended with `error`; None: that was no passing fault."""
        if isinstance(error, TransientStoreError):
            return FAULT_SECONDS[0]  # its worker was patient already
        faults = self._faults[run_id]
        return FAULT_SECONDS[faults] if passing_errno(error) is not None and faults < len(FAULT_SECONDS) else None

    def _put_off(self, run_id: str, delay: float | None) -> None:
        """Let a run be tried again in so many seconds; None: nothing stands in its way (any more)."""
        if delay is None:
            self._faults.pop(run_id, None)
            self._not_before.pop(run_id, None)
        else:
            self._faults[run_id] += 1
            self._not_before[run_id] = time.monotonic() + delay

    def _requeue(self, run_id: str, deaths: int, sentence: Message) -> None:
        """Queue a run again that has lost so many workers; fail it with the sentence where they are too many."""
        try:
            if deaths >= DEATHS and self.store.runs.state(run_id) in ("queued", "running"):
                self.store.record_writer.finish(run_id, "failed", {}, sentence)
            else:
                self.store.queue.requeue(run_id)
        except RunNotFoundError:
            LOG.info("run %s is deleted", run_id)
        self._deaths[run_id] = 1 if deaths >= DEATHS else deaths  # where it is continued, it has some more


def _sentence(run_id: str, error: BaseException) -> Message:
    """Why a run failed, for a student."""
    if isinstance(error, MnistLabError):
        LOG.error("run %s failed: %s", run_id, error)
        return error.message
    LOG.error("run %s failed", run_id, exc_info=error)
    if is_shortage_of_card(error):
        return message(
            N_("This run needs more memory than the graphics processor has left. Try a smaller network or batch size.")
        )
    if is_shortage(error):
        return message(
            N_("This run needs more memory than it may take here ({size} MB). Try a smaller network or batch size."),
            size=settings.run_memory() >> 20,
        )
    if passing_errno(error) is not None:
        return message(
            N_("The server's disk could not be reached several times ({reason}). Everything recorded before is kept."),
            reason=system_reason(error),
        )
    return message(
        N_("Training failed with an internal error ({kind}). See the server's log for details."),
        kind=type(error).__name__,
    )


_CRASHED = message(
    N_(
        "This run crashed its worker several times, probably because memory ran out. Try a smaller network or batch size."
    )
)
_HUNG = message(N_("The worker of this run stopped responding several times. Run it again, or try a smaller network."))
