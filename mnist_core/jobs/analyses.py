"""Analyses on their way through the workers: the part of the dispatcher that sees to them.

Each worker has a slot for one, beside that for training, so that a student who looks into a network waits for nobody's
run: in one process the two take turns (`compute_lock`), and a worker that trains nothing comes first.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mnist_core import settings
from mnist_core.errors import MnistLabError, TransientStoreError
from mnist_core.jobs import analysis_job
from mnist_core.messages import N_, Message, message
from mnist_core.records import Student
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.dispatcher")
SLOT = "analysis"
Send = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Assignment:
    """The task of one analysis, of one run or of several in a stack, and the address of the worker that has it.

    `students`: of its runs; `demonstration`: whether a teacher shows one of them; `tokens`: of its runs, when it was sent; `since`: when
    that was, on the monotonic clock.
    """

    future: Any
    worker: str
    students: tuple[Student, ...] = ()
    demonstration: bool = False
    tokens: Mapping[str, int] = field(default_factory=dict)
    since: float = field(default_factory=time.monotonic)


class AnalysisDispatcher:
    """Takes analyses from the store's queue to free workers, by `send`, and sees how their tasks end."""

    def __init__(self, store: Store, send: Send) -> None:
        self.store = store
        self.send = send
        self.running: dict[str, Assignment] = {}

    def submit(self, workers: Iterable[str], training: Collection[str], *, concurrent: bool) -> None:
        """Send waiting analyses to `workers`, one each, first to those that are not `training`.

        `concurrent`: whether a worker can take an analysis while it trains.
        """
        busy = self.workers()
        free = sorted((worker for worker in workers if worker not in busy), key=lambda worker: worker in training)
        if not concurrent:
            free = [worker for worker in free if worker not in training]
        if not free:
            return
        for analysis in self.store.analyses.queued(len(free) + len(self.running)):
            if analysis.id in self.running or not free:
                continue
            worker = free.pop(0)
            cores = max(1, settings.cpu_count() // len({*self.workers(), *training, worker}))
            future = self.send(
                "analysis",
                SLOT,
                worker,
                analysis_job.execute,
                analysis.id,
                self.store.url,
                cores,
                self.store.lease.token,
            )
            self.running[analysis.id] = Assignment(future, worker)

    def workers(self) -> set[str]:
        """Workers that have an analysis."""
        return {assignment.worker for assignment in self.running.values()}

    def collect(self) -> None:
        """See that no analysis whose task has ended is left running."""
        for analysis_id, assignment in list(self.running.items()):
            if not assignment.future.done():
                continue
            error = assignment.future.exception() if assignment.future.status == "error" else None
            if isinstance(error, TransientStoreError):
                self.store.analyses.requeue(analysis_id)  # the store's fault, not the analysis's
            elif error is not None:
                self.store.analyses.fail(analysis_id, _sentence(analysis_id, error))
            else:
                self.store.analyses.lose(analysis_id)  # does nothing where it has ended as it should
            self._let_go(analysis_id)

    def recover(self, workers: dict[str, int]) -> None:
        """Let the analyses of workers that are gone wait again."""
        for analysis_id, assignment in list(self.running.items()):
            if assignment.worker in workers or assignment.future.done():
                continue
            LOG.warning("analysis %s has lost its worker %s", analysis_id, assignment.worker)
            self.store.analyses.lose(analysis_id)
            assignment.future.cancel()
            self._let_go(analysis_id)

    def _let_go(self, analysis_id: str) -> None:
        self.running.pop(analysis_id).future.release()


def _sentence(analysis_id: str, error: BaseException) -> Message:
    """Why an analysis failed, for a student."""
    if isinstance(error, MnistLabError):
        LOG.error("analysis %s failed: %s", analysis_id, error)
        return error.message
    LOG.error("analysis %s failed", analysis_id, exc_info=error)
    return message(
        N_("The computation failed with an internal error ({kind}). See the server's log for details."),
        kind=type(error).__name__,
    )
