"""A small data set of MNIST's form, drawn once for all tests of the jobs; stores for them, and a dispatcher."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from mnist_core import data
from mnist_core.data import digits, folders, idx
from mnist_core.jobs import worker_store
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.store import Store, open_store
from tests.jobs.stand_in import Client


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
def store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store; MNIST is there, two workers."""
    monkeypatch.setenv("MNIST_LAB_WORKERS", "2")
    monkeypatch.setattr(data, "available", lambda name: name == "mnist")
    monkeypatch.setattr(data, "preferred", lambda: "mnist")
    opened = open_store()
    opened.set_fact("speed", {})
    yield opened
    opened.close()


@pytest.fixture
def dispatcher(store: Store) -> Dispatcher:
    """It has begun, with a stand-in for Dask."""
    made = Dispatcher(Client(), store)
    made.begin()
    return made


@pytest.fixture
def shared_store(home: Path, small_mnist: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that a test shares with the jobs that it executes in this process, on the small data set."""
    monkeypatch.setenv("MNIST_LAB_DATA", str(small_mnist))
    opened = open_store()
    worker_store._stores[opened.url] = opened
    yield opened
    del worker_store._stores[opened.url]
    opened.close()
