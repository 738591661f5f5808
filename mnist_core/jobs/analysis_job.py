"""What a worker does with a study that it was given. Knows the store and the computations, neither Dask nor pages.

A study is claimed, computed (`study_kinds`) with its progress told a few times a second, and its result kept. Every report
is also a question: where the student has cancelled or deleted the study, the worker lets go of it.
"""

from __future__ import annotations

import logging
import time
from functools import partial

from mnist_core.errors import MnistLabError, TransientStoreError
from mnist_core.jobs import compute_lock, worker_heartbeat
from mnist_core.jobs.analysis_kinds import KINDS, TAKING_TIMES
from mnist_core.jobs.memory import releasing
from mnist_core.jobs.worker_store import patiently, worker_store
from mnist_core.records import Study
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.worker")

REPORT_SECONDS = 0.2


class _NoLongerWantedError(Exception):
    """The study was cancelled or deleted."""


class _Reporter:
    """Called with the share that is done, as often as one likes; lets a run of this process go on for a moment.

    Not in a study that takes times, which would become longer by that. Raises _NoLongerWantedError.
    """

    def __init__(self, store: Store, study: Study) -> None:
        self._report = partial(store.analyses.report, study.id, token=study.token)
        self._takes_times = study.kind in TAKING_TIMES
        self._last = 0.0

    def __call__(self, fraction: float) -> None:
        worker_heartbeat.tick()
        if time.monotonic() - self._last < REPORT_SECONDS:
            return
        if not patiently(partial(self._report, fraction)):
            raise _NoLongerWantedError
        if not self._takes_times:
            compute_lock.OF_THIS_PROCESS.give_way()
        self._last = time.monotonic()


def _set_threads(cores: int) -> None:
    import torch

    torch.set_num_threads(cores)


@releasing
def execute(study_id: str, url: str, cores: int, lease: int | None = None) -> None:
    """Compute the study, unless it waits no longer; `cores` that it may use, `lease` as for `run_job.execute`."""
    store = patiently(partial(worker_store, url))
    study = patiently(partial(store.analyses.claim, study_id, lease))
    if study is None:
        return
    try:
        with worker_heartbeat.at_work(), compute_lock.OF_THIS_PROCESS:
            compute_lock.OF_THIS_PROCESS.prepare(partial(_set_threads, cores))
            values, arrays = KINDS[study.kind](store, study, cores, _Reporter(store, study))
    except _NoLongerWantedError:
        return
    except TransientStoreError:
        raise  # the dispatcher queues the study again
    except MnistLabError as error:
        why = error.message
        LOG.error("study %s failed: %s", study_id, error)
        patiently(lambda: store.analyses.fail(study_id, why, study.token))
        return
    patiently(lambda: store.analyses.finish(study_id, values, arrays, study.token))
