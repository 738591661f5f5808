"""What a worker does with an analysis that it was given.

It is claimed, computed (`analysis/<kind>/compute.py`) with its progress reported a few times a second, and its result kept.
Every report is also a question: where the student has cancelled or deleted the analysis, the worker lets go of it.
"""

from __future__ import annotations

import logging
import time
from contextlib import suppress
from functools import partial
from typing import Any

from mnist_core.analysis.schema import Arrays
from mnist_core.errors import MnistLabError, StoreError, TransientStoreError
from mnist_core.jobs import compute_lock, worker_heartbeat
from mnist_core.jobs.memory import releasing
from mnist_core.jobs.worker_store import patiently, worker_store
from mnist_core.jobs.worker_time import WorkerTime
from mnist_core.records import Analysis
from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.worker")

REPORT_SECONDS = 0.2


class _CanceledError(Exception):
    """The analysis was cancelled or deleted."""


class _Reporter:
    """Called with the fraction that is done, as often as one likes; lets a run of this process go on for a moment.

    Not in an analysis that measures times, which would become longer by that. Raises _CanceledError.
    """

    def __init__(self, store: Store, analysis: Analysis, used: WorkerTime, *, measures_time: bool) -> None:
        self._report = partial(store.analyses.report, analysis.id, token=analysis.token)
        self._owner = analysis.owner
        self._used = used
        self._measures_time = measures_time
        self._last = 0.0

    def __call__(self, fraction: float) -> None:
        worker_heartbeat.tick()
        if time.monotonic() - self._last < REPORT_SECONDS:
            return
        self._used.count([self._owner])
        if not patiently(partial(self._report, fraction, worker_seconds=self._used.take())):
            raise _CanceledError
        if not self._measures_time:
            compute_lock.OF_THIS_PROCESS.give_way()
        self._last = time.monotonic()


def _computed(store: Store, analysis: Analysis, cores: int, used: WorkerTime) -> tuple[dict[str, Any], Arrays]:
    """The result, as the store keeps it. Raises MnistLabError, _CanceledError."""
    # Not before: the dispatcher names `execute` to the workers, and its process has no use for torch.
    from mnist_core.analysis import registry
    from mnist_core.analysis.context import Context

    kind, parameters = registry.kind_of(analysis), registry.parameters_of(analysis)
    reporter = _Reporter(store, analysis, used, measures_time=kind.measures_time)
    return kind.compute(Context(store.runs.get, cores), parameters, reporter).to_stored()


def _set_threads(cores: int) -> None:
    import torch

    torch.set_num_threads(cores)


@releasing
def execute(analysis_id: str, url: str, cores: int, lease: int | None = None) -> None:
    """Compute the analysis, unless it waits no longer; `cores` that it may use, `lease` as for `run_job.execute`."""
    store = patiently(partial(worker_store, url))
    analysis = patiently(partial(store.analyses.claim, analysis_id, lease))
    if analysis is None:
        return
    try:
        with worker_heartbeat.at_work(), compute_lock.OF_THIS_PROCESS:
            compute_lock.OF_THIS_PROCESS.prepare(partial(_set_threads, cores))
            used = WorkerTime()
            try:
                values, arrays = _computed(store, analysis, cores, used)
            finally:
                used.count([analysis.owner])
                with suppress(StoreError):
                    store.usage.charge(used.take())
    except _CanceledError:
        return
    except TransientStoreError:
        raise  # the dispatcher queues the analysis again
    except MnistLabError as error:
        sentence = error.message
        LOG.error("analysis %s failed: %s", analysis_id, error)
        patiently(lambda: store.analyses.fail(analysis_id, sentence, analysis.token))
        return
    patiently(lambda: store.analyses.finish(analysis_id, values, arrays, analysis.token))
