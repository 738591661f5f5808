"""Checkpoints that cannot be written, put in their place or read just now, in the midst of a run: nothing is lost."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_core import settings, training
from mnist_core.errors import CheckpointError
from mnist_core.jobs import run_execution, run_job
from mnist_core.networks.checkpoint_layout import checkpoint_file, snapshot_steps
from mnist_core.store import Store
from tests.jobs.short_run import CONFIG, DeathError, dataset, execute, rows


@pytest.fixture
def store(quick_store: Store) -> Store:
    """The store of these tests."""
    return quick_store


def full_disk(monkeypatch: pytest.MonkeyPatch, times: float, after: int = 0) -> list[int]:
    """No checkpoint can be written, so many times after the first ones. Returns the steps at which that was so."""
    real, refused, calls = training.Trainer.save, [], 0

    def save(trainer: Any, path: Path) -> None:
        nonlocal calls
        calls += 1
        if after < calls <= after + times:
            refused.append(trainer.step)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(trainer, path)

    monkeypatch.setattr(training.Trainer, "save", save)
    return refused


def asked_during(store: Store, monkeypatch: pytest.MonkeyPatch, ask: Callable[[], Any], report: int = 3) -> None:
    """`ask` is done before the worker's third report."""
    real, calls = store.record_writer.publish, 0

    def publish(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == report:
            ask()
        return real(*args)

    monkeypatch.setattr(store.record_writer, "publish", publish)


@pytest.mark.parametrize(("command", "state"), [("pause", "paused"), ("step", "paused"), ("stop", "finished")])
def test_what_is_to_rest_or_end_waits_until_its_checkpoint_is_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: Any, state: str
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    refused = full_disk(monkeypatch, 5)
    asked_during(store, monkeypatch, lambda: store.commands.send(run_id, "ann", command))
    execute(store, run_id)
    run = store.runs.get(run_id)
    assert refused == [refused[0]] * 5
    assert (run.state, run.command) == (state, None)
    assert run.checkpoint_step == run.progress.step == refused[0] > 0
    assert training.Trainer.load(checkpoint_file(run_id), CONFIG, dataset()).step == refused[0]


def test_the_weights_of_a_run_that_is_over_wait_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)
    refused = full_disk(monkeypatch, 5)
    execute(store, run_id)
    assert refused == [CONFIG.total_steps] * 5
    assert store.runs.get(run_id).checkpoint_step == CONFIG.total_steps


def test_a_second_thought_while_the_disk_is_full_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed_curve: str
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    refused = full_disk(monkeypatch, 5)
    asked_during(store, monkeypatch, lambda: store.commands.send(run_id, "ann", "stop"))
    real = store.commands.pending

    def requests(*args: Any) -> Any:
        if len(refused) == 3:
            store.commands.send(run_id, "ann", "resume")
        return real(*args)

    monkeypatch.setattr(store.commands, "pending", requests)
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert rows(store.record_reader.curves(run_id)) == undisturbed_curve  # no window was closed early


def test_a_run_that_could_not_be_saved_when_it_was_paused_makes_the_steps_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed_curve: str
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(run_execution, "SAVE_SECONDS", 0.05)
        full_disk(patch, float("inf"))
        asked_during(store, patch, lambda: store.commands.send(run_id, "ann", "pause"))
        execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.checkpoint_step) == ("paused", None)
    assert run.progress.step > 0
    store.commands.send(run_id, "ann", "resume")
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert rows(store.record_reader.curves(run_id)) == undisturbed_curve


def test_a_rate_that_was_changed_when_no_checkpoint_could_be_written_stays_in_use(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.runs.create("ann", CONFIG)

    def die() -> None:
        if store.runs.get(run_id).learning_rate:
            raise DeathError

    with monkeypatch.context() as patch:
        full_disk(patch, float("inf"))
        asked_during(store, patch, lambda: store.commands.set_learning_rate(run_id, "ann", 0.03))
        patch.setattr(run_job._Stack, "_go_on", _then(die, run_job._Stack._go_on))
        with pytest.raises(DeathError):
            execute(store, run_id)
    store.queue.requeue(run_id)
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    curves = store.record_reader.curves(run_id)
    assert [(event.kind, event.value) for event in curves.events][-1] == ("learning_rate", 0.03)
    assert curves.steps["learning_rate"][-1] == pytest.approx(0.03)


def _then(act: Callable[[], None], method: Callable[[Any], None]) -> Callable[[Any], None]:
    def wrapped(self: Any) -> None:
        act()
        method(self)

    return wrapped


def test_a_checkpoint_that_cannot_be_put_in_its_place_is_not_written_over(
    store: Store, monkeypatch: Any, undisturbed_curve: str
) -> None:
    monkeypatch.setattr(run_job._Stack, "_save_is_due", lambda self: True)
    run_id = store.runs.create("ann", CONFIG)
    replace, place, moved = Path.replace, checkpoint_file(run_id), 0

    def stuck(self: Path, target: Path) -> Path:
        nonlocal moved
        if target == place:
            moved += 1
            if moved == 6:
                raise DeathError
            if moved > 1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stuck)
        with pytest.raises(DeathError):
            execute(store, run_id)
    counts = store.runs.get(run_id).checkpoint_step or 0
    assert 0 < counts < store.runs.get(run_id).progress.step
    store.queue.requeue(run_id)
    execute(store, run_id)
    (recovered,) = store.record_reader.curves(run_id).events
    assert recovered.step == counts  # nothing before it was made again
    assert rows(store.record_reader.curves(run_id)) == undisturbed_curve


def test_a_checkpoint_that_cannot_be_read_just_now_is_no_reason_to_start_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    with monkeypatch.context() as patch:
        asked_during(store, patch, lambda: store.commands.send(run_id, "ann", "pause"))
        execute(store, run_id)
    step = store.runs.get(run_id).progress.step
    store.commands.send(run_id, "ann", "resume")

    def away(file: Path, *_args: Any, **_options: Any) -> None:
        raise CheckpointError("damaged") from OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    with monkeypatch.context() as patch:
        patch.setattr(training.Trainer, "load", away)
        with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
            execute(store, run_id)
    store.queue.requeue(run_id)
    folder = settings.checkpoint_folder()
    hidden = folder.rename(folder.with_name("elsewhere"))  # the share is not mounted
    with pytest.raises(OSError, match=os.strerror(errno.ENODEV)):
        execute(store, run_id)
    store.queue.requeue(run_id)
    hidden.rename(folder)
    assert store.record_reader.curves(run_id).steps["step"][-1] <= step  # all records are there yet
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert store.record_reader.curves(run_id).events == ()


def test_no_snapshots_are_written_where_the_disk_is_nearly_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)
    monkeypatch.setenv("MNIST_LAB_FREE_MB", str(2**40))
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert snapshot_steps(run_id) == []
    assert checkpoint_file(run_id).exists()  # its last and best weights are kept
