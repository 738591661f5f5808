"""The dispatcher with a stand-in for Dask: who goes first, who waits, and who shares a worker."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest

from mnist_core.config import RunConfig
from mnist_core.jobs.dispatcher import CALM_AFTER, Dispatcher
from mnist_core.store import Store
from tests.jobs.fake_client import Client, claim, owning

CONFIG = RunConfig()


def other_batches(seed: int) -> RunConfig:
    """A run that shares no stack with those of other seeds."""
    return CONFIG.replace(seed=seed)


def test_first_runs_go_before_second_ones_and_no_more_than_there_are_slots(
    dispatcher: Dispatcher, store: Store
) -> None:
    first, second = (store.runs.create("ann", other_batches(seed)) for seed in range(2))
    other = store.runs.create("bob", other_batches(2))
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, other]
    claim(store, first, other)
    dispatcher.tick()
    assert len(dispatcher.client.runs()) == 2
    store.record_writer.finish(first, "completed", {})
    dispatcher.client.sent[0].status = "finished"
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, other, second]
    assert {tuple(future.resources or ()) for future in dispatcher.client.calls_of("execute")} == {("train",)}


def test_a_server_at_work_is_not_calm_though_all_slots_are_full(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [time.monotonic()]
    monkeypatch.setattr("mnist_core.jobs.dispatcher.time.monotonic", lambda: clock[0])
    ids = [store.runs.create(owner, other_batches(seed)) for seed, owner in enumerate(("ann", "bob"))]
    dispatcher.tick()
    claim(store, *ids)
    clock[0] += CALM_AFTER + 1
    dispatcher.tick()
    assert not dispatcher.is_calm()
    for run_id, future in zip(ids, dispatcher.client.sent, strict=True):
        store.record_writer.finish(run_id, "completed", {})
        future.status = "finished"
    dispatcher.tick()
    clock[0] += CALM_AFTER + 1
    dispatcher.tick()
    assert dispatcher.is_calm()


def sweep(store: Store, runs: int, owner: str = "ann", **changes: Any) -> list[str]:
    """Queued runs of one click that can share a stack."""
    configs = [CONFIG.replace(learning_rate=0.01 * (1 + number), **changes) for number in range(runs)]
    return [store.runs.create(owner, config, group=f"{owner}s") for config in configs]


def test_a_sweep_is_dealt_out_to_all_free_workers(dispatcher: Dispatcher, store: Store) -> None:
    ids = sweep(store, 5)
    dispatcher.tick()
    assert dispatcher.client.bunches() == [ids[::2], ids[1::2]]
    claim(store, *ids)
    assert {store.runs.get(run_id).threads for run_id in ids} == {1}
    later = store.runs.create("bob", CONFIG)
    dispatcher.tick()
    assert len(dispatcher.client.bunches()) == 2  # both workers have one task, of several runs
    for run_id in ids[::2]:
        store.record_writer.finish(run_id, "completed", {})
    dispatcher.client.sent[0].status = "finished"
    dispatcher.tick()
    assert dispatcher.client.bunches()[2:] == [[later]]


def test_a_sweep_takes_one_worker_where_others_wait(dispatcher: Dispatcher, store: Store) -> None:
    ids = sweep(store, 5)
    other = store.runs.create("bob", other_batches(2))
    dispatcher.tick()
    assert dispatcher.client.bunches() == [ids, [other]]


def test_what_cannot_share_a_stack_goes_alone(dispatcher: Dispatcher, store: Store) -> None:
    dispatcher.client.workers = owning(*"abcdefgh")
    dispatcher.workers.slots = 8
    wide, deep = sweep(store, 1, hidden_layers=(8,)), sweep(store, 1, hidden_layers=(8, 8))
    cnns = sweep(store, 2, model="cnn", filters=(2,))
    alone = [store.runs.create("ann", other_batches(seed)) for seed in range(2, 4)]
    dispatcher.tick()
    assert sorted(dispatcher.client.bunches()) == sorted([[run_id] for run_id in [*wide, *deep, *cnns, *alone]])


def test_a_stack_is_no_wider_than_it_may_be(dispatcher: Dispatcher, store: Store) -> None:
    ids = sweep(store, 70)
    dispatcher.tick()
    assert [len(bunch) for bunch in dispatcher.client.bunches()] == [32, 32]
    assert set(dispatcher.client.runs()) < set(ids)


def test_runs_that_have_lost_their_worker_go_on_alone(dispatcher: Dispatcher, store: Store) -> None:
    dispatcher.client.workers = owning("a")
    dispatcher.workers.slots = 1
    ids = sweep(store, 3)
    dispatcher.tick()
    claim(store, *ids)
    dispatcher.client.workers = owning("new")
    dispatcher._beat = 0.0
    dispatcher.tick()
    dispatcher.tick()
    assert dispatcher.client.bunches() == [ids, [ids[0]]]


def test_a_run_that_was_submitted_is_not_submitted_again(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    for _look in range(3):
        dispatcher.tick()
    assert dispatcher.client.runs() == [run_id]


def test_runs_go_to_workers_that_are_there_and_free(dispatcher: Dispatcher, store: Store) -> None:
    first, second, third = (store.runs.create(owner, other_batches(ord(owner[0]))) for owner in ("ann", "bob", "cem"))
    dispatcher.client.workers = {}
    dispatcher.tick()
    assert dispatcher.client.sent == []
    dispatcher.client.workers = owning("a")
    for _look in range(3):
        dispatcher.tick()
    assert dispatcher.client.runs() == [first]
    dispatcher.client.workers = owning("a", "b")
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, second]
    dispatcher.client.sent[0].status = "finished"
    claim(store, first)
    store.record_writer.finish(first, "completed", {})
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, second, third]
    assert [future.worker for future in dispatcher.client.sent] == ["a", "b", "a"]


def test_runs_of_the_last_cluster_go_on_first(store: Store) -> None:
    lost = store.runs.create("ann", CONFIG)
    claim(store, lost)
    store.runs.create("bob", CONFIG)
    dispatcher = Dispatcher(Client(), store)
    dispatcher.begin()
    dispatcher.tick()
    assert dispatcher.client.runs()[0] == lost


def test_workers_elsewhere_are_counted_and_their_slots_used(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_SCHEDULER", "tcp://elsewhere:8786")
    for owner in "abcd":
        store.runs.create(owner, other_batches(ord(owner)))
    plain = Dispatcher(Client({"a": {"resources": {}}}), store)
    plain.tick()
    plain.tick()
    assert [future.resources for future in plain.client.calls_of("execute")] == [None]
    restricted = Dispatcher(Client({name: {"resources": {"train": 1}} for name in "ab"}), store)
    restricted.tick()
    restricted.tick()
    assert [future.resources for future in restricted.client.calls_of("execute")] == [{"train": 1}, {"train": 1}]
    assert (store.facts.get("cluster") or {})["slots"] == 2


def pause(store: Store, run_id: str, owner: str = "ann") -> None:
    """As a student and the run's worker do it."""
    store.commands.send(run_id, owner, "pause")
    assert store.record_writer.pause(run_id, {}, "pause", store.runs.get(run_id).token)


def test_who_leaves_a_stack_and_goes_on_waits_for_a_worker_not_for_the_stack(
    dispatcher: Dispatcher, store: Store
) -> None:
    ids = sweep(store, 6)
    dispatcher.tick()
    first, second = dispatcher.client.bunches()
    claim(store, *ids)
    pause(store, first[0])
    store.commands.send(first[0], "ann", "resume")
    dispatcher.tick()
    assert len(dispatcher.client.sent) == 2  # both workers have something
    for run_id in second:
        store.record_writer.finish(run_id, "completed", {})
    dispatcher.client.sent[1].status = "finished"
    dispatcher.tick()
    assert dispatcher.client.bunches()[2:] == [[first[0]]]
    claim(store, first[0])
    # What becomes of the stack that it left is no matter of its own, and the other way round.
    dispatcher.client.sent[0].fail(RuntimeError("a stack that failed"))
    dispatcher.client.sent[2].status = "finished"
    store.record_writer.finish(first[0], "completed", {})
    dispatcher.tick()
    assert {store.runs.get(run_id).state for run_id in first[1:]} == {"queued"}
    assert store.runs.get(first[0]).outcome == "completed"
    assert [bunch for bunch in dispatcher.client.bunches()[3:] if first[0] in bunch] == []


def test_who_is_paused_is_not_blamed_for_the_end_of_the_worker(dispatcher: Dispatcher, store: Store) -> None:
    paused, resumed, *others = sweep(store, 3)
    dispatcher.client.workers = owning("a")
    dispatcher.tick()
    claim(store, paused, resumed, *others)
    pause(store, paused)
    pause(store, resumed)
    store.commands.send(resumed, "ann", "resume")
    dispatcher.client.workers = owning("b")
    dispatcher._beat = -math.inf
    dispatcher.tick()
    assert [dispatcher.setbacks.goes_alone(run_id) for run_id in (paused, resumed, *others)] == [False, False, True]
    assert (store.runs.get(paused).state, store.runs.get(others[0]).state) == ("paused", "queued")


def test_a_run_that_was_alone_with_its_worker_is_sent_again_when_the_worker_has_let_go(
    dispatcher: Dispatcher, store: Store
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.client.workers = owning("a")
    dispatcher.tick()
    claim(store, run_id)
    pause(store, run_id)
    store.commands.send(run_id, "ann", "resume")
    dispatcher.tick()
    assert dispatcher.client.runs() == [run_id]
    dispatcher.client.sent[0].status = "finished"
    dispatcher.tick()
    assert dispatcher.client.runs() == [run_id, run_id]
