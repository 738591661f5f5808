"""What a worker does with one run, in this process: crashes at the worst moment, requests at the worst moment."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from mnist_core import data, settings, training, weights
from mnist_core.config import RunConfig
from mnist_core.diagnostics import judge
from mnist_core.errors import TransientStoreError
from mnist_core.jobs import one_run, run_job, turns
from mnist_core.messages import message
from mnist_core.store import Store
from mnist_core.training import trail
from mnist_core.training.step import Stop, never
from tests.jobs.disturbed import rows
from tests.training.test_stack import same_beside_others

CONFIG = RunConfig(train_size=1_000, validation_size=500, hidden_layers=(16,), batch_size=10, epochs=6)
ADVANCE = training.Stack.advance


class Crash(BaseException):
    """The worker dies here: nothing in between may catch it."""


@pytest.fixture
def store(shared_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store of this test's own, shared with the job; checkpoints as often as records."""
    monkeypatch.setattr(run_job, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(run_job, "CHECKPOINT_SHARE", 1.0)
    return shared_store


def execute(store: Store, *run_ids: str) -> None:
    """Give the runs to a worker; those of one that died wait again first, as the dispatcher sees to it."""
    for run_id in run_ids:
        store.requeue(run_id)
    run_job.execute(run_ids, store.url, 1)


def undisturbed(store: Store, config: RunConfig = CONFIG) -> str:
    run_id = store.create_run("ann", config)
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    return rows(store.curves(run_id))


def in_strides(patch: pytest.MonkeyPatch, stride: int) -> None:
    """Have runs tell of themselves after every so many steps, however fast this machine makes them."""

    def advance(stack: training.Stack, stop: Stop = never, *, seconds: float = math.inf, steps: int = stride) -> None:
        ADVANCE(stack, stop, steps=steps)

    patch.setattr(training.Stack, "advance", advance)


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A dozen times a run."""
    in_strides(monkeypatch, CONFIG.total_steps // 12)


def after(calls: int, act: Callable[[], Any], method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, which calls `act` first, once, when it is called for the `calls`-th time."""
    count = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count == calls:
            act()
        return method(*args, **kwargs)

    return wrapped


def die() -> None:
    raise Crash


@pytest.mark.parametrize("moment", ["before the records are kept", "after the records are kept"])
@pytest.mark.parametrize("calls", [1, 4])
def test_a_worker_that_dies_between_checkpoint_and_records_costs_nothing(
    store: Store, monkeypatch: pytest.MonkeyPatch, moment: str, calls: int
) -> None:
    expected = undisturbed(store)
    run_id = store.create_run("ann", CONFIG)
    real = store.publish

    def publish_and_die(*args: Any, **kwargs: Any) -> None:
        real(*args, **kwargs)
        die()

    with monkeypatch.context() as patch:
        method = publish_and_die if moment.startswith("after") else real
        patch.setattr(store, "publish", after(calls, die, real) if method is real else _nth(calls, real, method))
        with pytest.raises(Crash):
            execute(store, run_id)
    assert store.get(run_id).state == "running"
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    assert rows(store.curves(run_id)) == expected


def _nth(calls: int, usual: Callable[..., Any], then: Callable[..., Any]) -> Callable[..., Any]:
    count = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        return (then if count == calls else usual)(*args, **kwargs)

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
    expected = undisturbed(store, config)
    (whole,) = store.list_runs("ann")
    run_id = store.create_run("ann", config)
    store.request(run_id, "ann", "pause")
    for step in (1, 2):
        store.request(run_id, "ann", "step")
        execute(store, run_id)
        assert store.get(run_id).progress.step == step
    store.request(run_id, "ann", "resume")
    with monkeypatch.context() as patch:
        in_strides(patch, 1)
        patch.setattr(store, "publish", after(3, die, store.publish))
        with pytest.raises(Crash):
            execute(store, run_id)
    assert 2 < store.get(run_id).progress.step < 8
    execute(store, run_id)
    assert rows(store.curves(run_id)) == expected
    for name, value in weights.latest(whole.id).weights.items():
        np.testing.assert_array_equal(weights.latest(run_id).weights[name], value)


def test_a_lost_worker_is_told_as_an_event(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(run_job._Bunch, "_save_is_due", lambda self: False)
        patch.setattr(store, "publish", after(4, die, store.publish))
        with pytest.raises(Crash):
            execute(store, run_id)
    reached = store.get(run_id).progress.step
    assert reached > 0
    execute(store, run_id)
    (event,) = store.curves(run_id).events
    assert (event.kind, event.step) == ("recovered", 0)


def test_a_step_asked_of_a_running_run_is_one_step_and_a_pause(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)
    asked: list[int] = []

    def ask() -> None:
        store.request(run_id, "ann", "step")
        asked.append(store.get(run_id).progress.step)

    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(store, "publish", after(3, ask, store.publish))
    execute(store, run_id)
    run = store.get(run_id)
    assert (run.state, run.command) == ("paused", None)
    assert asked[0] < run.progress.step < CONFIG.total_steps


@pytest.mark.parametrize(("command", "state"), [("stop", "finished"), ("reset", "paused"), ("pause", "paused")])
def test_what_is_asked_during_a_single_step_is_not_lost(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: Any, state: str
) -> None:
    config = CONFIG.replace(batch_size=1_000)
    run_id = store.create_run("ann", config)
    store.request(run_id, "ann", "pause")
    store.request(run_id, "ann", "step")
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    # Heard while the step is being made: a step of a large network takes seconds.
    real = training.Stack.update

    def interrupted(self: Any, stop: Callable[[], bool]) -> bool:
        store.request(run_id, "ann", command)
        return False if stop() else real(self, stop)

    monkeypatch.setattr(training.Stack, "update", interrupted)
    execute(store, run_id)
    run = store.get(run_id)
    assert (run.state, run.progress.step, run.command) == (state, 0, None)
    assert run.outcome == ("stopped" if command == "stop" else None)


@pytest.mark.parametrize(("command", "state"), [("stop", "finished"), ("reset", "paused"), ("resume", "finished")])
def test_a_second_thought_while_the_run_is_being_paused_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: Any, state: str
) -> None:
    run_id = store.create_run("ann", CONFIG)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(store, "publish", after(3, lambda: store.request(run_id, "ann", "pause"), store.publish))
    real = training.save

    def slow_save(*args: Any) -> None:
        real(*args)
        if store.get(run_id).command == "pause":
            store.request(run_id, "ann", command)

    monkeypatch.setattr(training, "save", slow_save)
    execute(store, run_id)
    run = store.get(run_id)
    assert run.state == state
    assert run.outcome == {"stop": "stopped", "reset": None, "resume": "completed"}[command]


def test_a_stop_in_the_very_moment_of_a_pause_stops(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(store, "publish", after(3, lambda: store.request(run_id, "ann", "pause"), store.publish))
    monkeypatch.setattr(store, "pause", after(1, lambda: store.request(run_id, "ann", "stop"), store.pause))
    execute(store, run_id)
    run = store.get(run_id)
    assert (run.state, run.outcome) == ("finished", "stopped")


def test_a_store_that_is_locked_for_a_moment_is_asked_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)

    def locked() -> None:
        raise TransientStoreError("locked")

    for name in ("claim", "rewind", "publish", "finish"):
        monkeypatch.setattr(store, name, after(1, locked, getattr(store, name)))
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"


@pytest.mark.parametrize("saved", [True, False])
def test_a_failed_run_is_continued_from_its_last_checkpoint_or_the_start(
    store: Store, monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    expected = undisturbed(store)
    run_id = store.create_run("ann", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(run_job._Bunch, "_save_is_due", lambda self: saved and self.jobs[0].trainer.step < 300)
        patch.setattr(store, "publish", after(8, die, store.publish))
        with pytest.raises(Crash):
            execute(store, run_id)
    reached, checkpoint = store.get(run_id).progress.step, store.get(run_id).checkpoint_step
    assert (checkpoint is not None) == saved
    store.finish(run_id, "failed", {}, message("It broke."))
    store.request(run_id, "ann", "resume")
    execute(store, run_id)
    run, curves = store.get(run_id), store.curves(run_id)
    assert (run.outcome, run.error) == ("completed", None)
    assert rows(curves) == expected
    if reached > (checkpoint or 0):
        assert [(event.kind, event.step) for event in curves.events] == [("recovered", checkpoint or 0)]


def test_a_full_disk_costs_checkpoints_not_the_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)

    def full(*_args: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(training, "save", full)
    monkeypatch.setattr(one_run, "SAVE_SECONDS", 0.0)  # it is waited for, but not for ever
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    assert store.get(run_id).checkpoint_step is None


def test_what_fails_after_the_end_leaves_the_outcome(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)

    def fail(self: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(one_run, "estimate_seconds", fail)
    monkeypatch.setattr(one_run, "LEARNT_FROM_SECONDS", 0.0)
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"


def test_a_deleted_run_leaves_no_checkpoint(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(store, "publish", after(4, lambda: store.delete_run(run_id, "ann"), store.publish))
    execute(store, run_id)
    assert list(settings.checkpoint_file(run_id).parent.iterdir()) == []


def test_weights_are_kept_at_the_end(store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    execute(store, run_id)
    names = {file.name for file in settings.checkpoint_file(run_id).parent.iterdir()}
    assert names == {f"{run_id}.safetensors", f"{run_id}.trail"}
    assert trail.steps(run_id) == list(trail.planned(CONFIG))
    dataset = data.load_dataset("mnist")
    assert training.load(settings.checkpoint_file(run_id), CONFIG, dataset).step == CONFIG.total_steps


# ---- stacks --------------------------------------------------------------------------------------------------------

RATES = (0.02, 0.1, 0.3)


def sweep(store: Store, rates: tuple[float, ...] = RATES, **changes: Any) -> list[str]:
    configs = [CONFIG.replace(learning_rate=rate, **changes) for rate in rates]
    return [store.create_run("ann", config, group="g") for config in configs]


def losses(store: Store, run_id: str) -> list[float]:
    evaluations = store.curves(run_id).evaluations
    return [*evaluations["step"].tolist(), *evaluations["train_loss"].tolist()]


@pytest.fixture
def apart(store: Store) -> dict[float, list[float]]:
    """What each of the runs draws alone, by rate."""
    found = {}
    for rate, run_id in zip(RATES, sweep(store), strict=True):
        run_job.execute([run_id], store.url, 1)
        found[rate] = losses(store, run_id)
    return found


def test_runs_in_a_stack_draw_the_curves_that_they_draw_alone(store: Store, apart: dict[float, list[float]]) -> None:
    ids = sweep(store)
    run_job.execute(ids, store.url, 1)
    for rate, run_id in zip(RATES, ids, strict=True):
        run = store.get(run_id)
        assert run.outcome == "completed"
        assert losses(store, run_id) == pytest.approx(apart[rate], rel=1e-3)
        assert run.result["test_accuracy"] > 0.5
        assert settings.checkpoint_file(run_id).exists()


def test_a_run_that_blows_up_leaves_the_stack_and_its_records_are_its_own(store: Store) -> None:
    ids = sweep(store, (0.001, 100.0, 0.003), loss="squared-error")
    run_job.execute(ids, store.url, 1)
    runs = [store.get(run_id) for run_id in ids]
    assert [run.outcome for run in runs] == ["completed", "diverged", "completed"]
    dataset = data.load_dataset("mnist")
    for run in runs:
        # What lies on disk is this run's state, not its neighbour's.
        trainer = training.load(settings.checkpoint_file(run.id), run.config, dataset)
        assert trainer.step == run.progress.step
        assert trainer.base_rate == run.config.learning_rate
    assert runs[0].result["test_accuracy"] != runs[2].result["test_accuracy"]


@pytest.mark.parametrize(
    ("command", "state"), [("pause", "paused"), ("stop", "finished"), ("reset", "paused"), ("step", "paused")]
)
def test_a_command_to_one_run_of_a_stack_is_its_own(
    store: Store, monkeypatch: pytest.MonkeyPatch, apart: dict[float, list[float]], command: Any, state: str
) -> None:
    ids = sweep(store)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        patch.setattr(store, "publish", after(3, lambda: store.request(ids[1], "ann", command), store.publish))
        run_job.execute(ids, store.url, 1)
    run = store.get(ids[1])
    assert (run.state, run.command) == (state, None)
    assert (run.progress.step == 0) == (command == "reset")
    assert run.progress.step < CONFIG.total_steps
    if state == "paused":  # and it goes on alone
        store.request(ids[1], "ann", "resume")
        run_job.execute([ids[1]], store.url, 1)
    for rate, run_id in zip(RATES, ids, strict=True):
        if store.get(run_id).outcome != "stopped":
            assert store.get(run_id).outcome == "completed"
            assert losses(store, run_id) == pytest.approx(apart[rate], rel=1e-3)


@pytest.mark.parametrize("how", ["pause", "step", "a lost worker"])
def test_a_run_that_leaves_its_stack_draws_the_curve_that_it_draws_in_it(
    store: Store, monkeypatch: pytest.MonkeyPatch, how: Any
) -> None:
    if not same_beside_others(16, 10):
        pytest.skip("here the matrix products alone are others beside others")
    whole, ids = sweep(store), sweep(store)
    execute(store, *whole)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    with monkeypatch.context() as patch:
        if how == "a lost worker":
            patch.setattr(store, "publish", after(5, die, store.publish))
            with pytest.raises(Crash):
                execute(store, *ids)
        else:
            patch.setattr(store, "publish", after(3, lambda: store.request(ids[1], "ann", how), store.publish))
            execute(store, *ids)
            store.request(ids[1], "ann", "resume")
    left = ids if how == "a lost worker" else ids[1:2]
    for run_id in left:
        execute(store, run_id)
    for run_id, undisturbed_one in zip(ids, whole, strict=True):
        assert rows(store.curves(run_id)) == rows(store.curves(undisturbed_one))
        alone = [(event.kind, event.value) for event in store.curves(run_id).events if event.kind == "alone"]
        assert alone == ([("alone", len(ids))] if run_id in left else [])


def test_a_run_that_a_step_took_out_of_its_stack_waits_behind_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sweep(store)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    waiting: list[str] = []

    def step() -> None:
        waiting.append(store.create_run("bob", CONFIG))
        store.request(ids[1], "ann", "step")

    # It has made its step, and is to go on after all.
    monkeypatch.setattr(store, "pause", after(1, lambda: store.request(ids[1], "ann", "resume"), store.pause))
    monkeypatch.setattr(store, "publish", after(3, step, store.publish))
    run_job.execute(ids, store.url, 1)
    assert [run.id for run in store.next_queued(5)] == [*waiting, ids[1]]
    assert store.get(ids[1]).progress.step > 0


def test_a_new_rate_for_one_run_of_a_stack(
    store: Store, monkeypatch: pytest.MonkeyPatch, apart: dict[float, list[float]]
) -> None:
    ids = sweep(store)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    change = after(3, lambda: store.request_learning_rate(ids[0], "ann", 0.2), store.publish)
    monkeypatch.setattr(store, "publish", change)
    run_job.execute(ids, store.url, 1)
    assert store.get(ids[0]).base_rate == 0.2
    assert [event.kind for event in store.curves(ids[0]).events] == ["learning_rate"]
    assert store.curves(ids[0]).steps["learning_rate"][-1] == pytest.approx(0.2)
    assert losses(store, ids[0]) != pytest.approx(apart[RATES[0]], rel=1e-3)
    for rate, run_id in zip(RATES[1:], ids[1:], strict=True):
        assert store.get(run_id).outcome == "completed"
        assert losses(store, run_id) == pytest.approx(apart[rate], rel=1e-3)


def test_a_stack_whose_worker_dies_goes_on_as_a_stack(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = sweep(store)
    run_job.execute(whole, store.url, 1)
    ids = sweep(store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "publish", after(5, die, store.publish))
        with pytest.raises(Crash):
            run_job.execute(ids, store.url, 1)
    steps = {store.get(run_id).checkpoint_step for run_id in ids}
    assert len(steps) == 1
    assert 0 < (steps.pop() or 0) < CONFIG.total_steps
    stacks: list[int] = []
    real = training.Stack.advance

    def counted(self: Any, *args: Any, **kwargs: Any) -> None:
        stacks.append(len(self.trainers))
        real(self, *args, **kwargs)

    monkeypatch.setattr(training.Stack, "advance", counted)
    execute(store, *ids)
    assert stacks[0] == len(ids)
    for run_id, undisturbed_one in zip(ids, whole, strict=True):
        assert rows(store.curves(run_id)) == rows(store.curves(undisturbed_one))


def test_one_run_of_a_stack_that_has_lost_its_checkpoint_starts_again(store: Store, monkeypatch: Any) -> None:
    ids = sweep(store)
    with monkeypatch.context() as patch:
        patch.setattr(store, "publish", after(5, die, store.publish))
        with pytest.raises(Crash):
            run_job.execute(ids, store.url, 1)
    settings.checkpoint_file(ids[1]).unlink()
    execute(store, *ids)
    assert {store.get(run_id).outcome for run_id in ids} == {"completed"}


def test_a_deleted_run_of_a_stack_leaves_the_others(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = sweep(store)
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(store, "publish", after(4, lambda: store.delete_run(ids[0], "ann"), store.publish))
    run_job.execute(ids, store.url, 1)
    assert [store.get(run_id).outcome for run_id in ids[1:]] == ["completed"] * 2
    assert not list(settings.checkpoint_file(ids[0]).parent.glob(f"{ids[0]}*"))


def test_a_finished_run_keeps_its_verdict(store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    execute(store, run_id)
    run, curves = store.get(run_id), store.curves(run_id)
    assert run.result["verdict"] == judge(run.config, curves, run.outcome)[0]
    assert run.result["verdict"] not in ("diverged", "collapsed")


# ---- a worker that was given up ------------------------------------------------------------------------------------


def given_up(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker hung so long that another got the run and trained it to its end; the first goes on after this."""
    with monkeypatch.context() as patch:
        patch.setattr(turns, "OF_THIS_PROCESS", turns.Turns())  # the other is another process
        execute(store, run_id)


@pytest.mark.parametrize("moment", ["before the records are kept", "before the checkpoint is in its place"])
def test_a_worker_that_comes_back_leaves_the_run_of_the_next_one_alone(
    store: Store, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    expected = undisturbed(store)
    run_id = store.create_run("ann", CONFIG)

    def hang() -> None:
        given_up(store, run_id, monkeypatch)

    with monkeypatch.context() as patch:
        if moment.startswith("before the records"):
            patch.setattr(store, "publish", after(3, hang, store.publish))
        else:
            patch.setattr(one_run.Job, "published", after(3, hang, one_run.Job.published))
        execute(store, run_id)
    run = store.get(run_id)
    assert (run.state, run.outcome, run.attempts) == ("finished", "completed", 2)
    assert rows(store.curves(run_id)) == expected
    dataset = data.load_dataset("mnist")
    assert training.load(settings.checkpoint_file(run_id), CONFIG, dataset).step == CONFIG.total_steps
    assert trail.steps(run_id) == list(trail.planned(CONFIG))
    assert [file.name for file in settings.checkpoint_folder().glob(f"{run_id}*next*")] == []


def test_its_snapshots_and_its_end_do_not_count(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)
    real = trail.keep

    def reset_meanwhile(trainer: Any, of: str) -> None:
        real(trainer, of)
        if trainer.step and store.state(run_id) == "running":
            # It hangs; its run is reset, and waits at step 0 when it comes back.
            store.request(run_id, "ann", "reset")
            given_up(store, run_id, monkeypatch)

    monkeypatch.setattr(trail, "keep", reset_meanwhile)
    execute(store, run_id)
    run = store.get(run_id)
    assert (run.state, run.progress.step, run.checkpoint_step) == ("paused", 0, None)
    assert len(store.curves(run_id).steps) == 0


def test_a_run_of_a_stack_that_another_has_by_now_leaves_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = sweep(store)
    hang = after(3, lambda: given_up(store, ids[0], monkeypatch), store.publish)
    with monkeypatch.context() as patch:
        patch.setattr(store, "publish", hang)
        execute(store, *ids)
    assert [store.get(run_id).outcome for run_id in ids] == ["completed"] * 3
    assert [store.get(run_id).attempts for run_id in ids] == [2, 1, 1]
    recorded = store.curves(ids[0]).steps["step"].tolist()
    assert recorded == sorted(set(recorded))  # each once: two have not written them
