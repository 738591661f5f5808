"""The store that the tests of this folder use: SQLite always, PostgreSQL as well where Debian's is installed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core.store import Store, open_store
from tests.postgresql import Server
from tests.store.class_of_two import ANN, BOB, TEACHER, Opened


@pytest.fixture(params=["sqlite", "postgresql"])
def store(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store, the same for every `open_store()` of the test."""
    if request.param == "postgresql":
        server: Server = request.getfixturevalue("postgresql")
        monkeypatch.setenv("MNIST_LAB_STORE", server.new_database())
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture
def opened(store: Store) -> Opened:
    """A class with a teacher's browser, Ann and Bob, and its secret."""
    found, secret = store.classes.open("3b", TEACHER)
    store.classes.enter(found.id, secret, TEACHER)
    store.classes.join(found.code, ANN, "Otter")
    store.classes.join(found.code, BOB, "Falcon")
    return found, secret
