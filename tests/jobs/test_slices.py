"""Runs that make room for others: back into the queue by a checkpoint, and the same curve."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core.jobs import dispatcher as dispatching
from mnist_core.jobs import run_execution, run_job
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.records import Event
from mnist_core.store import Store
from mnist_core.training import Trainer
from tests.jobs.crashes import CONFIG, RATES, after, undisturbed
from tests.jobs.fake_client import claim, owning
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


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every slice is over at once."""
    monkeypatch.setattr(dispatching, "SLICE_SECONDS", 0.0)
    monkeypatch.setattr(dispatching, "SLICE_LOOK_SECONDS", 0.0)


def told(store: Store, ids: list[str]) -> list[str]:
    return [run_id for run_id, asked in store.commands.pending(ids).items() if asked.slice_over]


class TestWhoMakesRoom:
    """The dispatcher, with a stand-in for Dask."""

    @pytest.fixture
    def store(self, home: Any, mnist_is_there: None, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setenv("MNIST_LAB_WORKERS", "2")
        from mnist_core.store import open_store

        opened = open_store()
        opened.facts.set("speed", {})
        yield opened
        opened.close()

    @pytest.fixture
    def dispatcher(self, store: Store) -> Dispatcher:
        from tests.jobs.fake_client import Client

        dispatcher = Dispatcher(Client(), store)
        dispatcher.begin()
        return dispatcher

    def train(self, dispatcher: Dispatcher, store: Store, *owners: str) -> list[str]:
        """A run of each on a worker of its own."""
        ids = [
            store.runs.create(owner, CONFIG.replace(hidden_layers=(16 + number,)))
            for number, owner in enumerate(owners)
        ]
        dispatcher.tick()
        claim(store, *ids)
        return ids

    def test_one_student_on_every_worker_makes_room_on_one_for_another(
        self, dispatcher: Dispatcher, store: Store, hasty: None
    ) -> None:
        ids = self.train(dispatcher, store, "ann", "ann")
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

    def test_a_student_makes_no_room_for_his_own(self, dispatcher: Dispatcher, store: Store, hasty: None) -> None:
        ids = self.train(dispatcher, store, "ann", "ann")
        store.usage.charge({"ann": 10.0})
        store.runs.create("ann", CONFIG)
        dispatcher.tick()
        assert told(store, ids) == []

    def test_who_has_had_less_makes_no_room(self, dispatcher: Dispatcher, store: Store, hasty: None) -> None:
        ids = self.train(dispatcher, store, "ann", "bob")
        store.runs.create("cem", CONFIG)
        store.usage.charge({"ann": 3.0, "bob": 5.0, "cem": 4.0})
        dispatcher.tick()
        assert told(store, ids) == ids[1:]

    def test_nobody_makes_room_before_his_slice_is_over(self, dispatcher: Dispatcher, store: Store) -> None:
        ids = self.train(dispatcher, store, "ann", "bob")
        store.usage.charge({"ann": 10.0, "bob": 10.0})
        store.runs.create("cem", CONFIG)
        store.usage.charge({"ann": 1.0, "bob": 1.0})
        dispatcher.tick()
        assert told(store, ids) == []

    def test_a_run_that_waits_for_its_data_takes_nobodys_place(
        self, dispatcher: Dispatcher, store: Store, hasty: None, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        ids = self.train(dispatcher, store, "ann", "bob")
        store.usage.charge({"ann": 10.0, "bob": 10.0})
        store.runs.create("cem", CONFIG)
        store.usage.charge({"ann": 1.0, "bob": 1.0})
        monkeypatch.setattr(dispatcher._maintenance, "data_to_come", lambda name: True)
        dispatcher.tick()
        assert told(store, ids) == []

    def test_runs_of_different_students_share_a_stack_when_workers_are_few(
        self, dispatcher: Dispatcher, store: Store
    ) -> None:
        dispatcher.client.workers = owning("a")
        dispatcher.slots = 1
        ids = begun(store)
        other = store.runs.create("dan", CONFIG.replace(batch_size=20))
        asked = store.runs.create("eve", CONFIG)
        store.commands.send(asked, "eve", "step")
        dispatcher.tick()
        assert dispatcher.client.bunches() == [ids]
        assert {other, asked} < {run.id for run in store.queue.next(9)}

    def test_each_has_a_worker_of_his_own_where_there_are_enough(self, dispatcher: Dispatcher, store: Store) -> None:
        ids = begun(store)[:2]
        store.runs.delete(store.queue.next(9)[-1].id, "cem")
        dispatcher.tick()
        assert dispatcher.client.bunches() == [[run_id] for run_id in ids]

    def test_a_stack_that_fails_goes_on_as_single_runs_and_only_the_broken_one_fails(
        self, dispatcher: Dispatcher, store: Store
    ) -> None:
        dispatcher.client.workers = owning("a")
        dispatcher.slots = 1
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

    def test_a_worker_that_was_not_heard_gets_nothing(self, dispatcher: Dispatcher, store: Store) -> None:
        heard = {"b"}
        dispatcher._heard = lambda: heard
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
