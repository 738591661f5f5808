"""The dispatcher with a stand-in for Dask: what becomes of tasks that end badly, and of the dispatcher in trouble."""

from __future__ import annotations

import errno
import math
import os
from typing import Any

import pytest
import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.errors import RunUnreadableError, StoreUnavailableError, TransientStoreError
from mnist_core.jobs.dispatcher import TROUBLES, Dispatcher
from mnist_core.jobs.setbacks import DEATHS, FAULT_SECONDS
from mnist_core.store import Store, tables
from tests.jobs.fake_client import claim, owning

CONFIG = RunConfig()


def lose_worker(dispatcher: Dispatcher, address: str) -> None:
    """The worker dies, and the dispatcher looks after the workers."""
    del dispatcher.client.workers[address]
    dispatcher._heartbeat()


def test_a_run_whose_worker_is_gone_goes_to_another(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    lose_worker(dispatcher, "a")
    assert dispatcher.client.sent[0].status == "cancelled"
    assert store.runs.get(run_id).state == "queued"
    dispatcher.tick()
    assert [future.worker for future in dispatcher.client.sent] == ["a", "b"]


def test_a_deleted_run_whose_worker_is_gone_is_let_go(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    store.runs.delete(run_id, "ann")
    lose_worker(dispatcher, "a")
    other = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    assert dispatcher.client.runs() == [run_id, other]


def test_nothing_is_kept_of_runs_that_are_over_but_how_often_those_that_failed_have_lost_a_worker(
    dispatcher: Dispatcher, store: Store
) -> None:
    outcomes = {"completed": "ann", "failed": "bob", "waits": "cid"}
    ids = {outcome: store.runs.create(owner, CONFIG.replace(seed=ord(owner[0]))) for outcome, owner in outcomes.items()}
    dispatcher.client.workers = owning("a", "b", "c")
    dispatcher.workers.slots = 3
    dispatcher.tick()
    claim(store, *ids.values())
    dispatcher.slices._left_at |= dict.fromkeys(ids.values(), 7)
    for address in "abc":
        lose_worker(dispatcher, address)
    claim(store, ids["completed"], ids["failed"])
    store.record_writer.finish(ids["completed"], "completed", {})
    store.record_writer.finish(ids["failed"], "failed", {})
    dispatcher._cleared = -math.inf
    dispatcher.tick()
    assert dispatcher.setbacks._deaths == {ids["failed"]: 1, ids["waits"]: 1}
    assert ids["completed"] not in dispatcher.slices._left_at


def test_a_run_that_kills_its_workers_is_a_sentence(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    for death in range(DEATHS):
        assert store.runs.get(run_id).state == "queued"
        dispatcher.client.workers = owning(f"worker {death}")
        dispatcher.tick()
        claim(store, run_id)
        lose_worker(dispatcher, f"worker {death}")
    run = store.runs.get(run_id)
    assert (run.state, run.outcome) == ("finished", "failed")
    assert "This run crashed its worker several times" in str(run.error)


def test_a_run_that_dask_has_tried_again_after_each_death_of_its_worker_is_one_too(
    dispatcher: Dispatcher, store: Store
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    for _death in range(DEATHS):
        dispatcher.tick()
        claim(store, run_id)
        dispatcher.client.sent[-1].status = "finished"  # it was refused: the run was still the dead worker's
        dispatcher._collect()
    assert "This run crashed its worker several times" in str(store.runs.get(run_id).error)


def test_a_bug_is_a_sentence_without_its_traceback(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    dispatcher.client.sent[0].fail(ZeroDivisionError("secret"))
    dispatcher.tick()
    assert str(store.runs.get(run_id).error) == (
        "Training failed with an internal error (ZeroDivisionError). See the server's log for details."
    )


def sent_and_claimed(dispatcher: Dispatcher, store: Store) -> str:
    """A run that a worker has, past its pauses after faults."""
    run_id = store.runs.create("ann", CONFIG)
    send(dispatcher, store, run_id)
    return run_id


def send(dispatcher: Dispatcher, store: Store, run_id: str) -> None:
    dispatcher.setbacks._not_before.clear()  # its time has come
    dispatcher.tick()
    claim(store, run_id)


def test_a_store_out_of_reach_is_never_the_runs_fault(dispatcher: Dispatcher, store: Store) -> None:
    run_id = sent_and_claimed(dispatcher, store)
    for _fault in range(2 * len(FAULT_SECONDS)):
        dispatcher.client.sent[-1].fail(TransientStoreError("locked"))
        dispatcher.tick()
        assert store.runs.get(run_id).state == "queued"
        dispatcher.tick()
        assert dispatcher.client.sent[-1].done()  # not at once
        send(dispatcher, store, run_id)
    assert dispatcher.client.runs() == [run_id] * (1 + 2 * len(FAULT_SECONDS))


def test_what_lasts_in_the_store_is_said_at_once(dispatcher: Dispatcher, store: Store) -> None:
    run_id = sent_and_claimed(dispatcher, store)
    dispatcher.client.sent[0].fail(StoreUnavailableError("It is of a newer version."))
    dispatcher.tick()
    run = store.runs.get(run_id)
    assert (run.outcome, str(run.error)) == ("failed", "It is of a newer version.")


@pytest.mark.parametrize(("number", "tries"), [(errno.ENOSPC, len(FAULT_SECONDS)), (errno.EISDIR, 0)])
def test_a_disk_out_of_reach_is_tried_again_for_a_minute(
    dispatcher: Dispatcher, store: Store, number: int, tries: int
) -> None:
    run_id = sent_and_claimed(dispatcher, store)
    pauses = []
    for _fault in range(tries):
        dispatcher.client.sent[-1].fail(OSError(number, os.strerror(number)))
        dispatcher.tick()
        assert store.runs.get(run_id).state == "queued"
        pauses.append(dispatcher.setbacks._not_before[run_id])
        send(dispatcher, store, run_id)
    assert pauses == sorted(pauses)
    dispatcher.client.sent[-1].fail(OSError(number, os.strerror(number)))
    dispatcher.tick()
    run = store.runs.get(run_id)
    assert run.outcome == "failed"
    assert ("could not be reached several times (No space left on device)" in str(run.error)) == bool(tries)


def test_a_fault_is_forgotten_when_the_run_got_on(dispatcher: Dispatcher, store: Store) -> None:
    run_id = sent_and_claimed(dispatcher, store)
    dispatcher.client.sent[-1].fail(OSError(errno.EIO, "I/O"))
    dispatcher.tick()
    send(dispatcher, store, run_id)
    store.commands.send(run_id, "ann", "pause")
    store.record_writer.pause(run_id, {})
    dispatcher.client.sent[-1].status = "finished"
    dispatcher.tick()
    assert not dispatcher.setbacks._faults
    assert not dispatcher.setbacks._not_before


def from_another_version(store: Store, run_id: str) -> None:
    """The run's settings have a field that this program does not know."""
    with store.database.begin() as connection:
        connection.execute(sa.update(tables.runs).where(tables.runs.c.id == run_id).values(config='{"new": 1}'))


def test_a_waiting_run_whose_settings_cannot_be_read_fails_and_the_next_one_runs(
    dispatcher: Dispatcher, store: Store
) -> None:
    bad, good = (store.runs.create("ann", CONFIG) for _ in range(2))
    from_another_version(store, bad)
    dispatcher.tick()
    assert dispatcher.client.runs() == [good]
    assert store.runs.state(bad) == "finished"


def test_a_running_one_too(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    from_another_version(store, run_id)
    dispatcher.client.sent[0].fail(RunUnreadableError("It cannot be read."))
    dispatcher.tick()
    assert store.runs.state(run_id) == "finished"


def test_an_error_after_the_end_leaves_the_outcome(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    store.record_writer.finish(run_id, "completed", {"steps": 3})
    dispatcher.client.sent[0].fail(OSError("late"))
    dispatcher.tick()
    assert (store.runs.get(run_id).outcome, store.runs.get(run_id).result) == ("completed", {"steps": 3})


@pytest.mark.parametrize("status", ["cancelled", "lost", "finished"])
def test_a_run_let_go_of_in_its_midst_is_queued_again(dispatcher: Dispatcher, store: Store, status: str) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    dispatcher.client.sent[0].status = status
    dispatcher.tick()
    assert dispatcher.client.runs() == [run_id, run_id]
    assert store.runs.get(run_id).state == "queued"


def test_a_failure_that_cannot_be_told_is_told_later(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.runs.create("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    dispatcher.client.sent[0].fail(ZeroDivisionError())

    def locked(*_arguments: Any) -> None:
        raise StoreUnavailableError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(store.record_writer, "finish", locked)
        with pytest.raises(StoreUnavailableError):
            dispatcher.tick()
    dispatcher.tick()
    assert store.runs.get(run_id).outcome == "failed"


def test_trouble_that_does_not_pass_ends_the_process_and_other_trouble_does_not(
    dispatcher: Dispatcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_core.jobs.dispatcher.TROUBLE_SECONDS", 0.0)
    looks = 0

    def broken() -> None:
        nonlocal looks
        looks += 1
        if looks <= 3:
            raise StoreUnavailableError("locked")
        if looks == 5:
            return
        raise OSError("no scheduler")

    monkeypatch.setattr(dispatcher, "tick", broken)
    with pytest.raises(OSError, match="no scheduler"):
        dispatcher.serve()
    assert looks == 5 + TROUBLES
