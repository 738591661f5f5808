"""A store that is out of reach and a disk that is full, in the midst of a run: it waits, and draws the same curve."""

from __future__ import annotations

import errno
import os
import resource
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mnist_core import settings, training
from mnist_core.config import RunConfig
from mnist_core.errors import CheckpointError, StoreUnavailableError, TransientStoreError
from mnist_core.jobs import cluster, one_run, run_job, study_job, turns, worker_store
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves
from mnist_core.store import Store, open_store
from mnist_core.training import trail
from tests.conftest import wait_until
from tests.postgresql import Server

CONFIG = RunConfig(train_size=1_000, validation_size=500, hidden_layers=(16,), batch_size=10, epochs=3)
ATTEMPTS = 12  # in vain, before the fault passes


class DeathError(BaseException):
    """The worker dies here: nothing in between may catch it."""


@pytest.fixture
def hurried(small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many small pieces, and pauses in which nothing need happen."""
    monkeypatch.setenv("MNIST_LAB_DATA", str(small_mnist))
    monkeypatch.setattr(run_job, "PUBLISH_SECONDS", 0.02)
    monkeypatch.setattr(run_job, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(run_job, "CHECKPOINT_SECONDS", float("inf"))  # only where one has to be
    monkeypatch.setattr(one_run, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(one_run, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(worker_store, "FIRST_SECONDS", 0.001)
    monkeypatch.setattr(worker_store, "LONGEST_SECONDS", 0.01)


@pytest.fixture
def store(home: Path, hurried: None) -> Iterator[Store]:
    """A store that the jobs of this process use, too; nobody waits inside the database."""
    opened = open_store(busy_seconds=0.0)
    worker_store._stores[opened.url] = opened
    yield opened
    del worker_store._stores[opened.url]
    opened.close()


def execute(store: Store, run_id: str) -> None:
    run_job.execute([run_id], store.url, 2)


def rows(curves: Curves) -> str:
    """Everything recorded but the time it took."""
    shown = []
    for records in (curves.steps, curves.evaluations):
        names = [name for name in records.dtype.names or () if name != "seconds"]
        shown.append(repr(records[names].tolist()))
    return "\n".join(shown)


@pytest.fixture(scope="module")
def undisturbed(small_mnist: Path) -> str:
    """The curve of the run that nothing happens to."""
    result = training.train(CONFIG, data=small_mnist, threads=2)
    tables = [frame.to_records(index=False) for frame in (result.steps, result.evaluations)]
    steps, evaluations = (
        np.array(table.tolist(), dtype) for table, dtype in zip(tables, (STEP_DTYPE, EVALUATION_DTYPE), strict=True)
    )
    return rows(Curves(steps, evaluations))


class Fault:
    """Begins before the third report of a worker, and passes when it has met with it often enough."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, store: Store, begin: Callable[[], Any], end: Callable[[], Any]):
        self.met = self.calls = 0
        real = store.publish

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

        monkeypatch.setattr(store, "publish", publish)


Disturb = Callable[[Store, Callable[[], Any], Callable[[], Any]], None]


@pytest.fixture
def disturb(undisturbed: str, monkeypatch: pytest.MonkeyPatch) -> Disturb:
    """A run that meets with a fault draws the curve of one that does not, and makes nothing twice."""
    return partial(_disturb, undisturbed, monkeypatch)


def _disturb(
    expected: str, monkeypatch: pytest.MonkeyPatch, store: Store, begin: Callable[[], Any], end: Callable[[], Any]
) -> None:
    run_id = store.create_run("ann", CONFIG)
    fault = Fault(monkeypatch, store, begin, end)
    execute(store, run_id)
    run, curves = store.get(run_id), store.curves(run_id)
    assert fault.met >= ATTEMPTS
    assert (run.outcome, run.attempts, curves.events) == ("completed", 1, ())
    assert rows(curves) == expected
    assert training.load(settings.checkpoint_file(run_id), CONFIG, _dataset()).step == CONFIG.total_steps


def _dataset() -> Any:
    from mnist_core import data

    return data.load_dataset("mnist")


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
        with store._engine.connect() as connection:  # the pool hands out this one connection again
            there = connection.exec_driver_sql("PRAGMA page_count").scalar()
            connection.exec_driver_sql(f"PRAGMA max_page_count = {pages or there}")

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
    store: Store, home: Path, monkeypatch: pytest.MonkeyPatch, undisturbed: str
) -> None:
    import torch

    run_id = store.create_run("ann", CONFIG)
    holders: list[sqlite3.Connection] = []
    fault = Fault(monkeypatch, store, lambda: holders.append(lock(home)), lambda: None)
    training_one = threading.Thread(target=execute, args=(store, run_id))
    training_one.start()
    wait_until(lambda: fault.met)
    computed = threading.Event()

    def study() -> None:
        with turns.OF_THIS_PROCESS:
            torch.set_num_threads(1)
            computed.set()

    other = threading.Thread(target=study, daemon=True)
    other.start()
    assert computed.wait(20)
    holders[0].close()
    training_one.join(60)
    assert store.get(run_id).outcome == "completed"
    assert torch.get_num_threads() == 2
    assert rows(store.curves(run_id)) == undisturbed


def test_a_worker_is_patient_but_not_for_ever_and_not_with_what_lasts(store: Store, monkeypatch: Any) -> None:
    monkeypatch.setattr(worker_store, "PATIENCE_SECONDS", 0.05)
    asked: list[type] = []

    def failing(kind: type[StoreUnavailableError]) -> Callable[[], None]:
        def ask() -> None:
            asked.append(kind)
            raise kind("out of reach")

        return ask

    with pytest.raises(TransientStoreError):
        worker_store.patiently(failing(TransientStoreError))
    assert len(asked) > 2
    asked.clear()
    with pytest.raises(StoreUnavailableError):
        worker_store.patiently(failing(StoreUnavailableError))
    assert len(asked) == 1
    monkeypatch.setattr(worker_store, "PATIENCE_SECONDS", 600.0)
    worker_store.ending.set()  # the process is to end
    try:
        with pytest.raises(TransientStoreError):
            worker_store.patiently(failing(TransientStoreError))
    finally:
        worker_store.ending.clear()


# ---- checkpoints ---------------------------------------------------------------------------------------------------


def full_disk(monkeypatch: pytest.MonkeyPatch, times: float, after: int = 0) -> list[int]:
    """No checkpoint can be written, so many times after the first ones. Returns the steps at which that was so."""
    real, refused, calls = training.save, [], 0

    def save(trainer: Any, path: Path) -> None:
        nonlocal calls
        calls += 1
        if after < calls <= after + times:
            refused.append(trainer.step)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        real(trainer, path)

    monkeypatch.setattr(training, "save", save)
    return refused


def asked_during(store: Store, monkeypatch: pytest.MonkeyPatch, ask: Callable[[], Any], report: int = 3) -> None:
    """`ask` is done before the worker's third report."""
    real, calls = store.publish, 0

    def publish(*args: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == report:
            ask()
        return real(*args)

    monkeypatch.setattr(store, "publish", publish)


@pytest.mark.parametrize(("command", "state"), [("pause", "paused"), ("step", "paused"), ("stop", "finished")])
def test_what_is_to_rest_or_end_waits_until_its_checkpoint_is_written(
    store: Store, monkeypatch: pytest.MonkeyPatch, command: Any, state: str
) -> None:
    run_id = store.create_run("ann", CONFIG)
    refused = full_disk(monkeypatch, 5)
    asked_during(store, monkeypatch, lambda: store.request(run_id, "ann", command))
    execute(store, run_id)
    run = store.get(run_id)
    assert refused == [refused[0]] * 5
    assert (run.state, run.command) == (state, None)
    assert run.checkpoint_step == run.progress.step == refused[0] > 0
    assert training.load(settings.checkpoint_file(run_id), CONFIG, _dataset()).step == refused[0]


def test_the_weights_of_a_run_that_is_over_wait_too(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)
    refused = full_disk(monkeypatch, 5)
    execute(store, run_id)
    assert refused == [CONFIG.total_steps] * 5
    assert store.get(run_id).checkpoint_step == CONFIG.total_steps


def test_a_second_thought_while_the_disk_is_full_counts(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed: str
) -> None:
    run_id = store.create_run("ann", CONFIG)
    refused = full_disk(monkeypatch, 5)
    asked_during(store, monkeypatch, lambda: store.request(run_id, "ann", "stop"))
    real = store.requests

    def requests(*args: Any) -> Any:
        if len(refused) == 3:
            store.request(run_id, "ann", "resume")
        return real(*args)

    monkeypatch.setattr(store, "requests", requests)
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    assert rows(store.curves(run_id)) == undisturbed  # no window was closed early


def test_a_run_that_could_not_be_saved_when_it_was_paused_makes_the_steps_again(
    store: Store, monkeypatch: pytest.MonkeyPatch, undisturbed: str
) -> None:
    run_id = store.create_run("ann", CONFIG)
    with monkeypatch.context() as patch:
        patch.setattr(one_run, "SAVE_SECONDS", 0.05)
        full_disk(patch, float("inf"))
        asked_during(store, patch, lambda: store.request(run_id, "ann", "pause"))
        execute(store, run_id)
    run = store.get(run_id)
    assert (run.state, run.checkpoint_step) == ("paused", None)
    assert run.progress.step > 0
    store.request(run_id, "ann", "resume")
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    assert rows(store.curves(run_id)) == undisturbed


def test_a_rate_that_was_changed_when_no_checkpoint_could_be_written_stays_in_use(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create_run("ann", CONFIG)

    def die() -> None:
        if store.get(run_id).learning_rate:
            raise DeathError

    with monkeypatch.context() as patch:
        full_disk(patch, float("inf"))
        asked_during(store, patch, lambda: store.request_learning_rate(run_id, "ann", 0.03))
        patch.setattr(run_job._Bunch, "_go_on", _then(die, run_job._Bunch._go_on))
        with pytest.raises(DeathError):
            execute(store, run_id)
    store.requeue(run_id)
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    curves = store.curves(run_id)
    assert [(event.kind, event.value) for event in curves.events][-1] == ("learning_rate", 0.03)
    assert curves.steps["learning_rate"][-1] == pytest.approx(0.03)


def _then(act: Callable[[], None], method: Callable[[Any], None]) -> Callable[[Any], None]:
    def wrapped(self: Any) -> None:
        act()
        method(self)

    return wrapped


def test_a_checkpoint_that_cannot_be_put_in_its_place_is_not_written_over(
    store: Store, monkeypatch: Any, undisturbed: str
) -> None:
    monkeypatch.setattr(run_job._Bunch, "_save_is_due", lambda self: True)
    run_id = store.create_run("ann", CONFIG)
    replace, place, moved = Path.replace, settings.checkpoint_file(run_id), 0

    def stuck(self: Path, target: Path) -> Path:
        nonlocal moved
        if target == place:
            moved += 1
            if moved == 6:
                raise DeathError
            if moved > 1:
                raise OSError(errno.EIO, os.strerror(errno.EIO))
        return replace(self, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", stuck)
        with pytest.raises(DeathError):
            execute(store, run_id)
    counts = store.get(run_id).checkpoint_step or 0
    assert 0 < counts < store.get(run_id).progress.step
    store.requeue(run_id)
    execute(store, run_id)
    (recovered,) = store.curves(run_id).events
    assert recovered.step == counts  # nothing before it was made again
    assert rows(store.curves(run_id)) == undisturbed


def test_a_checkpoint_that_cannot_be_read_just_now_is_no_reason_to_start_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_id = store.create_run("ann", CONFIG)
    with monkeypatch.context() as patch:
        asked_during(store, patch, lambda: store.request(run_id, "ann", "pause"))
        execute(store, run_id)
    step = store.get(run_id).progress.step
    store.request(run_id, "ann", "resume")

    def away(file: Path, *_args: Any, **_options: Any) -> None:
        raise CheckpointError("damaged") from OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    with monkeypatch.context() as patch:
        patch.setattr(training, "load", away)
        with pytest.raises(OSError, match=os.strerror(errno.ESTALE)):
            execute(store, run_id)
    store.requeue(run_id)
    folder = settings.checkpoint_folder()
    hidden = folder.rename(folder.with_name("elsewhere"))  # the share is not mounted
    with pytest.raises(OSError, match=os.strerror(errno.ENODEV)):
        execute(store, run_id)
    store.requeue(run_id)
    hidden.rename(folder)
    assert store.curves(run_id).steps["step"][-1] <= step  # all records are there yet
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    assert store.curves(run_id).events == ()


def test_no_snapshots_are_written_where_the_disk_is_nearly_full(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    run_id = store.create_run("ann", CONFIG)
    monkeypatch.setenv("MNIST_LAB_FREE_MB", str(2**40))
    execute(store, run_id)
    assert store.get(run_id).outcome == "completed"
    assert trail.steps(run_id) == []
    assert settings.checkpoint_file(run_id).exists()  # its last and best weights are kept


# ---- others that use the store -------------------------------------------------------------------------------------


def test_a_study_that_cannot_reach_the_store_has_not_failed(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    study_id = store.create_study("ann", "course", {"run": "0123456789"})

    def away(*_args: Any) -> None:
        raise TransientStoreError("out of reach")

    monkeypatch.setattr(store, "get", away)
    with pytest.raises(TransientStoreError):
        study_job.execute(study_id, store.url, 1)
    study = store.study(study_id)
    assert study is not None
    assert (study.state, study.message) == ("running", None)


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
