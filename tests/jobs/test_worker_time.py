"""Worker-seconds: what a worker computes for a student is written down with the records, and nothing else is."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mnist_core.jobs import compute_lock, run_execution, run_job
from mnist_core.jobs.compute_lock import OF_THIS_PROCESS
from mnist_core.jobs.worker_time import WorkerTime
from mnist_core.store import Store
from tests.jobs.crashes import CONFIG, RATES, after


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The lock's clock, as the test says."""
    now = [100.0]
    monkeypatch.setattr(compute_lock.time, "monotonic", lambda: now[0])
    return now


def test_a_second_with_the_lock_is_shared_among_those_who_are_computed(clock: list[float]) -> None:
    with OF_THIS_PROCESS:
        used = WorkerTime()
        clock[0] += 3.0
        used.count(["ann", "bob", "ann"])
        clock[0] += 1.0
        used.count(["bob"])
        assert used.take() == {"ann": pytest.approx(2.0), "bob": pytest.approx(2.0)}
        assert used.take() == {}


def test_who_waits_has_nothing_of_the_worker(clock: list[float]) -> None:
    with OF_THIS_PROCESS:
        used = WorkerTime()
        with OF_THIS_PROCESS.released():
            clock[0] += 60.0

        def analysis() -> None:
            with OF_THIS_PROCESS:
                clock[0] += 5.0

        thread = threading.Thread(target=analysis)
        thread.start()
        while not OF_THIS_PROCESS.has_waiting:
            pass
        assert OF_THIS_PROCESS.give_way()
        thread.join(10)
        clock[0] += 1.0
        used.count(["ann"])
        assert used.take() == {"ann": pytest.approx(1.0)}


def test_runs_of_several_students_in_one_stack_have_a_part_each(eager_store: Store) -> None:
    owners = ("ann", "bob", "cem")
    ids = [
        eager_store.runs.create(owner, CONFIG.replace(learning_rate=rate))
        for owner, rate in zip(owners, RATES, strict=True)
    ]
    run_job.execute(ids, eager_store.url, 1)
    had = [eager_store.usage.of(owner) for owner in owners]
    assert min(had) > 0
    trained = max(eager_store.runs.get(run_id).progress.seconds for run_id in ids)
    assert sum(had) >= trained  # evaluations at the end, too
    assert max(had) < 2 * min(had)


@pytest.mark.parametrize("what", ["stop", "reset", "delete"])
def test_what_is_taken_back_has_been_used_all_the_same(
    eager_store: Store, monkeypatch: pytest.MonkeyPatch, what: Any
) -> None:
    store = eager_store
    run_id = store.runs.create("ann", CONFIG)

    def take_back() -> None:
        if what == "delete":
            store.runs.delete(run_id, "ann")
        else:
            store.commands.send(run_id, "ann", what)

    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(store.record_writer, "publish", after(1, take_back, store.record_writer.publish))
    run_job.execute([run_id], store.url, 1)
    assert store.usage.of("ann") > 0
