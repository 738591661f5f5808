"""A store that is out of reach and a disk that is full, in the midst of a run: it waits, and draws the same curve."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from mnist_core import training
from mnist_core.errors import StoreUnavailableError, TransientStoreError
from mnist_core.jobs import analysis_job, cluster, compute_lock, worker_setup, worker_store
from mnist_core.networks.checkpoint_layout import checkpoint_file
from mnist_core.store import Store, open_store
from tests.conftest import THREADS, wait_until
from tests.jobs.short_run import CONFIG, dataset, execute, rows
from tests.postgresql import Server

ATTEMPTS = 12  # in vain, before the fault passes


@pytest.fixture
def store(quick_store: Store) -> Store:
    """The store of these tests."""
    return quick_store


class Fault:
    """Begins before the third report of a worker, and passes when it has met with it often enough."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Store, begin: Callable[[], Any], end: Callable[[], Any]):
        self.met = self.calls = 0
        real = store.record_writer.publish

        def publish(*args: Any) -> Any:
            self.calls += 1
            if self.calls == 3:
                begin()
            try:
                return real(*args)
            except TransientStoreError:
                self.met += 1
                if self.met == ATTEMPTS:
                    end()
                raise

        monkeypatch.setattr(store.record_writer, "publish", publish)


Disturb = Callable[[Store, Callable[[], Any], Callable[[], Any]], None]


@pytest.fixture
def disturb(undisturbed_curve: str, monkeypatch: pytest.MonkeyPatch) -> Disturb:
    """A run that meets with a fault draws the curve of one that does not, and makes nothing twice."""

    def disturbed(store: Store, begin: Callable[[], Any], end: Callable[[], Any]) -> None:
        run_id = store.runs.create("ann", CONFIG)
        fault = Fault(monkeypatch, store, begin, end)
        execute(store, run_id)
        run, curves = store.runs.get(run_id), store.record_reader.curves(run_id)
        assert fault.met >= ATTEMPTS
        assert (run.outcome, run.attempts, curves.events) == ("completed", 1, ())
        assert rows(curves) == undisturbed_curve
        assert training.Trainer.load(checkpoint_file(run_id), CONFIG, dataset()).step == CONFIG.total_steps

    return disturbed


def lock(home: Path) -> sqlite3.Connection:
    """Another program that writes, and does not come to its end."""
    holder = sqlite3.connect(home / "runs.sqlite", isolation_level=None, check_same_thread=False)
    holder.execute("BEGIN IMMEDIATE")
    return holder


def test_a_store_locked_for_longer_than_anybody_waits(store: Store, home: Path, disturb: Disturb) -> None:
    holders: list[sqlite3.Connection] = []
    disturb(store, lambda: holders.append(lock(home)), lambda: holders[0].close())


def test_a_store_that_is_full(store: Store, disturb: Disturb) -> None:
    def most(pages: str) -> None:
        with store.database.engine.connect() as connection:  # the pool hands out this one connection again
            pages_now = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages or pages_now}")

    disturb(store, lambda: most(""), lambda: most("1000000"))


def test_a_disk_that_takes_no_more_bytes(store: Store, home: Path, disturb: Disturb) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = home / "runs.sqlite-wal"

    def limit(most: int) -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, hard))

    try:
        disturb(store, lambda: limit(log.stat().st_size), lambda: limit(soft))
    finally:
        limit(soft)


@pytest.fixture
def small_disk(home: Path) -> Iterator[Path]:
    """The home on a disk of its own, of 24 MB; skips where none can be mounted."""
    home.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=24m", "tmpfs", str(home)]
    try:
        mounted = subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        mounted = False
    if not mounted:
        pytest.skip("no file system can be mounted here (it needs root)")
    yield home
    subprocess.run(["umount", "-l", str(home)], check=True)


def test_a_disk_that_is_full_for_store_and_checkpoints(small_disk: Path, store: Store, disturb: Disturb) -> None:
    filling = small_disk / "filling"

    def fill() -> None:
        with filling.open("wb", buffering=0) as file:
            for size in (2**20, 4_096, 1):
                with suppress(OSError):
                    while True:
                        file.write(bytes(size))

    disturb(store, fill, filling.unlink)


def test_a_server_of_postgresql_that_is_stopped_and_started_again(
    postgresql: Server, hurried: None, disturb: Disturb, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = postgresql.new_database()
    store = open_store(url)
    monkeypatch.setitem(worker_store._stores, url, store)
    disturb(store, postgresql.stop, postgresql.start)
    store.close()


def test_who_waits_for_the_store_lets_others_compute_and_draws_its_own_curve(
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch, undisturbed_curve: str
) -> None:
    import torch

    run_id = store.runs.create("ann", CONFIG)
    holders: list[sqlite3.Connection] = []
    fault = Fault(monkeypatch, store, lambda: holders.append(lock(home)), lambda: None)
    training_one = threading.Thread(target=execute, args=(store, run_id))
    training_one.start()
    wait_until(lambda: fault.met)
    computed = threading.Event()

    def analysis() -> None:
        with compute_lock.OF_THIS_PROCESS:
            torch.set_num_threads(THREADS + 1)
            computed.set()

    thread = threading.Thread(target=analysis, daemon=True)
    thread.start()
    assert computed.wait(20)
    holders[0].close()
    training_one.join(60)
    assert store.runs.get(run_id).outcome == "completed"
    assert torch.get_num_threads() == THREADS
    assert rows(store.record_reader.curves(run_id)) == undisturbed_curve


def test_a_worker_is_patient_but_not_for_ever_and_not_with_what_lasts(store: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_store, "PATIENCE_SECONDS", 0.05)
    calls: list[type] = []

    def failing(kind: type[StoreUnavailableError]) -> Callable[[], None]:
        def ask() -> None:
            calls.append(kind)
            raise kind("out of reach")

        return ask

    with pytest.raises(TransientStoreError):
        worker_store.patiently(failing(TransientStoreError))
    assert len(calls) > 2
    calls.clear()
    with pytest.raises(StoreUnavailableError):
        worker_store.patiently(failing(StoreUnavailableError))
    assert len(calls) == 1
    monkeypatch.setattr(worker_store, "PATIENCE_SECONDS", 600.0)
    worker_store.ending.set()  # the process is to end
    try:
        with pytest.raises(TransientStoreError):
            worker_store.patiently(failing(TransientStoreError))
    finally:
        worker_store.ending.clear()


def test_a_worker_that_closes_waits_no_longer_and_one_that_another_cluster_takes_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(worker_setup.psutil.Process, "nice", lambda *_priority: None)
    monkeypatch.setattr(training, "warm_up", lambda _cores: None)
    monkeypatch.setattr(worker_setup, "_open", lambda _url: None)
    plugin = worker_setup.WorkerSetup("sqlite://")
    plugin.teardown(None)
    assert list(worker_store.pauses(600.0)) == []
    plugin.setup(None)
    assert not worker_store.ending.is_set()


# ---- others that use the store -------------------------------------------------------------------------------------


def test_a_analysis_that_cannot_reach_the_store_has_not_failed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    analysis_id = store.analyses.create("ann", "snapshot-answers", {"run": "0123456789"})

    def away(*_args: Any) -> None:
        raise TransientStoreError("out of reach")

    monkeypatch.setattr(store.runs, "get", away)
    with pytest.raises(TransientStoreError):
        analysis_job.execute(analysis_id, store.url, 1)
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert (analysis.state, analysis.message) == ("running", None)


def test_the_cluster_waits_for_a_store_and_not_for_a_damaged_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "STORE_SECONDS", 0.0)
    answers: list[Any] = [TransientStoreError("locked"), TransientStoreError("locked"), "the store"]

    def opened() -> Any:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert cluster._reached(opened) == "the store"
    answers.append(StoreUnavailableError("damaged"))
    with pytest.raises(StoreUnavailableError):
        cluster._reached(opened)
