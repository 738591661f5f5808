"""Two clusters on one store, each a dispatcher with a stand-in for Dask: one of them serves it, whatever happens."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core import estimate
from mnist_core.config import RunConfig
from mnist_core.errors import LeaseLostError
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.store import Store, open_store
from tests.jobs.fake_client import Client

CONFIG = RunConfig()


@pytest.fixture
def stores(home: Path, mnist_is_there: None) -> Iterator[list[Store]]:
    """One store, opened by two clusters and a student."""
    opened = [open_store(f"sqlite:///{home / 'runs.sqlite'}") for _number in range(3)]
    opened[0].facts.set("speed", {"version": estimate.VERSION})
    yield opened
    for store in opened:
        store.close()


@pytest.fixture
def dispatchers(stores: list[Store], home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Dispatcher, Dispatcher]:
    """The dispatcher that serves the store, and one on another machine that does not."""
    dispatchers = []
    for name, store in zip(("one", "two"), stores, strict=False):
        monkeypatch.setenv("MNIST_LAB_HOME", str(home / name))
        dispatchers.append(Dispatcher(Client(), store))
    dispatchers[0].begin()
    return dispatchers[0], dispatchers[1]


def test_one_that_was_stopped_for_a_while_dispatches_nothing_when_it_comes_back(
    stores: list[Store], dispatchers: tuple[Dispatcher, Dispatcher]
) -> None:
    (first, second), student = dispatchers, stores[2]
    run_id = student.runs.create("ann", CONFIG)
    first.tick()
    lost = student.queue.claim(*_arguments(first, 0))
    assert lost is not None
    second.begin()  # the first has not been heard of
    second.tick()
    assert second.client.runs() == [run_id]
    again = student.queue.claim(*_arguments(second, 0))
    assert again is not None
    # The first comes back, with a worker that trains on.
    with pytest.raises(LeaseLostError):
        first._heartbeat()
    first.stand_by()
    assert (first._running, first.client.sent[0].status) == ({}, "cancelled")
    assert first.served_elsewhere()
    assert again.token > lost.token
    assert not student.record_writer.finish(run_id, "completed", {}, token=lost.token)
    assert student.runs.get(run_id).state == "running"


def _arguments(dispatcher: Dispatcher, number: int) -> tuple[str, str, int, int]:
    """With what a worker claims the run that it was sent."""
    (run_id,), _url, threads, lease = dispatcher.client.sent[number].arguments
    return run_id, "worker", threads, lease


def test_what_it_sends_before_it_notices_finds_no_run(
    stores: list[Store], dispatchers: tuple[Dispatcher, Dispatcher]
) -> None:
    (first, second), student = dispatchers, stores[2]
    second.begin()
    student.runs.create("ann", CONFIG)
    first._submit()
    assert first.client.runs()
    assert student.queue.claim(*_arguments(first, 0)) is None
    second._submit()
    assert student.queue.claim(*_arguments(second, 0)) is not None


def test_it_takes_up_again_where_the_other_is_gone(
    stores: list[Store], dispatchers: tuple[Dispatcher, Dispatcher], monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = dispatchers
    run_id = stores[2].runs.create("ann", CONFIG)
    second.begin()
    served = []
    real = first.tick

    def tick() -> None:
        served.append(first.store.lease.current().token)
        real()
        if first.client.runs():
            raise KeyboardInterrupt

    monkeypatch.setattr(first, "tick", tick)
    monkeypatch.setattr("mnist_core.jobs.dispatcher.LEASE_SECONDS", 0.2)
    with pytest.raises(KeyboardInterrupt):
        first.serve()
    assert first.client.runs() == [run_id]
    assert served[-1] > (second.store.lease.token or 0)
