"""The store: the life of a run, records in chunks, fairness, owners."""

from __future__ import annotations

import json
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.diagnostics import explain
from mnist_core.errors import RunNotFoundError, RunUnreadableError
from mnist_core.messages import Message, message
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Event, Progress, RateChange, Report, Requests
from mnist_core.store import Command, Store
from mnist_core.store.tables import runs

CONFIG = RunConfig()
COMMANDS = get_args(Command)


def steps(first: int, last: int, loss: float = 1.0) -> Curves:
    array = np.zeros(last - first + 1, STEP_DTYPE)
    array["step"] = np.arange(first, last + 1)
    array["loss"] = loss
    return Curves(array)


def running(store: Store, owner: str = "ann") -> str:
    run_id = store.runs.create(owner, CONFIG)
    assert store.queue.claim(run_id, "worker", 2) is not None
    return run_id


def test_a_run_from_queue_to_end(store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG, preset="lenet", variant="x", group="g")
    run = store.runs.get(run_id)
    assert (run.state, run.queue_place, run.config, run.preset, run.group) == ("queued", 0, CONFIG, "lenet", "g")
    claimed = store.queue.claim(run_id, "worker", 2)
    assert claimed is not None
    assert (claimed.state, claimed.threads, claimed.attempts) == ("running", 2, 1)
    assert store.queue.claim(run_id, "another", 2) is None
    store.record_writer.publish([Report(run_id, Progress(10, 100, 0.1, 0.5, 2_000.0), steps(1, 10))])
    store.record_writer.finish(run_id, "completed", {"test_accuracy": 0.98, "best_step": None})
    run = store.runs.get(run_id)
    assert (run.state, run.outcome, run.result["test_accuracy"]) == ("finished", "completed", 0.98)
    assert run.progress == Progress(10, 100, 0.1, 0.5, 2_000.0)


def test_every_change_raises_the_version(store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    seen = [store.runs.version(run_id)]
    store.queue.claim(run_id, "w", 1)
    seen.append(store.runs.version(run_id))
    store.record_writer.publish([Report(run_id, Progress(), steps(1, 2))])
    seen.append(store.runs.version(run_id))
    store.commands.send(run_id, "ann", "pause")
    seen.append(store.runs.version(run_id))
    assert seen == sorted(set(seen))
    assert store.runs.version("no such run") is None


def test_new_records_only(store: Store) -> None:
    run_id = running(store)
    store.record_writer.publish([Report(run_id, Progress(), steps(1, 5))])
    evaluation = np.zeros(1, EVALUATION_DTYPE)
    evaluation["train_loss"] = np.nan
    store.record_writer.publish(
        [Report(run_id, Progress(), Curves(steps(6, 9).steps, evaluation, (Event(7, "learning_rate", 0.1),)))]
    )
    new = store.record_reader.curves(run_id, after_step=5)
    assert new.steps["step"].tolist() == [6, 7, 8, 9]
    assert np.isnan(new.evaluations["train_loss"][0])
    assert new.events == (Event(7, "learning_rate", 0.1),)
    assert len(store.record_reader.curves(run_id).steps) == 9
    assert len(store.record_reader.curves(run_id, after_step=9, after_evaluation=0).steps) == 0


def test_a_report_that_is_told_twice_counts_once(store: Store) -> None:
    run_id = running(store)
    events = (Event(7, "learning_rate", 0.1), Event(9, "recovered"))
    report = Report(run_id, Progress(9, 100), Curves(steps(1, 9).steps, events=events), checkpoint=True)
    store.record_writer.publish([report])
    store.record_writer.publish([report])  # its worker's connection broke before it heard that the first was done
    curves = store.record_reader.curves(run_id)
    assert curves.steps["step"].tolist() == list(range(1, 10))
    assert curves.events == events


def test_rewind_drops_what_came_after_the_checkpoint(store: Store) -> None:
    run_id = running(store)
    store.record_writer.publish([Report(run_id, Progress(5, 100), steps(1, 5), checkpoint=True)])
    store.record_writer.publish(
        [Report(run_id, Progress(9, 100), Curves(steps(6, 9).steps, events=(Event(8, "learning_rate", 0.1),)))]
    )
    assert store.runs.get(run_id).checkpoint_step == 5
    store.record_writer.rewind(run_id, 5)
    curves = store.record_reader.curves(run_id)
    assert curves.steps["step"].tolist() == [1, 2, 3, 4, 5]
    assert curves.events == ()
    assert store.runs.get(run_id).progress.step == 5


@pytest.mark.parametrize(
    ("command", "state", "outcome"),
    [("pause", "paused", None), ("stop", "finished", "stopped"), ("reset", "paused", None), ("resume", "queued", None)],
)
def test_requests_to_a_queued_run_need_no_worker(store: Store, command, state: str, outcome: str | None) -> None:
    run_id = store.runs.create("ann", CONFIG)
    store.commands.send(run_id, "ann", command)
    run = store.runs.get(run_id)
    assert (run.state, run.outcome) == (state, outcome)


def test_requests_to_a_running_run_wait_for_its_worker(store: Store) -> None:
    run_id = running(store)
    assert store.commands.pending([run_id])[run_id] == Requests()
    store.commands.send(run_id, "ann", "pause")
    assert store.commands.pending([run_id])[run_id] == Requests("pause")
    store.commands.send(run_id, "ann", "resume")  # changed one's mind
    assert store.commands.pending([run_id])[run_id] == Requests()
    store.commands.set_learning_rate(run_id, "ann", 0.7)
    assert store.commands.pending([run_id])[run_id] == Requests(None, 0.7)
    store.record_writer.publish(
        [Report(run_id, Progress(), Curves(events=(Event(0, "learning_rate", 0.7),)), applied_rate=0.7)]
    )
    assert store.commands.pending([run_id])[run_id] == Requests()
    assert store.runs.get(run_id).base_rate == 0.7


def test_every_way_to_a_run_tells_how_its_rate_was_changed(store: Store) -> None:
    store.runs.create("ann", CONFIG, group="g", run_id="r", prediction="learns")
    store.queue.claim("r", "worker", 1)
    changes = (Event(3, "learning_rate", 0.7), Event(8, "learning_rate", 0.2))
    store.record_writer.publish(
        [Report("r", Progress(8, 100), Curves(steps(1, 8).steps, events=changes), checkpoint=True)]
    )

    def told() -> list[tuple[RateChange, ...]]:
        return [run.rate_changes for run in (store.runs.get("r"), *store.runs.newest("ann"), *store.runs.of_group("g"))]

    assert told() == [((3, 0.7), (8, 0.2))] * 3
    store.record_writer.finish("r", "stopped", {})
    assert told() == [((3, 0.7),)] * 3  # it ended before an update with the last
    assert [run.rate_changes for run in store.runs.predicted("ann")] == [((3, 0.7),)]


def test_a_run_from_elsewhere_tells_how_its_rate_was_changed(store: Store) -> None:
    happened = Curves(steps(1, 9).steps, events=(Event(4, "learning_rate", 0.7), Event(9, "not_finite", 2.0)))
    run_id = store.runs.add_finished("ann", CONFIG, happened, "diverged", {}, Progress(9, 100))
    assert store.runs.get(run_id).base_rate == 0.7
    advice = explain(store.runs.get(run_id), store.record_reader.curves(run_id)).advice  # type: ignore[union-attr]
    assert "0.07" in str(advice)  # a tenth of the rate that broke it


def test_a_rate_asked_for_meanwhile_is_not_lost(store: Store) -> None:
    run_id = running(store)
    store.commands.set_learning_rate(run_id, "ann", 0.7)
    store.commands.set_learning_rate(run_id, "ann", 0.3)
    store.record_writer.publish([Report(run_id, Progress(), Curves(), applied_rate=0.7)])
    assert store.commands.pending([run_id])[run_id] == Requests(None, 0.3)


def test_one_step_of_a_paused_run_waits_for_its_turn(store: Store) -> None:
    paused = running(store)
    store.record_writer.pause(paused, {})
    first = store.runs.create("bob", CONFIG)
    store.commands.send(paused, "ann", "step")
    assert [run.id for run in store.queue.next(5)] == [first, paused]
    assert store.runs.get(paused).command == "step"
    assert store.runs.get(paused).queue_place == 1


def test_a_run_that_goes_on_has_no_figures_of_its_pause(store: Store) -> None:
    """They stood in a sentence about a later step, in the list of runs and in tables."""
    run_id = running(store)
    store.record_writer.publish([Report(run_id, Progress(5, 100), steps(1, 5), checkpoint=True)])
    store.record_writer.pause(run_id, {"test_accuracy": 0.5})
    assert store.runs.get(run_id).result == {"test_accuracy": 0.5}
    store.commands.send(run_id, "ann", "resume")
    assert store.queue.claim(run_id, "worker", 2) is not None
    assert (store.runs.get(run_id).state, store.runs.get(run_id).result) == ("running", {})


def test_reset_takes_a_paused_run_back_to_its_beginning(store: Store) -> None:
    run_id = running(store)
    store.record_writer.publish([Report(run_id, Progress(5, 100), steps(1, 5), checkpoint=True)])
    store.record_writer.pause(run_id, {"test_accuracy": 0.5})
    store.commands.send(run_id, "ann", "reset")
    run = store.runs.get(run_id)
    assert (run.state, run.progress.step, run.result) == ("paused", 0, {})
    assert store.runs.get(run_id).checkpoint_step is None
    assert len(store.record_reader.curves(run_id).steps) == 0


# What each command makes of a run in each state: its state, outcome and the command that waits for a worker.
# "queued, stop" and the like: a worker was asked, and died before it obeyed.
STAYS = "stays as it is"
AFTER = {
    "queued": {
        "pause": ("paused", None, None),
        "resume": STAYS,
        "stop": ("finished", "stopped", None),
        "step": ("queued", None, "step"),
        "reset": ("paused", None, None),
    },
    "running": {
        "pause": ("running", None, "pause"),
        "resume": STAYS,
        "stop": ("running", None, "stop"),
        "step": ("running", None, "step"),
        "reset": ("running", None, "reset"),
    },
    "paused": {
        "pause": STAYS,
        "resume": ("queued", None, None),
        "stop": ("finished", "stopped", None),
        "step": ("queued", None, "step"),
        "reset": ("paused", None, None),
    },
    "finished": dict.fromkeys(COMMANDS, STAYS),
}
PENDING = [None, "pause", "stop", "step", "reset"]


def brought_to(store: Store, state: str, pending: str | None) -> str:
    """A run in this state, with this command waiting for a worker."""
    run_id = running(store)
    if pending:
        store.commands.send(run_id, "ann", pending)
    if state == "queued":
        assert store.queue.requeue_lost() == [run_id]
    elif state == "paused":
        store.record_writer.pause(run_id, {})
    elif state == "finished":
        store.record_writer.finish(run_id, "completed", {})
    return run_id


def where(store: Store, run_id: str) -> tuple[str, str | None, str | None]:
    run = store.runs.get(run_id)
    return run.state, run.outcome, run.command


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("pending", PENDING)
@pytest.mark.parametrize("state", AFTER)
def test_every_command_in_every_state(store: Store, state: str, pending: str | None, command: Command) -> None:
    run_id = brought_to(store, state, pending)
    before = where(store, run_id)
    store.commands.send(run_id, "ann", command)
    expected = AFTER[state][command]
    # To resume takes back what was asked of a worker; a run that waits for nobody has nothing to take back.
    if command == "resume" and state in ("queued", "running"):
        expected = (state, None, None)
    assert where(store, run_id) == (before if expected == STAYS else expected)


def test_a_stop_that_nobody_carried_out_waits_for_the_next_worker(store: Store) -> None:
    run_id = brought_to(store, "queued", "stop")
    assert store.queue.claim(run_id, "another", 1) is not None
    assert store.commands.pending([run_id])[run_id] == Requests("stop")


def test_a_rate_asked_for_is_forgotten_when_the_run_ends(store: Store) -> None:
    run_id = running(store)
    store.record_writer.pause(run_id, {})
    store.commands.set_learning_rate(run_id, "ann", 0.7)
    store.commands.send(run_id, "ann", "stop")
    with store.database.begin(write=False) as connection:
        assert connection.execute(sa.select(runs.c.rate_request)).scalar() is None


def test_a_failed_run_can_be_continued_and_nothing_else(store: Store) -> None:
    run_id = running(store)
    store.record_writer.publish([Report(run_id, Progress(9, 100), steps(1, 9), checkpoint=True)])
    store.record_writer.finish(run_id, "failed", {}, message("It {what}.", what="broke"))
    for command in ("pause", "stop", "step", "reset"):
        store.commands.send(run_id, "ann", command)
    run = store.runs.get(run_id)
    assert (run.state, run.outcome, str(run.error)) == ("finished", "failed", "It broke.")
    with pytest.raises(RunNotFoundError, match="belongs to someone else"):
        store.commands.send(run_id, "bob", "resume")
    waiting = store.runs.create("bob", CONFIG)
    store.commands.send(run_id, "ann", "resume")
    run = store.runs.get(run_id)
    assert (run.state, run.outcome, run.error, run.finished_at) == ("queued", None, None, None)
    assert (run.checkpoint_step, len(store.record_reader.curves(run_id).steps)) == (9, 9)
    assert [run.id for run in store.queue.next(5)] == [waiting, run_id]
    assert not store.retention.forget_weights(run_id)  # it needs them


def test_runs_are_their_owners(store: Store) -> None:
    run_id = running(store, "ann")
    for ask in (
        lambda: store.commands.send(run_id, "bob", "stop"),
        lambda: store.commands.set_learning_rate(run_id, "bob", 1.0),
        lambda: store.runs.delete(run_id, "bob"),
    ):
        with pytest.raises(RunNotFoundError, match="belongs to someone else"):
            ask()
    assert store.commands.pending([run_id])[run_id] == Requests()
    assert [run.id for run in store.runs.newest("ann")] == [run_id]
    assert store.runs.newest("bob") == []


def test_the_queue_is_fair(store: Store) -> None:
    ann = [store.runs.create("ann", CONFIG) for _ in range(3)]
    bob = [store.runs.create("bob", CONFIG) for _ in range(2)]
    cat = store.runs.create("cat", CONFIG)
    assert [run.id for run in store.queue.next(10)] == [ann[0], bob[0], cat, ann[1], bob[1], ann[2]]
    store.queue.claim(ann[0], "w", 1)  # now Ann has one running: her next waits for the others' first
    assert [run.id for run in store.queue.next(10)] == [bob[0], cat, ann[1], bob[1], ann[2]]


def test_a_deleted_run_is_gone_and_its_worker_hears_it(store: Store) -> None:
    run_id = running(store)
    store.record_writer.publish([Report(run_id, Progress(), steps(1, 3))])
    store.runs.delete(run_id, "ann")
    assert store.commands.pending([run_id]) == {}
    store.record_writer.publish([Report(run_id, Progress(), steps(4, 5))])  # the worker's last words change nothing
    assert len(store.record_reader.curves(run_id).steps) == 0
    with pytest.raises(RunNotFoundError):
        store.runs.get(run_id)


def test_lost_runs_go_back_in_front(store: Store) -> None:
    lost, waiting = running(store), store.runs.create("bob", CONFIG)
    assert store.queue.requeue_lost() == [lost]
    assert [run.id for run in store.queue.next(5)] == [lost, waiting]
    again = store.queue.claim(lost, "w", 1)
    assert again is not None
    assert again.threads == 2  # as it was begun


def from_another_version(store: Store, run_id: str) -> None:
    """The run's settings have a field that this program does not know."""
    with store.database.begin() as connection:
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(config='{"quantum_layers": 3}'))


def test_settings_that_cannot_be_read_leave_the_others_alone(store: Store) -> None:
    bad, good = (store.runs.create("ann", CONFIG, group="together") for _ in range(2))
    from_another_version(store, bad)
    assert [run.id for run in store.runs.newest("ann")] == [good]
    assert [run.id for run in store.runs.of_group("together")] == [good]
    (unreadable,) = store.runs.unreadable("ann")
    assert unreadable.id == bad
    assert str(unreadable.problem) == (
        f"This version of the program cannot read the settings of run {bad}: There is no setting 'quantum_layers'."
    )
    with pytest.raises(RunUnreadableError, match="quantum_layers"):
        store.runs.get(bad)
    store.runs.delete(bad, "ann")
    assert store.runs.unreadable("ann") == []


def test_a_waiting_run_that_cannot_be_read_fails_when_its_turn_comes(store: Store) -> None:
    bad, good = (store.runs.create("ann", CONFIG) for _ in range(2))
    from_another_version(store, bad)
    with pytest.raises(RunUnreadableError):
        store.queue.claim(bad, "w", 1)
    assert store.runs.state(bad) == "queued"
    assert [run.id for run in store.queue.next(5)] == [good]
    assert store.runs.state(bad) == "finished"
    with store.database.begin(write=False) as connection:
        error = connection.execute(sa.select(runs.c.error).where(runs.c.id == bad)).scalar_one()
    assert "This version of the program cannot read the settings of run" in str(Message.from_dict(json.loads(error)))


@pytest.mark.parametrize(
    "typed", ["", " ", "x" * 100_000, "run'; DROP TABLE runs; --", "%", "_" * 10, "🙂", "a\0b", "\ud83d", "\n", "null"]
)
def test_whatever_is_typed_for_an_id_is_a_run_that_is_not_here(store: Store, typed: str) -> None:
    run_id = store.runs.create("ann", CONFIG)
    assert store.runs.version(typed) is None
    assert store.runs.of_group(typed) == []
    assert len(store.record_reader.curves(typed).steps) == 0
    for ask in (
        lambda: store.runs.get(typed),
        lambda: store.commands.send(typed, "ann", "stop"),
        lambda: store.runs.delete(typed, "ann"),
    ):
        with pytest.raises(RunNotFoundError) as caught:
            ask()
        assert len(str(caught.value)) < 120
        assert str(caught.value).isprintable()
    assert store.runs.newest("ann")[0].id == run_id


def test_the_same_id_twice_makes_one_run(store: Store) -> None:
    run_id = "0123456789"
    assert [store.runs.create("ann", CONFIG, run_id=run_id) for _press in range(2)] == [run_id, run_id]
    assert [run.id for run in store.runs.newest("ann")] == [run_id]


def test_facts(store: Store) -> None:
    assert store.facts.get("speed") is None
    store.facts.set("speed", {"a": 1})
    store.facts.set("speed", {"a": 2})
    assert store.facts.get("speed") == {"a": 2}


def test_a_run_stays_small(store: Store, home: Path) -> None:
    if store.url.startswith("postgresql"):
        pytest.skip("it measures SQLite's file")
    before = sum(file.stat().st_size for file in home.iterdir())
    for _run in range(10):
        run_id = running(store)
        for part in range(40):
            store.record_writer.publish([Report(run_id, Progress(), steps(1 + 25 * part, 25 + 25 * part))])
    store.close()
    after = sum(file.stat().st_size for file in home.iterdir())
    assert (after - before) / 10 < 150_000
