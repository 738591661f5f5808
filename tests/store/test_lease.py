"""Who may write: workers by the token of their claim, clusters by that of their lease. And orders that no clock upsets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mnist_core.config import RunConfig
from mnist_core.errors import LeaseLostError
from mnist_core.messages import message
from mnist_core.records import Curves, Event, Progress, Report, Run, SweepRecord
from mnist_core.store import Store, open_store

CONFIG = RunConfig()


def claimed_twice(store: Store) -> tuple[Run, Run]:
    """A run as a worker has it that was given up, and as the next one has it."""
    run_id = store.runs.create("ann", CONFIG)
    first = store.queue.claim(run_id, "first", 1)
    store.queue.requeue(run_id)
    second = store.queue.claim(run_id, "second", 1)
    assert first is not None
    assert second is not None
    return first, second


WRITES: dict[str, Callable[[Store, str, int], Any]] = {
    "publish": lambda store, run_id, token: run_id in store.record_writer.publish([report(run_id, token)]),
    "rewind": lambda store, run_id, token: store.record_writer.rewind(run_id, 0, token),
    "pause": lambda store, run_id, token: store.record_writer.pause(run_id, {"late": 1}, token=token),
    "reset": lambda store, run_id, token: store.record_writer.reset(run_id, token),
    "finish": lambda store, run_id, token: store.record_writer.finish(run_id, "completed", {"late": 1}, token=token),
    "fail": lambda store, run_id, token: store.record_writer.finish(
        run_id, "failed", {}, message("Late."), token=token
    ),
}


def report(run_id: str, token: int) -> Report:
    return Report(run_id, Progress(9, 100), Curves(events=(Event(9, "late"),)), checkpoint=True, token=token)


@pytest.mark.parametrize("write", WRITES)
def test_a_worker_that_was_given_up_changes_nothing(store: Store, write: str) -> None:
    first, second = claimed_twice(store)
    assert second.token > first.token
    store.record_writer.publish(
        [Report(first.id, Progress(20, 100), Curves(events=(Event(3, "mine"),)), token=second.token)]
    )
    before, records = store.runs.get(first.id), store.record_reader.curves(first.id).events
    assert not WRITES[write](store, first.id, first.token)
    assert store.runs.get(first.id) == before
    assert store.record_reader.curves(first.id).events == records
    assert WRITES[write](store, first.id, second.token)
    assert store.runs.get(first.id) != before


def test_nor_before_another_worker_has_the_run(store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    run = store.queue.claim(run_id, "w", 1)
    assert run is not None
    store.queue.requeue(run_id)
    assert not any(write(store, run_id, run.token) for write in WRITES.values())
    assert store.runs.get(run_id).state == "queued"


def test_it_hears_that_the_run_is_not_its_own_and_puts_nothing_back(store: Store) -> None:
    first, second = claimed_twice(store)
    assert store.commands.pending([first.id], {first.id: first.token}) == {}
    assert first.id in store.commands.pending([first.id], {first.id: second.token})
    store.queue.requeue(first.id, first.token)
    assert store.runs.state(first.id) == "running"
    store.queue.requeue(first.id, second.token)
    assert store.runs.state(first.id) == "queued"


def test_of_several_runs_those_that_are_its_own_are_told(store: Store) -> None:
    first, _second = claimed_twice(store)
    other = store.queue.claim(store.runs.create("ann", CONFIG), "first", 1)
    assert other is not None
    assert store.record_writer.publish([report(first.id, first.token), report(other.id, other.token)]) == {other.id}
    assert store.runs.get(other.id).progress.step == 9


def test_a_reset_makes_no_token_valid_again(store: Store) -> None:
    first, second = claimed_twice(store)
    assert store.record_writer.reset(first.id, second.token)
    store.commands.send(first.id, "ann", "resume")
    third = store.queue.claim(first.id, "third", 1)
    assert third is not None
    assert third.token > second.token > first.token


def test_a_analysis_of_a_worker_that_was_given_up(store: Store) -> None:
    analysis_id = store.analyses.create("ann", "landscape", {})
    first = store.analyses.claim(analysis_id)
    store.analyses.lose(analysis_id)
    second = store.analyses.claim(analysis_id)
    assert first is not None
    assert second is not None
    assert not store.analyses.report(analysis_id, 0.9, first.token)
    store.analyses.finish(analysis_id, {"late": 1}, {}, first.token)
    store.analyses.fail(analysis_id, message("Late."), first.token)
    found = store.analyses.get(analysis_id)
    assert found is not None
    assert (found.state, found.progress) == ("running", 0.0)
    assert store.analyses.report(analysis_id, 0.5, second.token)
    store.analyses.finish(analysis_id, {"mine": 1}, {}, second.token)
    found = store.analyses.get(analysis_id)
    assert found is not None
    assert dict(found.values) == {"mine": 1}


# ---- clusters ------------------------------------------------------------------------------------------------------


@pytest.fixture
def cluster(store: Store) -> Iterator[Store]:
    """The store as a cluster has it that holds the lease."""
    opened = open_store()
    opened.lease.take("here")
    yield opened
    opened.close()


def test_a_cluster_whose_lease_another_has_taken_writes_nothing(store: Store, cluster: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    analysis_id = store.analyses.create("ann", "landscape", {})
    old = cluster.lease.token
    store.lease.take("there")  # another cluster's handle from now on
    late: list[Callable[[], object]] = [
        lambda: cluster.lease.beat(1.0),
        lambda: cluster.queue.requeue(run_id),
        cluster.queue.requeue_lost,
        lambda: cluster.record_writer.finish(run_id, "failed", {}),
        lambda: cluster.runs.delete(run_id, "ann"),
        lambda: cluster.retention.forget_weights(run_id),
        lambda: cluster.analyses.lose(analysis_id),
        lambda: cluster.facts.set("cluster", {}),
    ]
    for write in late:
        with pytest.raises(LeaseLostError, match="Another machine"):
            write()
    # What it sent to its workers before it noticed comes to nothing.
    assert store.queue.claim(run_id, "its worker", 1, old) is None
    assert store.analyses.claim(analysis_id, old) is None
    assert store.queue.claim(run_id, "mine", 1, store.lease.token) is not None
    assert store.lease.current().holder == "there"
    assert cluster.runs.get(run_id).state == "running"  # it may still read


def test_the_holder_counts_and_the_stores_clock_is_what_holders_saw_pass(store: Store, cluster: Store) -> None:
    before = store.lease.current()
    for _beat in range(3):
        cluster.lease.beat(1.5)
    after = store.lease.current()
    assert after.beats == before.beats + 3
    assert after.served_seconds == before.served_seconds + 4.5
    assert after.token == before.token == cluster.lease.token


# ---- clocks --------------------------------------------------------------------------------------------------------


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[float], None]]:
    """Sets the machine's clock."""
    now = [2_000_000_000.0]
    monkeypatch.setattr("time.time", lambda: now[0])

    def put(seconds: float) -> None:
        now[0] += seconds

    return put  # type: ignore[return-value]


def test_a_clock_set_back_upsets_no_order(store: Store, clock: Callable[[float], None]) -> None:
    def later() -> str:
        run_id = store.runs.create("ann", CONFIG)
        clock(-3_600)
        return run_id

    ids = [later() for _number in range(4)]
    assert [run.id for run in store.runs.newest("ann", 3)] == ids[:0:-1]  # none of the newest is missing
    assert [run.id for run in store.queue.next(9)] == ids
    store.commands.send(ids[0], "ann", "pause")
    store.commands.send(ids[0], "ann", "resume")
    sweeps = []
    for number in range(3):
        store.sweeps.create(SweepRecord(f"group{number}", "bob", 0.0, CONFIG, (0.1,), 1), [CONFIG])
        clock(-3_600)
        sweeps.append(f"group{number}")
    assert [sweep.id for sweep in store.sweeps.newest("bob", 2)] == sweeps[:0:-1]
    for run_id in ids[1:]:
        store.queue.claim(run_id, "w", 1)
        store.record_writer.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True)])
        store.record_writer.finish(run_id, "completed", {})
        clock(-3_600)
    assert store.retention.oldest_weights() == ids[1:]


def test_a_clock_set_back_deletes_no_newer_analysis_and_lets_none_jump_the_queue(
    store: Store, clock: Callable[[float], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_core.store.analyses.KEPT", 2)
    ids = []
    for _number in range(4):
        ids.append(store.analyses.create("ann", "landscape", {}))
        store.analyses.claim(ids[-1])
        store.analyses.finish(ids[-1], {}, {})
        clock(-3_600)
    assert [analysis.id for analysis in store.analyses.newest("ann", "landscape")] == ids[:1:-1]
    waiting = []
    for owner in ("bob", "cem", "dan"):
        waiting.append(store.analyses.create(owner, "landscape", {}))
        clock(-3_600)
    assert [analysis.id for analysis in store.analyses.queued(9)] == waiting


@pytest.mark.parametrize("jump", [-3_600, 2 * 86_400])
def test_what_was_soft_deleted_goes_by_the_stores_clock_alone(
    store: Store, cluster: Store, clock: Callable[[float], None], jump: float
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    store.retention.soft_delete([run_id], "ann")
    clock(jump)
    assert store.retention.expired(86_400) == []
    cluster.lease.beat(86_399)
    assert store.retention.expired(86_400) == []
    cluster.lease.beat(2)
    assert store.retention.expired(86_400) == [(run_id, "ann")]
