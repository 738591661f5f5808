"""What a worker does with runs that train together, in this process: each is its own when one leaves, fails or is asked for something."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core import data, training
from mnist_core.jobs import run_execution, run_job
from mnist_core.networks.checkpoint_layout import checkpoint_file
from mnist_core.store import Store
from tests.jobs.crashes import (
    CONFIG,
    RATES,
    Crash,
    after,
    die,
    execute,
    losses,
    sweep,
)
from tests.jobs.short_run import rows
from tests.training.test_stack import same_beside_others


@pytest.fixture
def store(eager_store: Store) -> Store:
    """The store of these tests."""
    return eager_store


DRAWN_ALONE: dict[float, list[float]] = {}


@pytest.fixture
def apart(store: Store) -> dict[float, list[float]]:
    """What each of the runs draws alone, by rate; trained by the first test that asks for it."""
    if not DRAWN_ALONE:
        ids = sweep(store)
        for run_id in ids:
            run_job.execute([run_id], store.url, 1)
        DRAWN_ALONE.update((rate, losses(store, run_id)) for rate, run_id in zip(RATES, ids, strict=True))
    return DRAWN_ALONE


def test_runs_in_a_stack_draw_the_curves_that_they_draw_alone(store: Store, apart: dict[float, list[float]]) -> None:
    ids = sweep(store)
    run_job.execute(ids, store.url, 1)
    for rate, run_id in zip(RATES, ids, strict=True):
        run = store.runs.get(run_id)
        assert run.outcome == "completed"
        assert losses(store, run_id) == pytest.approx(apart[rate], rel=1e-3)
        assert run.result["test_accuracy"] > 0.5
        assert checkpoint_file(run_id).exists()


def test_a_run_that_blows_up_leaves_the_stack_and_its_records_are_its_own(store: Store) -> None:
    ids = sweep(store, (0.001, 100.0, 0.003), loss="squared-error")
    run_job.execute(ids, store.url, 1)
    runs = [store.runs.get(run_id) for run_id in ids]
    assert [run.outcome for run in runs] == ["completed", "diverged", "completed"]
    dataset = data.load_dataset("mnist")
    for run in runs:
        # What lies on disk is this run's state, not its neighbor's.
        trainer = training.Trainer.load(checkpoint_file(run.id), run.config, dataset)
        assert trainer.step == run.progress.step
        assert trainer.state.base_rate == run.config.learning_rate
    assert runs[0].result["test_accuracy"] != runs[2].result["test_accuracy"]


@pytest.mark.parametrize(
    ("command", "state"), [("pause", "paused"), ("stop", "finished"), ("reset", "paused"), ("step", "paused")]
)
def test_a_command_to_one_run_of_a_stack_is_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch, apart: dict[float, list[float]], command: Any, state: str
) -> None:
    ids = sweep(store)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(
            store.record_writer,
            "publish",
            after(3, lambda: store.commands.send(ids[1], "ann", command), store.record_writer.publish),
        )
        run_job.execute(ids, store.url, 1)
    run = store.runs.get(ids[1])
    assert (run.state, run.command) == (state, None)
    assert (run.progress.step == 0) == (command == "reset")
    assert run.progress.step < CONFIG.total_steps
    if state == "paused":  # and it goes on alone
        store.commands.send(ids[1], "ann", "resume")
        run_job.execute([ids[1]], store.url, 1)
    for rate, run_id in zip(RATES, ids, strict=True):
        if store.runs.get(run_id).outcome != "stopped":
            assert store.runs.get(run_id).outcome == "completed"
            assert losses(store, run_id) == pytest.approx(apart[rate], rel=1e-3)


@pytest.mark.parametrize("how", ["pause", "step", "a lost worker"])
def test_a_run_that_leaves_its_stack_draws_the_curve_that_it_draws_in_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    if not same_beside_others(16, 10):
        pytest.skip("here the matrix products alone are others beside others")
    whole, ids = sweep(store), sweep(store)
    execute(store, *whole)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        if how == "a lost worker":
            patch.setattr(store.record_writer, "publish", after(5, die, store.record_writer.publish))
            with pytest.raises(Crash):
                execute(store, *ids)
        else:
            patch.setattr(
                store.record_writer,
                "publish",
                after(3, lambda: store.commands.send(ids[1], "ann", how), store.record_writer.publish),
            )
            execute(store, *ids)
            store.commands.send(ids[1], "ann", "resume")
    queued = ids if how == "a lost worker" else ids[1:2]
    for run_id in queued:
        execute(store, run_id)
    for run_id, undisturbed_one in zip(ids, whole, strict=True):
        assert rows(store.record_reader.curves(run_id)) == rows(store.record_reader.curves(undisturbed_one))
        alone = [
            (event.kind, event.value) for event in store.record_reader.curves(run_id).events if event.kind == "alone"
        ]
        assert alone == ([("alone", len(ids))] if run_id in queued else [])


def test_the_last_run_of_a_stack_goes_on_alone(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sweep(store, RATES[:2])
    pause = after(3, lambda: store.commands.send(ids[1], "ann", "pause"), store.record_writer.publish)
    monkeypatch.setattr(store.record_writer, "publish", pause)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    sizes: list[int] = []
    real = training.TrainingLoop.make_updates

    def counted(self: Any, *args: Any, **bounds: Any) -> int:
        runs = len(self.runs)
        made = real(self, *args, **bounds)
        sizes.extend([runs] * made)
        return made

    monkeypatch.setattr(training.TrainingLoop, "make_updates", counted)
    run_job.execute(ids, store.url, 1)
    step = store.runs.get(ids[1]).progress.step
    assert store.runs.get(ids[1]).state == "paused"
    # Nobody computes further updates of the paused run.
    assert sizes == [2] * step + [1] * (CONFIG.total_steps - step)
    events = store.record_reader.curves(ids[0]).events
    assert [(event.step, event.kind, event.value) for event in events] == [(step, "alone", 2)]


def test_a_run_that_a_step_took_out_of_its_stack_waits_behind_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sweep(store)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    waiting: list[str] = []

    def step() -> None:
        waiting.append(store.runs.create("bob", CONFIG))
        store.commands.send(ids[1], "ann", "step")

    # It has made its step, and is to go on after all.
    monkeypatch.setattr(
        store.record_writer,
        "pause",
        after(1, lambda: store.commands.send(ids[1], "ann", "resume"), store.record_writer.pause),
    )
    monkeypatch.setattr(store.record_writer, "publish", after(3, step, store.record_writer.publish))
    run_job.execute(ids, store.url, 1)
    assert [run.id for run in store.queue.next(5)] == [*waiting, ids[1]]
    assert store.runs.get(ids[1]).progress.step > 0


def test_a_new_rate_for_one_run_of_a_stack(
    store: Store, monkeypatch: pytest.MonkeyPatch, apart: dict[float, list[float]]
) -> None:
    ids = sweep(store)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    change = after(3, lambda: store.commands.set_learning_rate(ids[0], "ann", 0.2), store.record_writer.publish)
    monkeypatch.setattr(store.record_writer, "publish", change)
    run_job.execute(ids, store.url, 1)
    assert store.runs.get(ids[0]).base_rate == 0.2
    assert [event.kind for event in store.record_reader.curves(ids[0]).events] == ["learning_rate"]
    assert store.record_reader.curves(ids[0]).steps["learning_rate"][-1] == pytest.approx(0.2)
    assert losses(store, ids[0]) != pytest.approx(apart[RATES[0]], rel=1e-3)
    for rate, run_id in zip(RATES[1:], ids[1:], strict=True):
        assert store.runs.get(run_id).outcome == "completed"
        assert losses(store, run_id) == pytest.approx(apart[rate], rel=1e-3)


def test_a_stack_whose_worker_dies_goes_on_as_a_stack(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sweep(store)
    run_job.execute(whole, store.url, 1)
    ids = sweep(store)
    with monkeypatch.context() as patch:
        patch.setattr(store.record_writer, "publish", after(5, die, store.record_writer.publish))
        with pytest.raises(Crash):
            run_job.execute(ids, store.url, 1)
    steps = {store.runs.get(run_id).checkpoint_step for run_id in ids}
    assert len(steps) == 1
    assert 0 < (steps.pop() or 0) < CONFIG.total_steps
    stacks: list[int] = []
    real = training.TrainingLoop.advance

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        stacks.append(len(self.runs))
        real(self, *args, **kwargs)

    monkeypatch.setattr(training.TrainingLoop, "advance", counted)
    execute(store, *ids)
    assert stacks[0] == len(ids)
    for run_id, undisturbed_one in zip(ids, whole, strict=True):
        assert rows(store.record_reader.curves(run_id)) == rows(store.record_reader.curves(undisturbed_one))


def test_one_run_of_a_stack_that_has_lost_its_checkpoint_starts_again(store: Store, monkeypatch: Any) -> None:
    ids = sweep(store)
    with monkeypatch.context() as patch:
        patch.setattr(store.record_writer, "publish", after(5, die, store.record_writer.publish))
        with pytest.raises(Crash):
            run_job.execute(ids, store.url, 1)
    checkpoint_file(ids[1]).unlink()
    execute(store, *ids)
    assert {store.runs.get(run_id).outcome for run_id in ids} == {"completed"}


def test_a_deleted_run_of_a_stack_leaves_the_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sweep(store)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(
        store.record_writer, "publish", after(4, lambda: store.runs.delete(ids[0], "ann"), store.record_writer.publish)
    )
    run_job.execute(ids, store.url, 1)
    assert [store.runs.get(run_id).outcome for run_id in ids[1:]] == ["completed"] * 2
    assert not list(checkpoint_file(ids[0]).parent.glob(f"{ids[0]}*"))
