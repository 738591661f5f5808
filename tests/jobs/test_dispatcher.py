"""The dispatcher with a stand-in for Dask: who goes first, who waits, and what becomes of tasks that end badly."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from mnist_core import data, settings
from mnist_core.config import RunConfig
from mnist_core.errors import DataError, RunUnreadableError, StoreUnavailableError
from mnist_core.jobs.dispatcher import DEATHS, TROUBLES, Dispatcher
from mnist_core.records import Curves, Progress, Report
from mnist_core.settings import checkpoint_file
from mnist_core.store import Store, open_store, tables
from tests.conftest import wait_until

CONFIG = RunConfig()


@dataclass
class Future:
    """A task that ends when the test says so."""

    function: Callable[..., None]
    arguments: tuple[Any, ...]
    resources: dict[str, int] | None
    worker: str | None
    status: str = "pending"
    error: Exception | None = None

    def done(self) -> bool:
        return self.status != "pending"

    def exception(self) -> Exception | None:
        return self.error

    def release(self) -> None:
        """Nothing to give back."""

    def cancel(self) -> None:
        self.status = "cancelled"

    def fail(self, error: Exception) -> None:
        self.status, self.error = "error", error


def owning(*addresses: str) -> dict[str, dict[str, Any]]:
    """Workers at these addresses, each with a slot for training, one for a study and one for short tasks."""
    return {address: {"resources": {"train": 1, "study": 1, "short": 1}} for address in addresses}


@dataclass
class Client:
    """Takes tasks and keeps them."""

    workers: dict[str, dict[str, Any]] = field(default_factory=lambda: owning("a", "b"))
    sent: list[Future] = field(default_factory=list)

    def submit(
        self, function: Callable[..., None], *arguments: Any, resources: Any, workers: Any, **_options: Any
    ) -> Future:
        self.sent.append(Future(function, arguments, resources, workers))
        return self.sent[-1]

    def scheduler_info(self, n_workers: int) -> dict[str, Any]:
        return {"workers": self.workers}

    def named(self, name: str) -> list[Future]:
        return [future for future in self.sent if future.function.__name__ == name]

    def runs(self) -> list[str]:
        return [run_id for bunch in self.bunches() for run_id in bunch]

    def bunches(self) -> list[list[str]]:
        return [future.arguments[0] for future in self.named("execute")]


@pytest.fixture
def store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store; MNIST is there, two workers."""
    monkeypatch.setenv("MNIST_LAB_WORKERS", "2")
    monkeypatch.setattr(data, "available", lambda name: name == "mnist")
    opened = open_store()
    opened.set_fact("speed", {})
    yield opened
    opened.close()


@pytest.fixture
def dispatcher(store: Store) -> Dispatcher:
    made = Dispatcher(Client(), store)
    made.begin()
    return made


def claim(store: Store, *run_ids: str) -> None:
    for run_id in run_ids:
        assert store.claim(run_id, "w", 1)


def test_first_runs_go_before_second_ones_and_no_more_than_there_are_slots(
    dispatcher: Dispatcher, store: Store
) -> None:
    first, second = (store.create_run("ann", CONFIG) for _ in range(2))
    other = store.create_run("bob", CONFIG)
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, other]
    claim(store, first, other)
    dispatcher.tick()
    assert len(dispatcher.client.runs()) == 2
    store.finish(first, "completed", {})
    dispatcher.client.sent[0].status = "finished"
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, other, second]
    assert {tuple(future.resources or ()) for future in dispatcher.client.named("execute")} == {("train",)}


def sweep(store: Store, runs: int, owner: str = "ann", **changes: Any) -> list[str]:
    """Queued runs of one click that can share a stack."""
    configs = [CONFIG.replace(learning_rate=0.01 * (1 + number), **changes) for number in range(runs)]
    return [store.create_run(owner, config, group=f"{owner}s") for config in configs]


def test_a_sweep_is_dealt_out_to_all_free_workers(dispatcher: Dispatcher, store: Store) -> None:
    ids = sweep(store, 5)
    dispatcher.tick()
    assert dispatcher.client.bunches() == [ids[::2], ids[1::2]]
    claim(store, *ids)
    assert {store.get(run_id).threads for run_id in ids} == {1}
    later = store.create_run("bob", CONFIG)
    dispatcher.tick()
    assert len(dispatcher.client.bunches()) == 2  # both workers have one task, of several runs
    for run_id in ids[::2]:
        store.finish(run_id, "completed", {})
    dispatcher.client.sent[0].status = "finished"
    dispatcher.tick()
    assert dispatcher.client.bunches()[2:] == [[later]]


def test_a_sweep_takes_one_worker_where_others_wait(dispatcher: Dispatcher, store: Store) -> None:
    ids = sweep(store, 5)
    other = store.create_run("bob", CONFIG)
    dispatcher.tick()
    assert dispatcher.client.bunches() == [ids, [other]]


def test_what_cannot_share_a_stack_goes_alone(dispatcher: Dispatcher, store: Store) -> None:
    dispatcher.client.workers = owning(*"abcdefgh")
    dispatcher.slots = 8
    wide, deep = sweep(store, 1, hidden_layers=(8,)), sweep(store, 1, hidden_layers=(8, 8))
    cnns = sweep(store, 2, model="cnn", filters=(2,))
    alone = [store.create_run("ann", CONFIG) for _ in range(2)]  # of two clicks
    dispatcher.tick()
    assert sorted(dispatcher.client.bunches()) == sorted([[run_id] for run_id in [*wide, *deep, *cnns, *alone]])


def test_a_stack_is_no_wider_than_it_may_be(dispatcher: Dispatcher, store: Store) -> None:
    ids = sweep(store, 70)
    dispatcher.tick()
    assert [len(bunch) for bunch in dispatcher.client.bunches()] == [32, 32]
    assert set(dispatcher.client.runs()) < set(ids)


def test_a_bug_in_a_stack_is_told_to_all_its_runs(dispatcher: Dispatcher, store: Store) -> None:
    dispatcher.client.workers = owning("a")
    dispatcher.slots = 1
    ids = sweep(store, 3)
    dispatcher.tick()
    claim(store, *ids)
    dispatcher.client.sent[0].fail(ZeroDivisionError())
    dispatcher.tick()
    assert {store.get(run_id).outcome for run_id in ids} == {"failed"}


def test_runs_that_have_lost_their_worker_go_on_alone(dispatcher: Dispatcher, store: Store) -> None:
    dispatcher.client.workers = owning("a")
    dispatcher.slots = 1
    ids = sweep(store, 3)
    dispatcher.tick()
    claim(store, *ids)
    dispatcher.client.workers = owning("new")
    dispatcher._beat = 0.0
    dispatcher.tick()
    dispatcher.tick()
    assert dispatcher.client.bunches() == [ids, [ids[0]]]


def test_a_run_that_was_submitted_is_not_submitted_again(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    for _look in range(3):
        dispatcher.tick()
    assert dispatcher.client.runs() == [run_id]


def test_runs_go_to_workers_that_are_there_and_free(dispatcher: Dispatcher, store: Store) -> None:
    first, second, third = (store.create_run(owner, CONFIG) for owner in ("ann", "bob", "cem"))
    dispatcher.client.workers = {}
    dispatcher.tick()
    assert dispatcher.client.sent == []
    dispatcher.client.workers = owning("a")
    for _look in range(3):
        dispatcher.tick()
    assert dispatcher.client.runs() == [first]
    dispatcher.client.workers = owning("a", "b")
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, second]
    dispatcher.client.sent[0].status = "finished"
    claim(store, first)
    store.finish(first, "completed", {})
    dispatcher.tick()
    assert dispatcher.client.runs() == [first, second, third]
    assert [future.worker for future in dispatcher.client.sent] == ["a", "b", "a"]


def lose_worker(dispatcher: Dispatcher, address: str) -> None:
    """The worker dies, and the dispatcher looks after the workers."""
    del dispatcher.client.workers[address]
    dispatcher._heartbeat()


def test_a_run_whose_worker_is_gone_goes_to_another(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    lose_worker(dispatcher, "a")
    assert dispatcher.client.sent[0].status == "cancelled"
    assert store.get(run_id).state == "queued"
    dispatcher.tick()
    assert [future.worker for future in dispatcher.client.sent] == ["a", "b"]


def test_a_deleted_run_whose_worker_is_gone_is_let_go(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    dispatcher.tick()
    store.delete_run(run_id, "ann")
    lose_worker(dispatcher, "a")
    other = store.create_run("ann", CONFIG)
    dispatcher.tick()
    assert dispatcher.client.runs() == [run_id, other]


def test_a_run_that_kills_its_workers_is_a_sentence(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    for death in range(DEATHS):
        assert store.get(run_id).state == "queued"
        dispatcher.client.workers = owning(f"worker {death}")
        dispatcher.tick()
        claim(store, run_id)
        lose_worker(dispatcher, f"worker {death}")
    run = store.get(run_id)
    assert (run.state, run.outcome) == ("finished", "failed")
    assert "brought its worker down" in str(run.error)


def test_a_bug_is_a_sentence_without_its_traceback(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    dispatcher.client.sent[0].fail(ZeroDivisionError("secret"))
    dispatcher.tick()
    assert str(store.get(run_id).error) == (
        "Training failed inside (ZeroDivisionError). The details are in the server's log."
    )


def from_another_version(store: Store, run_id: str) -> None:
    """The run's settings have a field that this program does not know."""
    with store._begin() as connection:
        connection.execute(sa.update(tables.runs).where(tables.runs.c.id == run_id).values(config='{"new": 1}'))


def test_a_waiting_run_whose_settings_cannot_be_read_fails_and_the_next_one_runs(
    dispatcher: Dispatcher, store: Store
) -> None:
    bad, good = (store.create_run("ann", CONFIG) for _ in range(2))
    from_another_version(store, bad)
    dispatcher.tick()
    assert dispatcher.client.runs() == [good]
    assert store.state(bad) == "finished"


def test_a_running_one_too(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    from_another_version(store, run_id)
    dispatcher.client.sent[0].fail(RunUnreadableError("It cannot be read."))
    dispatcher.tick()
    assert store.state(run_id) == "finished"


def test_an_error_after_the_end_leaves_the_outcome(dispatcher: Dispatcher, store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    store.finish(run_id, "completed", {"steps": 3})
    dispatcher.client.sent[0].fail(OSError("late"))
    dispatcher.tick()
    assert (store.get(run_id).outcome, store.get(run_id).result) == ("completed", {"steps": 3})


@pytest.mark.parametrize("status", ["cancelled", "lost", "finished"])
def test_a_run_let_go_of_in_its_midst_is_queued_again(dispatcher: Dispatcher, store: Store, status: str) -> None:
    run_id = store.create_run("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    dispatcher.client.sent[0].status = status
    dispatcher.tick()
    assert dispatcher.client.runs() == [run_id, run_id]
    assert store.get(run_id).state == "queued"


def test_a_failure_that_cannot_be_told_is_told_later(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create_run("ann", CONFIG)
    dispatcher.tick()
    claim(store, run_id)
    dispatcher.client.sent[0].fail(ZeroDivisionError())

    def locked(*_arguments: Any) -> None:
        raise StoreUnavailableError("locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "finish", locked)
        with pytest.raises(StoreUnavailableError):
            dispatcher.tick()
    dispatcher.tick()
    assert store.get(run_id).outcome == "failed"


def test_runs_wait_for_digits_that_are_being_drawn_and_others_pass_them(dispatcher: Dispatcher, store: Store) -> None:
    waiting = [store.create_run(owner, CONFIG.replace(dataset="built-in")) for owner in "abcde"]
    free = store.create_run("ann", CONFIG)
    for _look in range(2):
        dispatcher.tick()
    assert dispatcher.client.runs() == [free]
    (drawing,) = dispatcher.client.named("draw_digits")
    drawing.fail(DataError("No room for digits."))
    dispatcher.tick()
    assert store.fact("digits") == {
        "state": "failed",
        "error": {"template": "No room for digits.", "values": {}},
    }
    dispatcher.tick()  # they are not waited for any more: each run says itself what it lacks
    assert dispatcher.client.runs() == [free, waiting[0]]


def test_without_mnist_it_is_fetched_once_and_digits_are_drawn_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "available", lambda name: False)
    dispatcher = Dispatcher(Client(), store)
    dispatcher.begin()
    dispatcher.tick()
    assert len(dispatcher.client.named("download")) == len(dispatcher.client.named("draw_digits")) == 1
    assert store.fact("download") == {"state": "running", "done": 0, "total": 0}
    dispatcher.client.named("download")[0].fail(DataError("No network."))
    dispatcher.tick()
    dispatcher.tick()
    assert len(dispatcher.client.named("download")) == 1
    store.set_fact("download", {"state": "wanted", "done": 0, "total": 0})
    dispatcher._beat = 0.0
    dispatcher.tick()
    assert len(dispatcher.client.named("download")) == 2


def test_a_download_that_died_with_the_last_cluster_is_not_shown_for_ever(store: Store) -> None:
    store.set_fact("download", {"state": "running", "done": 3, "total": 9})
    dispatcher = Dispatcher(Client(), store)
    dispatcher.begin()
    assert store.fact("download") == {"state": "idle"}


def test_a_store_that_another_home_serves_is_left_to_it_until_it_is_gone(
    dispatcher: Dispatcher, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_core.jobs.dispatcher.LEASE_SECONDS", 0.1)
    dispatcher.tick()
    assert not Dispatcher(Client(), store).others_turn()  # the same home's
    monkeypatch.setenv("MNIST_LAB_HOME", str(home / "other"))
    other = Dispatcher(Client(), store)
    assert other.others_turn()
    wait_until(lambda: not other.others_turn(), 5)
    dispatcher._beat = 0.0
    dispatcher.tick()
    assert other.others_turn()


def test_runs_of_the_last_cluster_go_on_first(store: Store) -> None:
    lost = store.create_run("ann", CONFIG)
    claim(store, lost)
    store.create_run("bob", CONFIG)
    dispatcher = Dispatcher(Client(), store)
    dispatcher.begin()
    dispatcher.tick()
    assert dispatcher.client.runs()[0] == lost


def test_workers_elsewhere_are_counted_and_their_slots_used(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_SCHEDULER", "tcp://elsewhere:8786")
    for owner in "abcd":
        store.create_run(owner, CONFIG)
    plain = Dispatcher(Client({"a": {"resources": {}}}), store)
    plain.tick()
    plain.tick()
    assert [future.resources for future in plain.client.named("execute")] == [None]
    named = Dispatcher(Client({name: {"resources": {"train": 1}} for name in "ab"}), store)
    named.tick()
    named.tick()
    assert [future.resources for future in named.client.named("execute")] == [{"train": 1}, {"train": 1}]
    assert (store.fact("cluster") or {})["slots"] == 2


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


def test_what_was_put_away_goes_for_good_with_its_files(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [store.create_run("ann", CONFIG) for _number in range(3)]
    for run_id in ids:
        checkpoint_file(run_id).parent.mkdir(parents=True, exist_ok=True)
        checkpoint_file(run_id).touch()
        settings.trail_folder(run_id).mkdir()
    store.put_away(ids[:1], "ann")
    later = time.time() + 2 * 86_400
    monkeypatch.setattr("time.time", lambda: later)
    store.put_away(ids[1:2], "ann")
    dispatcher.tick()
    assert store.version(ids[0]) is None
    assert [store.version(run_id) is not None for run_id in ids[1:]] == [True, True]
    assert [checkpoint_file(run_id).exists() for run_id in ids] == [False, True, True]
    assert [settings.trail_folder(run_id).exists() for run_id in ids] == [False, True, True]


def test_the_oldest_weights_go_where_the_room_is_full_and_starred_ones_last(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "2")
    ids = [store.create_run("ann", CONFIG) for _number in range(4)]
    for run_id in ids:
        store.claim(run_id, "worker", 1)
        store.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True)])
        settings.checkpoint_folder().mkdir(parents=True, exist_ok=True)
        settings.checkpoint_file(run_id).write_bytes(bytes(900_000))
        snapshot = settings.trail_folder(run_id) / "0.safetensors"
        snapshot.parent.mkdir()
        snapshot.write_bytes(bytes(200_000))
    for run_id in ids[:3]:
        store.finish(run_id, "completed", {})
    store.label_run(ids[0], "ann", star=True)
    dispatcher.tick()
    # 4.4 MB in a room of 2.1: all snapshots of what is over, then the weights of the two oldest without a star.
    assert [settings.trail_folder(run_id).exists() for run_id in ids] == [False, False, False, True]
    assert [settings.checkpoint_file(run_id).exists() for run_id in ids] == [True, False, False, True]
    assert [store.get(run_id).checkpoint_step for run_id in ids] == [1, None, None, 1]


def test_snapshots_go_before_any_weights(dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "1")
    ids = [store.create_run("ann", CONFIG) for _number in range(3)]
    for run_id in ids:
        store.claim(run_id, "worker", 1)
        store.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True)])
        snapshot = settings.trail_folder(run_id) / "0.safetensors"
        snapshot.parent.mkdir(parents=True)
        snapshot.write_bytes(bytes(300_000))
        settings.checkpoint_file(run_id).write_bytes(bytes(200_000))
        store.finish(run_id, "completed", {})
    dispatcher.tick()
    # 1.5 MB in a room of 1.05: the snapshots of the two oldest are enough.
    assert [settings.trail_folder(run_id).exists() for run_id in ids] == [False, False, True]
    assert [store.get(run_id).checkpoint_step for run_id in ids] == [1, 1, 1]
    assert all(settings.checkpoint_file(run_id).exists() for run_id in ids)


def test_workers_that_stay_away_are_started_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_WORKERS", "3")
    now = [0.0]
    monkeypatch.setattr("mnist_core.jobs.dispatcher.time.monotonic", lambda: now[0])
    renewed: list[float] = []
    client = Client(owning("a"))
    made = Dispatcher(client, store, lambda: renewed.append(now[0]))
    for now[0] in range(0, 500, 10):
        made._heartbeat()
    assert renewed == [70, 200, 450]  # they may still be starting; the second time on a slow machine
    client.workers = owning("a", "b", "c")
    for now[0] in range(500, 1_000, 10):
        made._heartbeat()
    assert renewed == [70, 200, 450]
    client.workers = owning("a", "b")
    for now[0] in range(1_000, 1_060, 10):
        made._heartbeat()
    assert renewed == [70, 200, 450]
    made._heartbeat()
    now[0] = 1_070
    made._heartbeat()
    assert renewed == [70, 200, 450, 1_070]
