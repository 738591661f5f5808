"""What a worker does with a study that it was given. Knows the store and the computations, neither Dask nor pages.

A study is claimed, computed with its progress told a few times a second, and its result kept. Every report is also a
question: where the student has cancelled or deleted the study, the worker lets go of it.

Parameters of a range test: `config` (RunConfig as a dict), `lowest`, `highest`. Its result: `ended`, and the arrays
`rates` and `losses`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from numpy.typing import NDArray

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.errors import MnistLabError
from mnist_core.estimate import useful_threads
from mnist_core.jobs.run_job import patiently, worker_store
from mnist_core.records import Study, StudyKind
from mnist_core.store import Store

REPORT_SECONDS = 0.2
Found = tuple[Mapping[str, Any], Mapping[str, NDArray[Any]]]  # values and arrays


class _NoLongerWanted(Exception):
    """The study was cancelled or deleted."""


class _Reporter:
    """Called with the share that is done, as often as one likes. Raises _NoLongerWanted."""

    def __init__(self, store: Store, study_id: str) -> None:
        self._report = partial(store.report_study, study_id)
        self._last = 0.0

    def __call__(self, share: float) -> None:
        if time.monotonic() - self._last < REPORT_SECONDS:
            return
        self._last = time.monotonic()
        if not patiently(partial(self._report, share)):
            raise _NoLongerWanted


def execute(study_id: str, url: str, cores: int) -> None:
    """Compute the study, unless it waits no longer; `cores` that it may use."""
    store = worker_store(url)
    study = patiently(partial(store.claim_study, study_id))
    if study is None:
        return
    try:
        values, arrays = _KINDS[study.kind](study, cores, _Reporter(store, study_id))
    except _NoLongerWanted:
        return
    except MnistLabError as error:
        why = error.message
        patiently(lambda: store.fail_study(study_id, why))
        return
    patiently(lambda: store.finish_study(study_id, values, arrays))


def _range_test(study: Study, cores: int, tell: Callable[[float], None]) -> Found:
    from mnist_core.training import range_test

    asked = study.parameters
    config = RunConfig.from_dict(asked["config"])
    dataset = data.load_dataset(config.dataset)
    threads = useful_threads(config, cores)
    test = range_test(
        config, dataset, lowest=asked["lowest"], highest=asked["highest"], threads=threads, progress=tell
    )
    return {"ended": test.ended}, {"rates": test.rates, "losses": test.losses}


_KINDS: Mapping[StudyKind, Callable[[Study, int, Callable[[float], None]], Found]] = {"range-test": _range_test}
