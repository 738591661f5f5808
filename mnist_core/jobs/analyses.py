"""Studies on their way through the workers: the part of the dispatcher that sees to them.

Each worker has a slot for one, beside that for training, so that a student who looks into a network waits for nobody's
run: in one process the two take turns (`turns`), and a worker that trains nothing comes first.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from mnist_core import settings
from mnist_core.errors import MnistLabError, TransientStoreError
from mnist_core.jobs import analysis_job
from mnist_core.messages import N_, Message, message
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.dispatcher")
SLOT = "study"
Send = Callable[..., Any]


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """The task of one study, of one run or of several in a stack, and the address of the worker that has it."""

    future: Any
    worker: str


class StudyDesk:
    """Takes studies from the store's queue to free workers, by `send`, and sees how their tasks end."""

    def __init__(self, store: Store, send: Send) -> None:
        self.store = store
        self.send = send
        self.running: dict[str, Placed] = {}

    def submit(self, workers: Iterable[str], training: Collection[str], *, beside: bool) -> None:
        """Send waiting studies to `workers`, one each, first to those that are not `training`.

        `beside`: whether a worker can take a study while it trains.
        """
        taken = self.workers()
        free = sorted((one for one in workers if one not in taken), key=lambda one: one in training)
        if not beside:
            free = [one for one in free if one not in training]
        if not free:
            return
        for study in self.store.analyses.queued(len(free) + len(self.running)):
            if study.id in self.running or not free:
                continue
            worker = free.pop(0)
            cores = max(1, settings.cpu_count() // len({*self.workers(), *training, worker}))
            future = self.send(
                "study",
                SLOT,
                worker,
                analysis_job.execute,
                study.id,
                self.store.url,
                cores,
                self.store.lease.token,
            )
            self.running[study.id] = Placed(future, worker)

    def workers(self) -> set[str]:
        """Workers that have a study."""
        return {placed.worker for placed in self.running.values()}

    def collect(self) -> None:
        """See that no study whose task has ended is left running."""
        for study_id, placed in list(self.running.items()):
            if not placed.future.done():
                continue
            error = placed.future.exception() if placed.future.status == "error" else None
            if isinstance(error, TransientStoreError):
                self.store.analyses.requeue(study_id)  # the store's fault, not the study's
            elif error is not None:
                self.store.analyses.fail(study_id, _sentence(study_id, error))
            else:
                self.store.analyses.lose(study_id)  # does nothing where it has ended as it should
            self._let_go(study_id)

    def recover(self, workers: dict[str, int]) -> None:
        """Let the studies of workers that are gone wait again."""
        for study_id, placed in list(self.running.items()):
            if placed.worker in workers or placed.future.done():
                continue
            LOG.warning("study %s has lost its worker %s", study_id, placed.worker)
            self.store.analyses.lose(study_id)
            placed.future.cancel()
            self._let_go(study_id)

    def _let_go(self, study_id: str) -> None:
        self.running.pop(study_id).future.release()


def _sentence(study_id: str, error: BaseException) -> Message:
    """Why a study failed, for a student."""
    if isinstance(error, MnistLabError):
        LOG.error("study %s failed: %s", study_id, error)
        return error.message
    LOG.error("study %s failed", study_id, exc_info=error)
    return message(
        N_("The computation failed inside ({kind}). The details are in the server's log."), kind=type(error).__name__
    )
