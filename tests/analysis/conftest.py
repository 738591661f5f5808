"""A store that jobs of this process use, too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core.jobs import worker_store
from mnist_core.store import Store, open_store


@pytest.fixture
def store(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store."""
    opened = open_store()
    monkeypatch.setitem(worker_store._stores, opened.url, opened)
    yield opened
    opened.close()
