"""What every part of the store stands on: the engine and its transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from mnist_core import settings
from mnist_core.store.engine import as_sentences, open_engine


class Base:
    """A connection to the database at `url`, to inherit from."""

    def __init__(self, url: str | None = None) -> None:
        self.url = url or settings.store_url()
        self._engine = open_engine(self.url)

    def close(self) -> None:
        """Give back all connections."""
        self._engine.dispose()

    @contextmanager
    def _begin(self, *, write: bool = True) -> Iterator[sa.Connection]:
        with as_sentences(self.url), self._engine.connect() as connection:
            if write and self._engine.dialect.name == "sqlite":
                # Take the write lock at once: a transaction that reads first and writes later may be refused.
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            yield connection
            connection.commit()
