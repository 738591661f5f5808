"""The end of a run: its best network is measured on all images, whatever comes between its last update and that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from mnist_core import data, schedule, training
from mnist_core.jobs import run_execution
from mnist_core.networks.checkpoint_layout import checkpoint_file
from mnist_core.store import Store
from tests.jobs.crashes import CONFIG, Crash, die, execute
from tests.jobs.short_run import rows

STOPPING = CONFIG.replace(train_size=300, batch_size=30, epochs=300, learning_rate=0.1, early_stopping=2)
KEPT = ("best_step", "best_validation_accuracy", "test_accuracy_at_best", "validation_accuracy", "test_accuracy")


@pytest.fixture
def store(eager_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The store; curves are measured on few images, so that the end has something to measure."""
    monkeypatch.setattr(schedule, "evaluated_images", lambda _config: 20)
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    return eager_store


def during(monkeypatch: pytest.MonkeyPatch, act: Callable[[], Any], *, scored: int) -> None:
    """Have `act` happen once, when a run that is over is measured for the `scored`-th time (its best network: 2 parts of 2 networks,
    then the training images)."""
    real, count = training.Trainer._score, 0

    def score(self: training.Trainer, *arguments: Any) -> Any:
        nonlocal count
        count += 1
        if count == scored:
            act()
        return real(self, *arguments)

    monkeypatch.setattr(training.Trainer, "_score", score)


def undisturbed(store: Store, seed: int) -> tuple[dict[str, Any], str]:
    run_id = store.runs.create("ann", STOPPING.replace(seed=seed))
    return ended(store, run_id)


def ended(store: Store, run_id: str) -> tuple[dict[str, Any], str]:
    """Figures and curve of the run, trained to its end."""
    execute(store, run_id)
    result = store.runs.get(run_id).result
    return {name: result[name] for name in KEPT}, rows(store.record_reader.curves(run_id))


@pytest.mark.parametrize("seed", [1, 12, 13, 17])
def test_who_comes_from_a_checkpoint_of_the_end_is_not_measured_as_if_it_went_on(
    store: Store, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The best was compared with one evaluation more, of few images, and lost its weights."""
    expected = undisturbed(store, seed)
    run_id = store.runs.create("ann", STOPPING.replace(seed=seed))
    with monkeypatch.context() as patch:
        patch.setattr(store.record_writer, "finish", lambda *_args, **_more: die())
        with pytest.raises(Crash):
            execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.checkpoint_step) == ("running", run.progress.step)
    assert ended(store, run_id) == expected
    kept = training.Trainer.load(checkpoint_file(run_id), STOPPING.replace(seed=seed), data.load_dataset("mnist"))
    assert kept.state.best["accuracy"] == expected[0]["best_validation_accuracy"]


@pytest.mark.parametrize("scored", [1, 3, 5])
@pytest.mark.parametrize("command", ["pause", "stop"])
def test_no_final_figure_is_above_the_best_whatever_is_asked_at_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: Any, scored: int
) -> None:
    for seed in range(3):
        config = CONFIG.replace(seed=seed, label_noise=0.3, learning_rate=0.3)
        run_id = store.runs.create("ann", config)
        with monkeypatch.context() as patch:
            during(patch, lambda run_id=run_id: store.commands.send(run_id, "ann", command), scored=scored)
            execute(store, run_id)
        run = store.runs.get(run_id)
        assert run.outcome == "completed"
        assert run.result["validation_accuracy"] <= run.result["best_validation_accuracy"]
        if scored == 5:  # the training images alone were left
            kept = training.Trainer.load(checkpoint_file(run_id), config, data.load_dataset("mnist"))
            assert run.result["test_accuracy"] == kept.result_on_all_images()["test_accuracy"]


def test_while_its_best_network_is_measured_a_run_makes_room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = undisturbed(store, 0)
    run_id = store.runs.create("ann", STOPPING.replace(seed=0))
    with monkeypatch.context() as patch:
        during(patch, lambda: store.queue.end_slices([run_id]), scored=2)
        execute(store, run_id)
    run = store.runs.get(run_id)
    assert (run.state, run.checkpoint_step) == ("queued", run.progress.step)
    assert ended(store, run_id) == expected


def test_a_run_that_can_have_no_checkpoint_at_its_end_ends_all_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.runs.create("ann", CONFIG)

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    during(monkeypatch, lambda: store.queue.end_slices([run_id]), scored=2)
    monkeypatch.setattr(training.Trainer, "save", full)
    monkeypatch.setattr(run_execution, "SAVE_SECONDS", 0.0)
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
