"""A stop that deleting or the teacher has asked for: nothing that the student asks before a worker heard it takes it back."""

from __future__ import annotations

from typing import get_args

import pytest
import sqlalchemy as sa

from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Command, Store
from mnist_core.store.tables import runs
from tests.store.class_of_two import ANN, CONFIG, Opened, everything, ids

OTHERS = [command for command in get_args(Command) if command != "stop"]


def training(store: Store) -> str:
    """A run of Ann's that trains and has a checkpoint."""
    run_id = store.runs.create(ANN, CONFIG)
    run = store.queue.claim(run_id, "w", 1)
    assert run is not None
    store.record_writer.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True, token=run.token)])
    return run_id


def where(store: Store, run_id: str) -> tuple[str, str | None, str | None]:
    run = store.runs.get(run_id)
    return run.state, run.outcome, run.command


def by_hand(store: Store, run_id: str, **change: object) -> None:
    """As an earlier version left it."""
    with store.database.begin() as connection:
        connection.execute(sa.update(runs).where(runs.c.id == run_id).values(**change))


@pytest.mark.parametrize("command", OTHERS)
@pytest.mark.parametrize("lost", [False, True], ids=["heard", "worker lost"])
def test_the_teachers_stop_stands(store: Store, opened: Opened, command: Command, lost: bool) -> None:
    run_id = training(store)
    assert store.class_commands.stop(*ids(opened)) == 1
    if lost:
        store.queue.requeue_lost()
    before = everything(store)
    store.commands.send(run_id, ANN, command)
    assert everything(store) == before
    assert where(store, run_id) == ("queued" if lost else "running", None, "stop")


@pytest.mark.parametrize("command", OTHERS)
@pytest.mark.parametrize("state", ["running", "queued", "failed"])
def test_a_soft_deleted_run_takes_no_command(store: Store, state: str, command: Command) -> None:
    run_id = training(store)
    if state == "failed":
        store.record_writer.finish(run_id, "failed", {})
    store.retention.soft_delete([run_id], ANN)
    if state == "queued":
        store.queue.requeue_lost()
    before = everything(store)
    store.commands.send(run_id, ANN, command)
    store.commands.set_learning_rate(run_id, ANN, 0.7)
    assert everything(store) == before
    assert where(store, run_id) == ("finished", "failed", None) if state == "failed" else (state, None, "stop")


def test_ones_own_stop_is_taken_back(store: Store, opened: Opened) -> None:
    run_id = training(store)
    store.commands.send(run_id, ANN, "stop")
    store.commands.send(run_id, ANN, "resume")
    assert where(store, run_id) == ("running", None, None)
    store.retention.soft_delete([run_id], ANN)
    store.retention.restore([run_id], ANN)
    store.commands.send(run_id, ANN, "pause")
    assert where(store, run_id) == ("running", None, "pause")


def test_what_failed_before_it_could_be_stopped_may_go_on_and_was_stopped_by_nobody(
    store: Store, opened: Opened
) -> None:
    run_id = training(store)
    store.class_commands.stop(*ids(opened))
    store.record_writer.finish(run_id, "failed", {})
    store.commands.send(run_id, ANN, "resume")
    assert where(store, run_id) == ("queued", None, None)
    assert not store.runs.get(run_id).stopped_by_teacher


@pytest.mark.parametrize("who", ["teacher", "deleted", "student"])
def test_a_stop_in_the_very_moment_of_a_reset_stops(store: Store, opened: Opened, who: str) -> None:
    run_id = training(store)
    store.commands.send(run_id, ANN, "reset")
    token = store.runs.get(run_id).token
    if who == "teacher":
        store.class_commands.stop(*ids(opened))
    elif who == "deleted":
        store.retention.soft_delete([run_id], ANN)
    else:
        store.commands.send(run_id, ANN, "stop")
    assert store.record_writer.reset(run_id, token)
    assert where(store, run_id) == ("finished", "stopped", None)
    assert store.runs.get(run_id).progress.step == 0
    assert not store.record_writer.reset(run_id, token)  # it is no worker's any more
    assert store.retention.expired(0) == ([(run_id, ANN)] if who == "deleted" else [])


@pytest.mark.parametrize(("state", "ended"), [("queued", "finished"), ("paused", "finished"), ("running", "running")])
def test_what_an_earlier_version_let_go_on_hidden_ends(store: Store, state: str, ended: str) -> None:
    run_id, seen = training(store), training(store)
    store.retention.soft_delete([run_id], ANN)
    by_hand(store, run_id, state=state, command=None)
    version = store.runs.version(run_id)
    assert version is not None
    assert store.retention.end_soft_deleted() == 1
    assert where(store, run_id) == (
        ended,
        "stopped" if ended == "finished" else None,
        None if ended == "finished" else "stop",
    )
    assert store.runs.version(run_id) == version + 1
    assert store.retention.end_soft_deleted() == 0
    assert where(store, seen) == ("running", None, None)


def test_what_is_given_up_is_restored_by_nobody_and_what_was_restored_is_not_given_up(store: Store) -> None:
    ids = [training(store) for _run in range(3)]
    gone, restored, trains = ids
    store.retention.soft_delete(ids, ANN)
    for run_id in (gone, restored):
        store.record_writer.finish(run_id, "stopped", {})
    store.retention.restore([restored], ANN)
    assert [store.retention.give_up(run_id, 0) for run_id in ids] == [True, False, False]
    assert not store.retention.give_up(gone, 1.0)  # its time is not over
    store.retention.restore(ids, ANN)
    assert [store.runs.get(run_id).soft_deleted for run_id in ids] == [True, False, False]
    assert {run.id for run in store.runs.newest(ANN)} == {restored, trains}
