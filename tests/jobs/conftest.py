"""A small data set of MNIST's form, drawn once for all tests of the jobs; stores for them, and a dispatcher."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mnist_core import data, estimate, training
from mnist_core.data import digits, folders, idx
from mnist_core.jobs import maintenance, run_execution, run_job, worker_store
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves
from mnist_core.store import Store, open_store
from tests.conftest import THREADS
from tests.jobs import crashes
from tests.jobs.fake_client import Client
from tests.jobs.servers import StandIn, Start
from tests.jobs.short_run import CONFIG, rows


@pytest.fixture(scope="session")
def small_mnist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the four files in their right sizes: 1,000 digits again and again."""
    folder = tmp_path_factory.mktemp("digits")
    images, labels = digits.draw_digits(1000, 5)
    for split, times in (("train", 60), ("test", 10)):
        idx.write(folder / folders.FILES[f"{split}_images"][0], np.tile(images, (times, 1, 1)))
        idx.write(folder / folders.FILES[f"{split}_labels"][0], np.tile(labels, times))
    # In this process they pass for MNIST; other processes call them "other".
    hashes = [hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in folders.NAMES if "labels" in name]
    folders.KNOWN[hashes[0], hashes[1]] = "mnist"
    return folder


@pytest.fixture
def mnist_is_there(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dispatcher takes it for granted; nothing is read."""
    monkeypatch.setattr(data, "available", lambda name: name == "mnist")
    monkeypatch.setattr(data, "preferred", lambda: "mnist")
    monkeypatch.setattr(maintenance, "find", lambda name: home / "data")


@pytest.fixture
def store(home: Path, mnist_is_there: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store; MNIST is there, two workers."""
    monkeypatch.setenv("MNIST_LAB_WORKERS", "2")
    opened = open_store()
    opened.facts.set("speed", {"version": estimate.VERSION})
    yield opened
    opened.close()


@pytest.fixture
def dispatcher(store: Store) -> Dispatcher:
    """It has begun, with a stand-in for Dask."""
    dispatcher = Dispatcher(Client(), store)
    dispatcher.begin()
    return dispatcher


@pytest.fixture
def shared_store(home: Path, small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that a test shares with the jobs that it executes in this process, on the small data set."""
    monkeypatch.setenv("MNIST_LAB_DATA", str(small_mnist))
    opened = open_store()
    worker_store._stores[opened.url] = opened
    yield opened
    del worker_store._stores[opened.url]
    opened.close()


@pytest.fixture
def eager_store(shared_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store that is shared with the jobs, to which `crashes.CONFIG` tells of itself a dozen times, each time with a checkpoint."""
    monkeypatch.setattr(run_job, "CHECKPOINT_SECONDS", 0.0)
    monkeypatch.setattr(run_job, "CHECKPOINT_FRACTION", 1.0)
    crashes.in_strides(monkeypatch, crashes.CONFIG.total_steps // 12)
    return shared_store


@pytest.fixture
def hurried(small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of this process publish in many small pieces, and wait for what is out of reach in short pauses."""
    monkeypatch.setenv("MNIST_LAB_DATA", str(small_mnist))
    monkeypatch.setattr(run_job, "PUBLISH_SECONDS", 0.02)
    monkeypatch.setattr(run_job, "FIRST_SECONDS", 0.02)
    monkeypatch.setattr(run_job, "CHECKPOINT_SECONDS", float("inf"))  # only where one has to be
    monkeypatch.setattr(run_execution, "ASK_SECONDS", 0.0)
    monkeypatch.setattr(run_execution, "AWAY_SECONDS", 0.0)
    monkeypatch.setattr(worker_store, "FIRST_SECONDS", 0.001)
    monkeypatch.setattr(worker_store, "LONGEST_SECONDS", 0.01)


@pytest.fixture
def quick_store(home: Path, hurried: None) -> Iterator[Store]:
    """A store that the jobs of this process use, too; nobody waits inside the database."""
    opened = open_store(busy_seconds=0.0)
    worker_store._stores[opened.url] = opened
    yield opened
    del worker_store._stores[opened.url]
    opened.close()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, small_mnist: Path) -> dict[str, str]:
    """A home with a small data set of the right form in it, and two workers."""
    home = tmp_path_factory.mktemp("home")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    return {**clean, "MNIST_LAB_HOME": str(home), "MNIST_LAB_DATA": str(small_mnist), "MNIST_LAB_WORKERS": "2"}


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers of the test's own, none of which outlives it."""
    started: list[StandIn] = []

    def start_server(environment: dict[str, str]) -> StandIn:
        started.append(StandIn(environment))
        return started[-1]

    yield start_server
    for server in started:
        if server.process.returncode is None:
            server.end()


@pytest.fixture(scope="session")
def undisturbed_curve(small_mnist: Path) -> str:
    """The curve of `short_run.CONFIG` where nothing happens to it."""
    result = training.train(CONFIG, data=small_mnist, threads=THREADS)
    tables = [frame.to_records(index=False) for frame in (result.steps, result.evaluations)]
    steps, evaluations = (
        np.array(table.tolist(), dtype) for table, dtype in zip(tables, (STEP_DTYPE, EVALUATION_DTYPE), strict=True)
    )
    return rows(Curves(steps, evaluations))
