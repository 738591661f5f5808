"""Checkpoints and snapshots in the store, for workers and pages that share no folder: each file as it is, under its name."""

from __future__ import annotations

import hashlib

import sqlalchemy as sa

from mnist_core.store.database import Part
from mnist_core.store.rows import insert_into
from mnist_core.store.tables import weight_files


class WeightFiles(Part):
    """Files by their names; a part of `Store`, and a `networks.shared_files.SharedFiles`."""

    def put(self, name: str, run_id: str, data: bytes) -> None:
        """Keep the file, in the place of one of this name."""
        row = {"run_id": run_id, "digest": hashlib.sha256(data).hexdigest(), "bytes": len(data), "data": data}
        with self.database.begin() as connection:
            statement = insert_into(connection, weight_files).values(name=name, **row)
            connection.execute(statement.on_conflict_do_update(index_elements=[weight_files.c.name], set_=row))

    def digest(self, name: str) -> str | None:
        """SHA-256 of the file, in hexadecimal digits; None where there is none."""
        query = sa.select(weight_files.c.digest).where(weight_files.c.name == name)
        with self.database.begin(write=False) as connection:
            return connection.execute(query).scalar()

    def data(self, name: str) -> bytes | None:
        """The file; None where there is none."""
        query = sa.select(weight_files.c.data).where(weight_files.c.name == name)
        with self.database.begin(write=False) as connection:
            return connection.execute(query).scalar()

    def move(self, name: str, to: str) -> None:
        """Let the file, where there is one, take the place of another."""
        with self.database.begin() as connection:
            own = weight_files.c.name == name
            if connection.execute(sa.select(weight_files.c.bytes).where(own)).first() is not None:
                connection.execute(sa.delete(weight_files).where(weight_files.c.name == to))
                connection.execute(sa.update(weight_files).where(own).values(name=to))

    def sizes(self, run_id: str) -> dict[str, int]:
        """Bytes of the run's files, by name."""
        query = sa.select(weight_files.c.name, weight_files.c.bytes).where(weight_files.c.run_id == run_id)
        with self.database.begin(write=False) as connection:
            return {row.name: row.bytes for row in connection.execute(query)}

    def all_sizes(self) -> dict[str, int]:
        """Bytes of all files, by name."""
        query = sa.select(weight_files.c.name, weight_files.c.bytes)
        with self.database.begin(write=False) as connection:
            return {row.name: row.bytes for row in connection.execute(query)}

    def remove(self, names: list[str]) -> None:
        """Remove these files."""
        if names:
            with self.database.begin() as connection:
                connection.execute(sa.delete(weight_files).where(weight_files.c.name.in_(names)))
