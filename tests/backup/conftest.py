"""A store that jobs of this process share, and another home to restore into."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mnist_core import data
from mnist_core.data import Dataset
from mnist_core.jobs import worker_store
from mnist_core.store import Store, open_store


@pytest.fixture
def store(home: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that is shared with the jobs of this process, which train on few images."""
    monkeypatch.setattr(data, "available", lambda name: name == "built-in")  # else each home draws 70,000 digits
    monkeypatch.setattr(data, "load_dataset", lambda _name: tiny)
    opened = open_store()
    worker_store._stores[opened.url] = opened
    yield opened
    del worker_store._stores[opened.url]
    opened.close()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Callable[[], Path]:
    """Makes another, empty home the one of the settings; returns it."""

    def move() -> Path:
        monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "another"))
        monkeypatch.delenv("MNIST_LAB_STORE", raising=False)
        return tmp_path / "another"

    return move
