"""Facts about this installation: JSON under a key, such as the speed measured here or how far a download is."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa

from mnist_core.store.database import Part
from mnist_core.store.rows import insert_into
from mnist_core.store.tables import facts


class Facts(Part):
    """What is known by key; a part of `Store`."""

    def get(self, key: str) -> dict[str, Any] | None:
        """What is known under `key`."""
        with self.database.begin(write=False) as connection:
            value = connection.execute(sa.select(facts.c.value).where(facts.c.key == key)).scalar()
        return None if value is None else json.loads(value)

    def set(self, key: str, value: Mapping[str, Any]) -> None:
        """Know `value` (JSON-ready) under `key` from now on."""
        row = {"value": json.dumps(dict(value)), "updated_at": time.time()}
        with self.database.begin() as connection:
            statement = insert_into(connection, facts).values(key=key, **row)
            connection.execute(statement.on_conflict_do_update(index_elements=[facts.c.key], set_=row))

    def once(self, key: str, value: Mapping[str, Any]) -> dict[str, Any]:
        """What is known under `key`, which is `value` from now on where nothing was: the same for all who ask at once."""
        row = {"key": key, "value": json.dumps(dict(value)), "updated_at": time.time()}
        with self.database.begin() as connection:
            connection.execute(insert_into(connection, facts).values(row).on_conflict_do_nothing())
            known = connection.execute(sa.select(facts.c.value).where(facts.c.key == key)).scalar_one()
        found: dict[str, Any] = json.loads(known)
        return found
