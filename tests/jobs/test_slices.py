"""Runs that make room for others: back into the queue by a checkpoint, and the same curve."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core.jobs import run_execution, run_job
from mnist_core.records import Event
from mnist_core.store import Store
from mnist_core.training import Trainer
from tests.jobs.crashes import CONFIG, RATES, after, undisturbed
from tests.jobs.short_run import rows


@pytest.fixture
def store(eager_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store of the tests that train."""
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    return eager_store


def interrupted(store: Store, monkeypatch: pytest.MonkeyPatch, ids: list[str], calls: int, act: Any) -> None:
    """Train the runs; `act` after so many reports."""
    with monkeypatch.context() as patch:
        patch.setattr(store.record_writer, "publish", after(calls, act, store.record_writer.publish))
        run_job.execute(ids, store.url, 1)


def test_a_run_that_makes_room_again_and_again_draws_the_same_curve(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = undisturbed(store)
    run_id = store.runs.create("ann", CONFIG)
    reached = [0]
    for _slice in range(4):
        interrupted(store, monkeypatch, [run_id], 2, lambda: store.queue.end_slices([run_id]))
        run = store.runs.get(run_id)
        assert (run.state, run.attempts) == ("queued", 1)
        assert run.checkpoint_step == run.progress.step
        reached.append(run.progress.step)
    assert reached == sorted(set(reached))
    run_job.execute([run_id], store.url, 1)
    assert store.runs.get(run_id).outcome == "completed"
    curves = store.record_reader.curves(run_id)
    assert rows(curves) == expected
    assert curves.events == ()


def begun(store: Store) -> list[str]:
    """Runs of three students that may train together."""
    owners = zip(("ann", "bob", "cem"), RATES, strict=True)
    return [store.runs.create(owner, CONFIG.replace(learning_rate=rate)) for owner, rate in owners]


def test_a_stack_makes_room_as_a_whole_and_goes_on_as_one(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole, ids = begun(store), begun(store)
    run_job.execute(whole, store.url, 1)
    interrupted(store, monkeypatch, ids, 3, lambda: store.queue.end_slices(ids[:1]))
    found = [store.runs.get(run_id) for run_id in ids]
    assert {run.state for run in found} == {"queued"}
    assert len({run.checkpoint_step for run in found}) == 1
    run_job.execute(ids, store.url, 1)
    for run_id, undisturbed_id in zip(ids, whole, strict=True):
        assert rows(store.record_reader.curves(run_id)) == rows(store.record_reader.curves(undisturbed_id))
        assert store.record_reader.curves(run_id).events == ()


def test_what_a_student_asks_comes_before_the_end_of_a_slice(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = begun(store)

    def ask() -> None:
        store.commands.send(ids[1], "bob", "pause")
        store.queue.end_slices(ids)

    interrupted(store, monkeypatch, ids, 3, ask)
    assert [store.runs.get(run_id).state for run_id in ids] == ["queued", "paused", "queued"]


def test_a_run_of_which_something_is_asked_at_the_last_moment_is_not_put_back(store: Store) -> None:
    ids = begun(store)
    tokens = {}
    for run_id in ids:
        run = store.queue.claim(run_id, "w", 1)
        assert run is not None
        tokens[run_id] = run.token
    store.commands.send(ids[0], "ann", "stop")
    store.commands.set_learning_rate(ids[1], "bob", 0.5)
    assert store.queue.put_back(tokens) == {ids[2]}
    assert [store.runs.get(run_id).state for run_id in ids] == ["running", "running", "queued"]


def test_without_a_checkpoint_nothing_is_given_up(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)

    def fail(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    def ask() -> None:
        monkeypatch.setattr(Trainer, "save", fail)
        monkeypatch.setattr(run_execution, "SAVE_SECONDS", 0.0)
        store.queue.end_slices([run_id])

    interrupted(store, monkeypatch, [run_id], 3, ask)
    run = store.runs.get(run_id)
    assert (run.state, run.outcome, run.progress.step) == ("finished", "completed", CONFIG.total_steps)


def test_runs_that_were_begun_alone_go_on_as_one_with_the_same_curve(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = undisturbed(store)
    ids = [store.runs.create(owner, CONFIG) for owner in ("ann", "bob")]
    for run_id in ids:
        monkeypatch.setattr(run_job, "CHECKPOINT_SECONDS", float("inf"))
        interrupted(store, monkeypatch, [run_id], 2, lambda run_id=run_id: store.queue.end_slices([run_id]))
    assert len({store.runs.get(run_id).checkpoint_step for run_id in ids}) == 1
    run_job.execute(ids, store.url, 1)
    for run_id in ids:
        assert rows(store.record_reader.curves(run_id)) == expected


def test_a_rate_that_was_changed_by_hand_survives_the_end_of_a_slice(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.runs.create("ann", CONFIG)

    def ask() -> None:
        store.commands.set_learning_rate(run_id, "ann", 0.2)
        store.queue.end_slices([run_id])

    interrupted(store, monkeypatch, [run_id], 2, ask)
    run = store.runs.get(run_id)
    assert (run.state, run.base_rate) == ("queued", 0.2)
    step = run.progress.step
    run_job.execute([run_id], store.url, 1)
    assert [event.kind for event in store.record_reader.curves(run_id).events] == ["learning_rate"]
    assert store.record_reader.curves(run_id).events[0] == Event(step, "learning_rate", pytest.approx(0.2))
