"""Who makes room for whom: the dispatcher, with a stand-in for Dask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mnist_core.jobs import time_slices
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.records import Curves, Report
from mnist_core.store import Store
from tests.jobs.crashes import CONFIG
from tests.jobs.fake_client import claim, owning
from tests.jobs.test_slices import begun


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slice is over at once."""
    monkeypatch.setattr(time_slices, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(time_slices, "LOOK_SECONDS", 0.0)


def told(store: Store, ids: list[str]) -> list[str]:
    return [run_id for run_id, asked in store.commands.pending(ids).items() if asked.slice_over]


def train(dispatcher: Dispatcher, store: Store, *owners: str) -> list[str]:
    """A run of each on a worker of its own."""
    ids = [
        store.runs.create(owner, CONFIG.replace(hidden_layers=(16 + number,))) for number, owner in enumerate(owners)
    ]
    dispatcher.tick()
    claim(store, *ids)
    return ids


def test_one_student_on_every_worker_makes_room_on_one_for_another(
    dispatcher: Dispatcher, store: Store, hasty: None
) -> None:
    ids = train(dispatcher, store, "ann", "ann")
    store.usage.charge({"ann": 10.0})
    dispatcher.tick()
    assert told(store, ids) == []  # nobody waits
    waiting = store.runs.create("bob", CONFIG)
    store.usage.charge({"ann": 0.2})
    for _look in range(3):
        dispatcher.tick()
    (leaving,) = told(store, ids)
    store.queue.put_back({leaving: store.runs.get(leaving).token})
    dispatcher.client.sent[ids.index(leaving)].status = "finished"
    dispatcher.tick()
    assert dispatcher.client.runs()[2:] == [waiting]
    claim(store, waiting)
    store.usage.charge({"bob": 0.5, "ann": 0.5})
    dispatcher.tick()
    assert told(store, [*ids, waiting]) == []  # one worker each


def test_a_student_makes_no_room_for_his_own(dispatcher: Dispatcher, store: Store, hasty: None) -> None:
    ids = train(dispatcher, store, "ann", "ann")
    store.usage.charge({"ann": 10.0})
    store.runs.create("ann", CONFIG)
    dispatcher.tick()
    assert told(store, ids) == []


def test_who_has_had_less_makes_no_room(dispatcher: Dispatcher, store: Store, hasty: None) -> None:
    ids = train(dispatcher, store, "ann", "bob")
    store.runs.create("cem", CONFIG)
    store.usage.charge({"ann": 3.0, "bob": 5.0, "cem": 4.0})
    dispatcher.tick()
    assert told(store, ids) == ids[1:]


def test_nobody_makes_room_before_his_slice_is_over(dispatcher: Dispatcher, store: Store) -> None:
    ids = train(dispatcher, store, "ann", "bob")
    store.usage.charge({"ann": 10.0, "bob": 10.0})
    store.runs.create("cem", CONFIG)
    store.usage.charge({"ann": 1.0, "bob": 1.0})
    dispatcher.tick()
    assert told(store, ids) == []


def test_who_made_room_in_the_midst_of_an_update_comes_to_its_end_the_next_time(
    dispatcher: Dispatcher, store: Store, hasty: None
) -> None:
    dispatcher.client.workers = owning("a")
    dispatcher.workers.slots = 1
    (giant,) = train(dispatcher, store, "ann")

    def turn(*, update: bool) -> bool:
        """Whether the run is asked to make room while another waits; then the other has been there, and the run is back."""
        other = store.runs.create("bob", CONFIG)
        store.usage.charge({"ann": 10.0})
        if update:
            run = store.runs.get(giant)
            progress = replace(run.progress, step=run.progress.step + 1)
            store.record_writer.publish([Report(giant, progress, Curves(), token=run.token)])
        dispatcher.tick()
        asked = told(store, [giant]) == [giant]
        if asked:
            store.queue.put_back({giant: store.runs.get(giant).token})
            dispatcher.client.sent[-1].status = "finished"
        store.runs.delete(other, "bob")
        dispatcher.tick()
        if asked:
            claim(store, giant)
        return asked

    assert turn(update=False)
    assert not turn(update=False)  # or it would begin the same update for ever
    assert turn(update=True)
    assert not turn(update=False)


def test_a_run_that_waits_for_its_data_takes_nobodys_place(
    dispatcher: Dispatcher, store: Store, hasty: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = train(dispatcher, store, "ann", "bob")
    store.usage.charge({"ann": 10.0, "bob": 10.0})
    store.runs.create("cem", CONFIG)
    store.usage.charge({"ann": 1.0, "bob": 1.0})
    monkeypatch.setattr(dispatcher._maintenance, "data_to_come", lambda name: True)
    dispatcher.tick()
    assert told(store, ids) == []


def test_runs_of_different_students_share_a_stack_when_workers_are_few(dispatcher: Dispatcher, store: Store) -> None:
    dispatcher.client.workers = owning("a")
    dispatcher.workers.slots = 1
    ids = begun(store)
    other = store.runs.create("dan", CONFIG.replace(batch_size=20))
    asked = store.runs.create("eve", CONFIG)
    store.commands.send(asked, "eve", "step")
    dispatcher.tick()
    assert dispatcher.client.bunches() == [ids]
    assert {other, asked} < {run.id for run in store.queue.next(9)}


def test_each_has_a_worker_of_his_own_where_there_are_enough(dispatcher: Dispatcher, store: Store) -> None:
    ids = begun(store)[:2]
    store.runs.delete(store.queue.next(9)[-1].id, "cem")
    dispatcher.tick()
    assert dispatcher.client.bunches() == [[run_id] for run_id in ids]


def test_a_stack_that_fails_goes_on_as_single_runs_and_only_the_broken_one_fails(
    dispatcher: Dispatcher, store: Store
) -> None:
    dispatcher.client.workers = owning("a")
    dispatcher.workers.slots = 1
    ids = begun(store)
    dispatcher.tick()
    claim(store, *ids)
    dispatcher.client.sent[0].fail(ZeroDivisionError())
    for number, run_id in enumerate(ids, 1):
        dispatcher.tick()
        assert dispatcher.client.bunches()[number:] == [[run_id]]
        claim(store, run_id)
        if run_id == ids[1]:
            dispatcher.client.sent[number].fail(ZeroDivisionError())
        else:
            store.record_writer.finish(run_id, "completed", {})
            dispatcher.client.sent[number].status = "finished"
    dispatcher.tick()
    assert [store.runs.get(run_id).outcome for run_id in ids] == ["completed", "failed", "completed"]


def test_a_worker_that_was_not_heard_gets_nothing(dispatcher: Dispatcher, store: Store) -> None:
    heard = {"b"}
    dispatcher.workers.heard = lambda: heard
    ids = [store.runs.create(owner, CONFIG.replace(seed=3)) for owner in ("ann", "bob")]
    store.analyses.create("ann", "batch-times", {})
    dispatcher.tick()
    assert [future.arguments[0] for future in dispatcher.client.sent if future.worker == "b"][1:] == [ids]
    assert {future.worker for future in dispatcher.client.calls_of("execute")} == {"b"}
    heard.add("a")
    claim(store, *ids)
    later = store.runs.create("cem", CONFIG.replace(batch_size=20))
    dispatcher.tick()
    assert (dispatcher.client.sent[-1].arguments[0], dispatcher.client.sent[-1].worker) == ([later], "a")


def test_what_a_teacher_shows_begins_at_once_and_makes_no_room(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(time_slices, "LOOK_SECONDS", 0.0)
    opened, secret = store.classes.open("3b", "teacher")
    store.classes.enter(opened.id, secret, "teacher")
    ids = train(dispatcher, store, "ann", "bob")
    for _run in range(3):
        store.runs.create("cem", CONFIG)
    dispatcher.tick()
    assert told(store, ids) == []
    shown = store.runs.create("teacher", CONFIG, demonstration=secret)
    dispatcher.tick()
    (leaving,) = told(store, ids)
    store.queue.put_back({leaving: store.runs.get(leaving).token})
    dispatcher.client.sent[ids.index(leaving)].status = "finished"
    monkeypatch.setattr(time_slices, "SLICE_SECONDS", 0.0)
    dispatcher.tick()
    assert dispatcher.client.runs()[2] == shown
    claim(store, shown)
    store.usage.charge({"teacher": 100.0})
    for _look in range(3):
        dispatcher.tick()
    assert told(store, [shown]) == []
