"""A worker that was given up and comes back, in this process: the run belongs to the next one."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core import data, settings, training
from mnist_core.jobs import run_execution
from mnist_core.networks.checkpoint_layout import checkpoint_file, snapshot_steps
from mnist_core.store import Store
from mnist_core.training import snapshots
from tests.jobs.crashes import (
    CONFIG,
    after,
    execute,
    given_up,
    sweep,
    undisturbed,
)
from tests.jobs.short_run import rows


@pytest.fixture
def store(eager_store: Store) -> Store:
    """The store of these tests."""
    return eager_store


@pytest.mark.parametrize("moment", ["before the records are kept", "before the checkpoint is in its place"])
def test_a_worker_that_comes_back_leaves_the_run_of_the_next_one_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    expected = undisturbed(store)
    run_id = store.runs.create("ann", CONFIG)

    def hang() -> None:
        given_up(store, run_id, monkeypatch)

    with monkeypatch.context() as patch:
        if moment.startswith("before the records"):
            patch.setattr(store.record_writer, "publish", after(3, hang, store.record_writer.publish))
        else:
            patch.setattr(run_execution.Job, "published", after(3, hang, run_execution.Job.published))
        execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.outcome, run.attempts) == ("finished", "completed", 2)
    assert rows(store.record_reader.curves(run_id)) == expected
    dataset = data.load_dataset("mnist")
    assert training.Trainer.load(checkpoint_file(run_id), CONFIG, dataset).step == CONFIG.total_steps
    assert snapshot_steps(run_id) == list(snapshots.planned_steps(CONFIG))
    assert [file.name for file in settings.checkpoint_folder().glob(f"{run_id}*next*")] == []


def test_its_snapshots_and_its_end_do_not_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.runs.create("ann", CONFIG)
    real = snapshots.save

    def reset_meanwhile(trainer: Any, of: str) -> None:
        real(trainer, of)
        if trainer.step and store.runs.state(run_id) == "running":
            # It hangs; its run is reset, and waits at step 0 when it comes back.
            store.commands.send(run_id, "ann", "reset")
            given_up(store, run_id, monkeypatch)

    monkeypatch.setattr(snapshots, "save", reset_meanwhile)
    execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.progress.step, run.checkpoint_step) == ("paused", 0, None)
    assert len(store.record_reader.curves(run_id).steps) == 0


def test_a_run_of_a_stack_that_another_has_by_now_leaves_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sweep(store)
    hang = after(3, lambda: given_up(store, ids[0], monkeypatch), store.record_writer.publish)
    with monkeypatch.context() as patch:
        patch.setattr(store.record_writer, "publish", hang)
        execute(store, *ids)
    assert [store.runs.get(run_id).outcome for run_id in ids] == ["completed"] * 3
    assert [store.runs.get(run_id).attempts for run_id in ids] == [2, 1, 1]
    recorded = store.record_reader.curves(ids[0]).steps["step"].tolist()
    assert recorded == sorted(set(recorded))  # each once: two have not written them
