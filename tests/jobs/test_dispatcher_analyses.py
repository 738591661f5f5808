"""The dispatcher with a stand-in for Dask: analyses."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core.config import RunConfig
from mnist_core.errors import DataError, TransientStoreError
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.store import Store
from tests.jobs.fake_client import Client, Future

CONFIG = RunConfig()


def futures(dispatcher: Dispatcher) -> list[Future]:
    client: Any = dispatcher.client
    sent: list[Future] = client.sent
    return sent


def waiting(store: Store, owner: str = "ann") -> str:
    return store.analyses.create(owner, "landscape", {"run": "r", "plane": "path"})


def state(store: Store, analysis_id: str) -> str:
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    return analysis.state


def test_a_analysis_waits_for_no_run_and_a_worker_has_one_at_a_time(dispatcher: Dispatcher, store: Store) -> None:
    busy = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    first = waiting(store, "ann")
    dispatcher.tick()
    runs, analysis = futures(dispatcher)
    assert (runs.arguments[0], analysis.arguments[0]) == ([busy], first)
    assert analysis.resources == {"analysis": 1}
    assert analysis.worker != runs.worker  # one trains nothing
    other = store.runs.create("ann", CONFIG)
    second, _third = waiting(store, "bob"), waiting(store, "eve")
    dispatcher.tick()
    dispatcher.tick()
    next_analysis, trained = futures(dispatcher)[2:]  # the third analysis waits: each worker has one
    assert next_analysis.arguments[0] == second
    assert next_analysis.worker == runs.worker  # beside its run
    assert trained.arguments[0] == [other]
    assert trained.worker == analysis.worker


def test_workers_elsewhere_without_a_slot_for_analyses_do_one_thing_at_a_time(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_SCHEDULER", "tcp://elsewhere:8786")
    client = Client({"a": {"resources": {}}, "b": {"resources": {}}})
    dispatcher = Dispatcher(client, store)
    dispatcher.begin()
    store.runs.create("ann", CONFIG)
    analyses = [waiting(store, owner) for owner in ("bob", "eve")]
    dispatcher.tick()
    dispatcher.tick()
    assert [future.arguments[0] for future in client.sent] == analyses  # they last seconds, and go first
    assert len({future.worker for future in client.sent}) == 2


def test_a_analysis_whose_worker_is_gone_waits_again(dispatcher: Dispatcher, store: Store) -> None:
    analysis_id = waiting(store)
    dispatcher.tick()
    store.analyses.claim(analysis_id)
    client: Any = dispatcher.client
    del client.workers[futures(dispatcher)[0].worker]
    dispatcher._beat = 0.0
    dispatcher.tick()
    assert state(store, analysis_id) == "queued"
    dispatcher.tick()
    assert [future.arguments[0] for future in futures(dispatcher)] == [analysis_id, analysis_id]


def test_a_analysis_whose_worker_cannot_reach_the_store_waits_again_however_often(
    dispatcher: Dispatcher, store: Store
) -> None:
    analysis_id = waiting(store)
    for _fault in range(5):
        dispatcher.tick()
        store.analyses.claim(analysis_id)
        futures(dispatcher)[-1].fail(TransientStoreError("out of reach"))
        dispatcher._analyses.collect()
        assert state(store, analysis_id) == "queued"


def test_a_task_that_ends_badly_fails_its_analysis(dispatcher: Dispatcher, store: Store) -> None:
    messages = []
    for error in (DataError("No data."), ZeroDivisionError()):
        analysis_id = waiting(store)
        dispatcher.tick()
        store.analyses.claim(analysis_id)
        futures(dispatcher)[-1].fail(error)
        dispatcher.tick()
        analysis = store.analyses.get(analysis_id)
        assert analysis is not None
        messages.append(str(analysis.message))
    assert messages[0] == "No data."
    assert "ZeroDivisionError" in messages[1]
