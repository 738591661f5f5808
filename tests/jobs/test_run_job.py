"""What a worker does with one run, in this process: crashes at the worst moment, requests at the worst moment."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mnist_core import data, schedule, training
from mnist_core.config import RunConfig
from mnist_core.diagnostics import judge
from mnist_core.errors import DataMissingError, TransientStoreError
from mnist_core.jobs import run_execution, run_job
from mnist_core.messages import message
from mnist_core.networks import weights
from mnist_core.networks.checkpoint_layout import checkpoint_file, snapshot_steps
from mnist_core.store import Store
from mnist_core.training import snapshots
from tests.jobs.crashes import (
    CONFIG,
    Crash,
    after,
    curve_of,
    die,
    execute,
    in_strides,
    undisturbed,
)
from tests.jobs.short_run import rows


@pytest.fixture
def store(eager_store: Store) -> Store:
    """The store of these tests."""
    return eager_store


@pytest.mark.parametrize("moment", ["before the records are kept", "after the records are kept"])
@pytest.mark.parametrize("calls", [1, 4])
def test_a_worker_that_dies_between_checkpoint_and_records_costs_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, moment: str, calls: int
) -> None:
    expected = undisturbed(store)
    run_id = store.runs.create("ann", CONFIG)
    real = store.record_writer.publish

    def publish_and_die(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        die()

    with monkeypatch.context() as patch:
        method = publish_and_die if moment.startswith("after") else real
        patch.setattr(
            store.record_writer, "publish", after(calls, die, real) if method is real else _nth(calls, real, method)
        )
        with pytest.raises(Crash):
            execute(store, run_id)
    assert store.runs.get(run_id).state == "running"
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert rows(store.record_reader.curves(run_id)) == expected


def _nth(calls: int, usual: Callable[..., Any], act: Callable[..., Any]) -> Callable[..., Any]:
    count = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        return (act if count == calls else usual)(*args, **kwargs)

    return wrapped


def test_a_cnn_that_is_stepped_resumed_and_loses_its_worker_comes_to_the_same_weights(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Its weights are laid out in memory in another order than in the file.
    config = RunConfig(
        model="cnn",
        filters=(4, 16),
        kernel_size=3,
        hidden_layers=(),
        train_size=160,
        validation_size=20,
        batch_size=20,
        epochs=1,
        optimizer="adam",
        learning_rate=0.003,
    )
    expected = curve_of(store, config)
    (whole,) = store.runs.newest("ann")
    run_id = store.runs.create("ann", config)
    store.commands.send(run_id, "ann", "pause")
    for step in (1, 2):
        store.commands.send(run_id, "ann", "step")
        execute(store, run_id)
        assert store.runs.get(run_id).progress.step == step
    store.commands.send(run_id, "ann", "resume")
    with monkeypatch.context() as patch:
        in_strides(patch, 1)
        patch.setattr(store.record_writer, "publish", after(3, die, store.record_writer.publish))
        with pytest.raises(Crash):
            execute(store, run_id)
    assert 2 < store.runs.get(run_id).progress.step < 8
    execute(store, run_id)
    assert rows(store.record_reader.curves(run_id)) == expected
    for name, value in weights.latest(whole.id).weights.items():
        np.testing.assert_array_equal(weights.latest(run_id).weights[name], value)


def test_a_lost_worker_is_told_as_an_event(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(run_job._Stack, "_save_is_due", lambda self: False)
        patch.setattr(store.record_writer, "publish", after(4, die, store.record_writer.publish))
        with pytest.raises(Crash):
            execute(store, run_id)
    reached = store.runs.get(run_id).progress.step
    assert reached > 0
    execute(store, run_id)
    (event,) = store.record_reader.curves(run_id).events
    assert (event.kind, event.step) == ("recovered", 0)


def test_a_step_asked_of_a_running_run_is_one_step_and_a_pause(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)
    steps: list[int] = []

    def ask() -> None:
        store.commands.send(run_id, "ann", "step")
        steps.append(store.runs.get(run_id).progress.step)

    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(store.record_writer, "publish", after(3, ask, store.record_writer.publish))
    execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.command) == ("paused", None)
    assert steps[0] < run.progress.step < CONFIG.total_steps


@pytest.mark.parametrize("has_disk", [True, False])
def test_a_worker_that_dies_between_a_single_step_and_its_pause_has_made_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, has_disk: bool
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    store.commands.send(run_id, "ann", "pause")
    store.commands.send(run_id, "ann", "step")
    with monkeypatch.context() as patch:
        patch.setattr(store.record_writer, "pause", lambda *_args: die())
        if not has_disk:
            patch.setattr(run_execution.Job, "save", lambda self: False)
        with pytest.raises(Crash):
            execute(store, run_id)
    assert store.runs.get(run_id).progress.step == 1
    execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.progress.step, run.command) == ("paused", 1, None)


@pytest.mark.parametrize(("command", "state"), [("stop", "finished"), ("reset", "paused"), ("pause", "paused")])
def test_what_is_asked_during_a_single_step_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: Any, state: str
) -> None:
    config = CONFIG.replace(batch_size=1_000)
    run_id = store.runs.create("ann", config)
    store.commands.send(run_id, "ann", "pause")
    store.commands.send(run_id, "ann", "step")
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    # Heard while the step is being made: a step of a large network takes seconds.
    real = training.TrainingLoop.make_updates

    def interrupted(self: Any, stop: Callable[[], bool], **bounds: Any) -> int:
        store.commands.send(run_id, "ann", command)
        return 0 if stop() else real(self, stop, **bounds)

    monkeypatch.setattr(training.TrainingLoop, "make_updates", interrupted)
    execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.progress.step, run.command) == (state, 0, None)
    assert run.outcome == ("stopped" if command == "stop" else None)


@pytest.mark.parametrize(("command", "state"), [("stop", "finished"), ("reset", "paused"), ("resume", "finished")])
def test_a_second_thought_while_the_run_is_being_paused_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: Any, state: str
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(
        store.record_writer,
        "publish",
        after(3, lambda: store.commands.send(run_id, "ann", "pause"), store.record_writer.publish),
    )
    real = training.Trainer.save

    def slow_save(*args: Any) -> None:
        real(*args)
        if store.runs.get(run_id).command == "pause":
            store.commands.send(run_id, "ann", command)

    monkeypatch.setattr(training.Trainer, "save", slow_save)
    execute(store, run_id)
    run = store.runs.get(run_id)
    assert run.state == state
    assert run.outcome == {"stop": "stopped", "reset": None, "resume": "completed"}[command]


def test_a_stop_in_the_very_moment_of_a_pause_stops(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(
        store.record_writer,
        "publish",
        after(3, lambda: store.commands.send(run_id, "ann", "pause"), store.record_writer.publish),
    )
    monkeypatch.setattr(
        store.record_writer,
        "pause",
        after(1, lambda: store.commands.send(run_id, "ann", "stop"), store.record_writer.pause),
    )
    execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.outcome) == ("finished", "stopped")


def test_a_store_that_is_locked_for_a_moment_is_asked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)

    def locked() -> None:
        raise TransientStoreError("locked")

    monkeypatch.setattr(store.queue, "claim", after(1, locked, store.queue.claim))
    for name in ("rewind", "publish", "finish"):
        monkeypatch.setattr(store.record_writer, name, after(1, locked, getattr(store.record_writer, name)))
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"


@pytest.mark.parametrize("saved", [True, False])
def test_a_failed_run_is_continued_from_its_last_checkpoint_or_the_start(
    store: Store, monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    expected = undisturbed(store)
    run_id = store.runs.create("ann", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(run_job._Stack, "_save_is_due", lambda self: saved and self.jobs[0].trainer.step < 300)
        patch.setattr(store.record_writer, "publish", after(8, die, store.record_writer.publish))
        with pytest.raises(Crash):
            execute(store, run_id)
    reached, checkpoint = store.runs.get(run_id).progress.step, store.runs.get(run_id).checkpoint_step
    assert (checkpoint is not None) == saved
    store.record_writer.finish(run_id, "failed", {}, message("It broke."))
    store.commands.send(run_id, "ann", "resume")
    execute(store, run_id)
    run, curves = store.runs.get(run_id), store.record_reader.curves(run_id)
    assert (run.outcome, run.error) == ("completed", None)
    assert rows(curves) == expected
    if reached > (checkpoint or 0):
        assert [(event.kind, event.step) for event in curves.events] == [("recovered", checkpoint or 0)]


def test_a_full_disk_costs_checkpoints_not_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training.Trainer, "save", full)
    monkeypatch.setattr(run_execution, "SAVE_SECONDS", 0.0)  # it is waited for, but not for ever
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert store.runs.get(run_id).checkpoint_step is None


def test_what_fails_after_the_end_leaves_the_outcome(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)

    def fail(self: Any, config: RunConfig, seconds: float) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(run_execution.Speed, "learned", fail)
    monkeypatch.setattr(run_execution, "ALONE", 0.0)
    monkeypatch.setattr(run_execution, "LEARNED_FROM_SECONDS", 0.0)
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"


@pytest.mark.parametrize(("sharpness", "widest", "learns"), [(False, 1, True), (True, 1, False), (False, 3, False)])
def test_the_speed_is_learned_from_runs_that_trained_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch, sharpness: bool, widest: int, learns: bool
) -> None:
    run_id = store.runs.create("ann", CONFIG.replace(sharpness=sharpness))
    monkeypatch.setattr(run_execution, "LEARNED_FROM_SECONDS", 0.0)
    monkeypatch.setattr(run_execution, "ALONE", 0.0)
    true = run_execution.Job.finish

    def finish(self: run_execution.Job) -> None:
        self.trainer.state.widest_stack = widest
        true(self)

    monkeypatch.setattr(run_execution.Job, "finish", finish)
    execute(store, run_id)
    assert (store.facts.get("speed") is not None) == learns


@pytest.mark.parametrize("sharing", ["another run", "another program"])
def test_nothing_is_learned_of_the_speed_beside_others(
    store: Store, monkeypatch: pytest.MonkeyPatch, sharing: str
) -> None:
    run_id, other = store.runs.create("ann", CONFIG), store.runs.create("bob", CONFIG)
    monkeypatch.setattr(run_execution, "LEARNED_FROM_SECONDS", 0.0)
    monkeypatch.setattr(run_execution, "ALONE", 0.0 if sharing == "another run" else 1e9)
    if sharing == "another run":
        store.queue.claim(other, "elsewhere", 1)
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert store.facts.get("speed") is None


def test_a_deleted_run_leaves_no_checkpoint(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(
        store.record_writer, "publish", after(4, lambda: store.runs.delete(run_id, "ann"), store.record_writer.publish)
    )
    execute(store, run_id)
    assert list(checkpoint_file(run_id).parent.iterdir()) == []


def test_weights_are_kept_at_the_end(store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    execute(store, run_id)
    names = {file.name for file in checkpoint_file(run_id).parent.iterdir()}
    assert names == {f"{run_id}.safetensors", f"{run_id}.trail"}
    assert snapshot_steps(run_id) == list(snapshots.planned_steps(CONFIG))
    dataset = data.load_dataset("mnist")
    assert training.Trainer.load(checkpoint_file(run_id), CONFIG, dataset).step == CONFIG.total_steps


def test_the_best_of_a_finished_run_is_the_best_on_all_images(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the weights that are kept are those of which the figures are."""
    monkeypatch.setattr(schedule, "evaluated_images", lambda _config: 20)
    run_id = store.runs.create("ann", CONFIG)
    execute(store, run_id)
    result = store.runs.get(run_id).result
    best = training.Trainer.load(checkpoint_file(run_id), CONFIG, data.load_dataset("mnist")).state.best
    assert (best["step"], best["accuracy"]) == (result["best_step"], result["best_validation_accuracy"])
    assert result["best_validation_accuracy"] >= result["validation_accuracy"]


def test_of_images_that_are_not_here_a_run_says_where_they_are_to_be_had(store: Store) -> None:
    """In the words of the page, not in those of the command line."""
    run_id = store.runs.create("ann", CONFIG.replace(dataset="fashion-mnist"))
    with pytest.raises(DataMissingError, match=r"Fashion-MNIST is not on this server\. Download it on the “Data” page"):
        execute(store, run_id)


def test_a_finished_run_keeps_its_verdict(store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    execute(store, run_id)
    run, curves = store.runs.get(run_id), store.record_reader.curves(run_id)
    assert run.result["verdict"] == judge(run.config, curves, run.outcome)[0]
    assert run.result["verdict"] not in ("diverged", "collapsed")
