"""The dispatcher with a stand-in for Dask: digits, download, lease, room on the disk, workers started anew."""

from __future__ import annotations

import math
import shutil
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
import sqlalchemy as sa

from mnist_core import data, settings
from mnist_core.config import RunConfig
from mnist_core.errors import DataError, TransientStoreError
from mnist_core.jobs import retention
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.networks.checkpoint_layout import checkpoint_file, forget_files, snapshot_folder
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Command, Store, tables
from mnist_core.store.rows import change_row
from tests.conftest import wait_until
from tests.jobs.fake_client import Client, claim, owning

CONFIG = RunConfig()


def test_runs_wait_for_digits_that_are_being_drawn_and_others_pass_them(dispatcher: Dispatcher, store: Store) -> None:
    waiting = [store.runs.create(owner, CONFIG.replace(dataset="built-in", seed=ord(owner))) for owner in "abcde"]
    free = store.runs.create("ann", CONFIG)
    for _look in range(2):
        dispatcher.tick()
    assert dispatcher.client.runs() == [free]
    (drawing,) = dispatcher.client.calls_of("draw_digits")
    drawing.fail(DataError("No room for digits."))
    dispatcher.tick()
    assert store.facts.get("digits") == {
        "state": "failed",
        "error": {"template": "No room for digits.", "values": {}},
    }
    dispatcher.tick()  # they are not waited for any more: each run says itself what it lacks
    assert dispatcher.client.runs() == [free, waiting[0]]


def test_without_mnist_it_is_fetched_once_and_digits_are_drawn_meanwhile(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "available", lambda name: False)
    monkeypatch.setattr(data, "preferred", lambda: "built-in")
    dispatcher = Dispatcher(Client(), store)
    dispatcher.begin()
    dispatcher.tick()
    assert len(dispatcher.client.calls_of("download")) == len(dispatcher.client.calls_of("draw_digits")) == 1
    assert store.facts.get("download") == {"state": "running", "done": 0, "total": 0, "data": "mnist"}
    dispatcher.client.calls_of("download")[0].fail(DataError("No network."))
    dispatcher.tick()
    dispatcher.tick()
    assert len(dispatcher.client.calls_of("download")) == 1
    store.facts.set("download", {"state": "wanted", "done": 0, "total": 0})
    dispatcher._beat = 0.0
    dispatcher.tick()
    assert len(dispatcher.client.calls_of("download")) == 2


def test_a_download_that_died_with_the_last_cluster_is_not_shown_for_ever(store: Store) -> None:
    store.facts.set("download", {"state": "running", "done": 3, "total": 9})
    dispatcher = Dispatcher(Client(), store)
    dispatcher.begin()
    assert store.facts.get("download") == {"state": "idle"}


def test_a_store_that_another_home_serves_is_left_to_it_until_it_is_gone(
    dispatcher: Dispatcher, store: Store, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mnist_core.jobs.dispatcher.LEASE_SECONDS", 0.1)
    dispatcher.tick()
    assert not Dispatcher(Client(), store).served_elsewhere()  # the same home's
    monkeypatch.setenv("MNIST_LAB_HOME", str(home / "other"))
    other = Dispatcher(Client(), store)
    assert other.served_elsewhere()
    # The machine's clock is set back by an hour: its holder is heard all the same.
    earlier = time.time() - 3_600
    monkeypatch.setattr("time.time", lambda: earlier)
    wait_until(lambda: not other.served_elsewhere(), 5)
    monkeypatch.setattr("mnist_core.jobs.dispatcher.HEARTBEAT_SECONDS", 0.0)
    dispatcher.tick()
    assert other.served_elsewhere()


def test_what_was_soft_deleted_goes_for_good_with_its_files(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [store.runs.create("ann", CONFIG) for _number in range(3)]
    for run_id in ids:
        checkpoint_file(run_id).parent.mkdir(parents=True, exist_ok=True)
        checkpoint_file(run_id).touch()
        snapshot_folder(run_id).mkdir()
    store.retention.soft_delete(ids[:1], "ann")
    # The machine's clock is set forward, by mistake.
    later = time.time() + 2 * 86_400
    monkeypatch.setattr("time.time", lambda: later)
    dispatcher.tick()
    assert store.runs.version(ids[0]) is not None
    # A cluster has served the store for a day.
    store.lease.beat(86_401)
    store.retention.soft_delete(ids[1:2], "ann")
    dispatcher._cleared = -math.inf
    dispatcher.tick()
    assert store.runs.version(ids[0]) is None
    assert [store.runs.version(run_id) is not None for run_id in ids[1:]] == [True, True]
    assert [checkpoint_file(run_id).exists() for run_id in ids] == [False, True, True]
    assert [snapshot_folder(run_id).exists() for run_id in ids] == [False, True, True]


def test_the_oldest_weights_go_where_the_room_is_full_and_starred_ones_last(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "2")
    ids = [store.runs.create("ann", CONFIG) for _number in range(4)]
    for run_id in ids:
        store.queue.claim(run_id, "worker", 1)
        store.record_writer.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True)])
        settings.checkpoint_folder().mkdir(parents=True, exist_ok=True)
        checkpoint_file(run_id).write_bytes(bytes(900_000))
        snapshot = snapshot_folder(run_id) / "0.safetensors"
        snapshot.parent.mkdir()
        snapshot.write_bytes(bytes(200_000))
    for run_id in ids[:3]:
        store.record_writer.finish(run_id, "completed", {})
    store.labels.write(ids[0], "ann", star=True)
    dispatcher.tick()
    # 4.4 MB in a room of 2.1: all snapshots of what is over, then the weights of the two oldest without a star.
    assert [snapshot_folder(run_id).exists() for run_id in ids] == [False, False, False, True]
    assert [checkpoint_file(run_id).exists() for run_id in ids] == [True, False, False, True]
    assert [store.runs.get(run_id).checkpoint_step for run_id in ids] == [1, None, None, 1]


def test_snapshots_go_before_any_weights(dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "1")
    ids = with_weights(store, 3)
    dispatcher.tick()
    # 1.5 MB in a room of 1.05: the snapshots of the two oldest are enough.
    assert [snapshot_folder(run_id).exists() for run_id in ids] == [False, False, True]
    assert [store.runs.get(run_id).checkpoint_step for run_id in ids] == [1, 1, 1]
    assert all(checkpoint_file(run_id).exists() for run_id in ids)


def kept(ids: list[str]) -> list[bool]:
    return [checkpoint_file(run_id).exists() for run_id in ids]


def test_one_students_weights_push_nobody_elses_off_the_disk(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "2")
    monkeypatch.setenv("MNIST_LAB_STUDENT_WEIGHTS_MB", "2")
    old = with_weights(store, 1, "bob")
    many = with_weights(store, 6)
    for run_id in many:
        store.labels.write(run_id, "ann", star=True)
    dispatcher.tick()
    assert kept(old) == [True]
    assert snapshot_folder(old[0]).exists()
    assert sum(kept(many)) < 6 or not any(snapshot_folder(run_id).exists() for run_id in many[:4])


def test_what_a_student_has_above_his_room_goes_though_the_disk_has_more(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_WEIGHTS_MB", "1")
    others, ids = with_weights(store, 1, "bob"), with_weights(store, 6)
    store.labels.write(ids[0], "ann", star=True)
    dispatcher.tick()
    # 3 MB in a room of 1.05: all snapshots, and the oldest weights without a star.
    assert kept(ids) == [True, False, True, True, True, True]
    assert kept(others) == [True]
    assert snapshot_folder(others[0]).exists()


def resting(store: Store, runs: int, owner: str) -> list[str]:
    """Runs that are paused, with snapshots of 300,000 bytes and weights of 200,000."""
    ids = with_weights(store, runs, owner)
    for run_id in ids:
        with store.database.begin() as connection:
            change_row(connection, run_id, {"state": "paused", "outcome": None, "result": None})
    return ids


def test_weights_of_paused_runs_are_at_nobody_elses_cost(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "2")
    monkeypatch.setenv("MNIST_LAB_STUDENT_WEIGHTS_MB", "1")
    others = with_weights(store, 2, "bob")
    over, paused = with_weights(store, 1, "eve"), resting(store, 11, "eve")
    dispatcher.tick()
    # Eve needs 2.2 MB where she has 1.05: all else that is hers goes, and nothing of Bob's.
    assert kept(paused) == [True] * 11
    assert kept(over) == [False]
    assert not any(snapshot_folder(run_id).exists() for run_id in (*paused, *over))
    assert kept(others) == [True, True]
    assert all(snapshot_folder(run_id).exists() for run_id in others)
    monkeypatch.setattr(settings, "lacking_space", lambda: 10**9)  # but a full disk helps nobody
    retention.thin_out(store)
    assert kept(others) == [False, False]


def test_snapshots_of_paused_runs_go_last(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_WEIGHTS_MB", "1")
    first, second = resting(store, 2, "ann")
    (over,) = with_weights(store, 1)
    dispatcher.tick()
    # 1.5 MB in a room of 1.05: the snapshots of what is over, and its weights.
    assert kept([over]) == [False]
    assert [snapshot_folder(run_id).exists() for run_id in (first, second)] == [True, True]
    (more,) = resting(store, 1, "ann")
    retention.thin_out(store)
    assert [snapshot_folder(run_id).exists() for run_id in (first, second, more)] == [False, False, True]
    assert kept([first, second, more]) == [True] * 3


@pytest.mark.parametrize("then", ["stop", None])
def test_what_a_run_that_was_reset_has_left_counts_and_goes(
    dispatcher: Dispatcher, store: Store, monkeypatch: pytest.MonkeyPatch, then: Command | None
) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_WEIGHTS_MB", "1")
    ids = resting(store, 4, "eve")
    for run_id in ids:
        store.commands.send(run_id, "eve", "reset")
        if then is not None:
            store.commands.send(run_id, "eve", then)
    dispatcher.tick()
    # 2 MB in a room of 1.05
    assert kept(ids) == [True] * 4
    assert not any(snapshot_folder(run_id).exists() for run_id in ids)
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "1")
    monkeypatch.setattr(settings, "lacking_space", lambda: 10**9)
    retention.thin_out(store)
    assert kept(ids) == [False] * 4


def test_files_go_before_the_run_that_tells_whose_they_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    (run_id,) = with_weights(store, 1)
    store.retention.soft_delete([run_id], "ann")
    store.lease.take("a test")
    store.lease.beat(retention.SOFT_DELETED_SECONDS)

    def dies(*_run: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(store.runs, "delete", dies)
        with pytest.raises(KeyboardInterrupt):
            retention.delete_expired(store)
    assert kept([run_id]) == [False]
    retention.delete_expired(store)  # the next one does the rest
    assert store.runs.version(run_id) is None


def test_a_run_that_is_restored_while_others_are_deleted_stays_with_its_files(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = with_weights(store, 2)
    store.retention.soft_delete(ids, "ann")
    store.lease.take("a test")
    store.lease.beat(retention.SOFT_DELETED_SECONDS)
    listed = store.retention.expired

    def expired(seconds: float) -> list[tuple[str, str]]:
        found = listed(seconds)
        store.retention.restore(ids[:1], "ann")  # after the dispatcher has listed what goes …
        return found

    def forgotten(run_id: str) -> None:
        store.retention.restore([run_id], "ann")  # … and when its files are about to go
        forget_files(run_id)

    monkeypatch.setattr(store.retention, "expired", expired)
    monkeypatch.setattr(retention, "forget_files", forgotten)
    retention.delete_expired(store)
    assert kept(ids) == [True, False]
    assert [run.id for run in store.runs.newest("ann")] == ids[:1]
    assert store.runs.version(ids[1]) is None


def test_what_is_soft_deleted_and_rests_ends_with_the_dispatchers_next_look(
    dispatcher: Dispatcher, store: Store
) -> None:
    (run_id,) = resting(store, 1, "ann")
    with store.database.begin() as connection:  # as an earlier version let it be paused after it was deleted
        change_row(connection, run_id, {"soft_deleted_at": 0.0, "soft_deleted_served": 0.0})
    dispatcher.tick()
    assert (store.runs.get(run_id).state, store.runs.get(run_id).outcome) == ("finished", "stopped")


def with_weights(store: Store, runs: int, owner: str = "ann") -> list[str]:
    """Runs that have ended, with snapshots of 300,000 bytes and weights of 200,000."""
    ids = [store.runs.create(owner, CONFIG) for _number in range(runs)]
    for run_id in ids:
        claim(store, run_id)
        store.record_writer.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True)])
        snapshot = snapshot_folder(run_id) / "0.safetensors"
        snapshot.parent.mkdir(parents=True)
        snapshot.write_bytes(bytes(300_000))
        checkpoint_file(run_id).write_bytes(bytes(200_000))
        store.record_writer.finish(run_id, "completed", {})
    return ids


@pytest.mark.parametrize(
    ("lacking", "trails", "weights"),
    [
        (0, [True] * 3, [True] * 3),
        (400_000, [False, False, True], [True] * 3),
        (10**6, [False] * 3, [False, True, True]),
    ],
)
def test_a_disk_that_is_nearly_full_is_made_room_on(
    dispatcher: Dispatcher,
    store: Store,
    monkeypatch: pytest.MonkeyPatch,
    lacking: int,
    trails: list[bool],
    weights: list[bool],
) -> None:
    ids = with_weights(store, 3)
    monkeypatch.setattr(settings, "lacking_space", lambda: lacking)
    retention.thin_out(store)
    assert [snapshot_folder(run_id).exists() for run_id in ids] == trails
    assert [checkpoint_file(run_id).exists() for run_id in ids] == weights


def test_room_is_made_on_a_full_disk_though_the_store_cannot_write(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    over, waiting = with_weights(store, 2)
    with store.database.begin() as connection:
        connection.execute(sa.update(tables.runs).where(tables.runs.c.id == waiting).values(state="queued"))
    monkeypatch.setattr(settings, "lacking_space", lambda: 10**9)
    monkeypatch.setattr(store.retention, "oldest_weights", lambda _kept: [over, waiting])  # it has changed since

    def full(_run_id: str) -> bool:
        raise TransientStoreError("full")

    with monkeypatch.context() as patch:
        patch.setattr(store.retention, "forget_weights", full)
        retention.thin_out(store)
    assert [checkpoint_file(run_id).exists() for run_id in (over, waiting)] == [False, True]
    retention.thin_out(store)  # and now the store can
    assert store.runs.get(over).checkpoint_step is None
    assert store.runs.get(waiting).checkpoint_step == 1


def test_how_much_of_the_disk_is_kept_free(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def disk(total: int, free: int) -> int:
        monkeypatch.setattr(shutil, "disk_usage", lambda _place: SimpleNamespace(total=total << 20, free=free << 20))
        return settings.lacking_space() >> 20

    assert disk(total=100_000, free=2_000) == 0
    assert disk(total=100_000, free=1_000) == 24  # 1,024 MB
    assert disk(total=8_000, free=100) == 300  # a twentieth
    monkeypatch.setenv("MNIST_LAB_FREE_MB", "50")
    assert disk(total=8_000, free=10) == 40
    monkeypatch.setenv("MNIST_LAB_FREE_MB", "0")
    assert disk(total=8_000, free=0) == 0


def test_workers_that_stay_away_are_started_anew(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_WORKERS", "3")
    clock = [0.0]
    monkeypatch.setattr("mnist_core.jobs.dispatcher.time.monotonic", lambda: clock[0])
    renewed: list[float] = []

    def renew(given_up: bool) -> int:
        if not given_up:
            renewed.append(clock[0])
        return 0

    client = Client(owning("a"))
    dispatcher = Dispatcher(client, store, renew)
    for clock[0] in range(0, 500, 10):
        dispatcher._heartbeat()
    assert renewed == [70, 200, 450]  # they may still be starting; the second time on a slow machine
    client.workers = owning("a", "b", "c")
    for clock[0] in range(500, 1_000, 10):
        dispatcher._heartbeat()
    assert renewed == [70, 200, 450]
    client.workers = owning("a", "b")
    for clock[0] in range(1_000, 1_060, 10):
        dispatcher._heartbeat()
    assert renewed == [70, 200, 450]
    dispatcher._heartbeat()
    clock[0] = 1_070
    dispatcher._heartbeat()
    assert renewed == [70, 200, 450, 1_070]


def test_a_worker_that_died_while_it_started_is_not_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A class had one of two workers for a minute, when both were killed while one of them was starting."""
    monkeypatch.setenv("MNIST_LAB_WORKERS", "3")
    clock = [0.0]
    monkeypatch.setattr("mnist_core.jobs.dispatcher.time.monotonic", lambda: clock[0])
    renewed: list[float] = []

    def renew(given_up: bool) -> int:
        renewed.append(clock[0])
        return 1 if given_up else 0

    dispatcher = Dispatcher(Client(owning("a", "b")), store, renew)
    for clock[0] in range(40):
        dispatcher._heartbeat()
    assert renewed == [0, 2, 6, 14, 30]  # it dies again and again: each time it is left in peace for twice as long
