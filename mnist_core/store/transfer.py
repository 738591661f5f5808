"""All rows of a store as they are at one moment, and rows into a store that has none: what a backup is made of.

Rows go as JSON lines, so that a backup fits every kind of database, and one with an older schema is restored at that schema
and then brought up to date (`stage`). What comes in may be damaged or made by anybody: every value must have its column's type.
"""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, get_args

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError

from mnist_core.records import AnalysisState, Outcome, State
from mnist_core.rounds import KINDS, QUESTIONS, RoundState
from mnist_core.store.database import Part
from mnist_core.store.engine import HEAD, known_revisions, new_sqlite
from mnist_core.store.faults import as_sentences
from mnist_core.store.rows import insert_into
from mnist_core.store.tables import (
    analyses,
    attempts,
    classes,
    counters,
    facts,
    lease,
    metadata,
    runs,
    sweeps,
    usage,
    weight_files,
)

__all__ = ["HEAD", "Checkpoint", "Snapshot", "Transfer", "known_revisions", "stage"]
ROWS = 200  # that are in memory at a time
# Facts about this machine, its cluster and this very store, not about runs: they are found out anew.
OF_THIS_MACHINE = ("cluster", "download", "digits", "speed", "identity", "strays")
NUMBERED = ("events", "id")  # a column that the database fills, in the order of the rows
_ID = re.compile("[0-9A-Za-z_-]{1,16}")  # an id is a part of a file's name
_WORDS = ("nan", "inf", "-inf")  # JSON has no such numbers
_CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("runs", "state"): get_args(State),
    ("runs", "outcome"): get_args(Outcome),
    ("analyses", "state"): get_args(AnalysisState),
    ("rounds", "state"): get_args(RoundState),
    ("rounds", "kind"): KINDS,
    ("rounds", "question"): QUESTIONS,
}
_JSON: dict[tuple[str, str], type] = {
    ("runs", "result"): dict,
    ("runs", "error"): dict,
    ("sweeps", "rates"): list,
    ("rounds", "config"): dict,
    ("rounds", "free"): dict,
    ("analyses", "parameters"): dict,
    ("analyses", "message"): dict,
    ("analyses", "result"): dict,
    ("facts", "value"): dict,
    ("own_images", "classes"): list,
}


@dataclass(frozen=True)
class Checkpoint:
    """What the store says of the checkpoint of a run that may go on: after which update, and who wrote it."""

    run_id: str
    step: int
    token: int | None


class Snapshot:
    """The store at one moment, as long as its transaction lasts; others go on reading and writing meanwhile."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def tables(self) -> list[str]:
        """Names of all tables, each after those that its rows refer to; without weights, which a backup has as files."""
        return [table.name for table in metadata.sorted_tables if table is not weight_files]

    def run_ids(self) -> set[str]:
        """Ids of all runs."""
        return set(self._connection.execute(sa.select(runs.c.id)).scalars())

    def checkpoints(self) -> list[Checkpoint]:
        """The checkpoints from which runs may go on: those that are not over, and those that have failed."""
        query = sa.select(runs.c.id, runs.c.checkpoint_step, runs.c.checkpoint_token).where(
            runs.c.checkpoint_step.is_not(None), sa.or_(runs.c.state != "finished", runs.c.outcome == "failed")
        )
        return [Checkpoint(*row) for row in self._connection.execute(query.order_by(runs.c.id))]

    def rows(self, name: str) -> Iterator[dict[str, Any]]:
        """The rows of a table, a few at a time, without what is about this machine alone."""
        table = metadata.tables[name]
        query = sa.select(*(column for column in table.c if (name, column.name) != NUMBERED))
        if name == facts.name:
            query = query.where(facts.c.key.not_in(OF_THIS_MACHINE))
        query = query.order_by(*table.primary_key.columns)
        rows = self._connection.execute(query, execution_options={"yield_per": ROWS}).mappings()
        cleared = {"holder": ""} if name == lease.name else {}
        return ({**row, **cleared} for row in rows)

    def lines(self, name: str) -> Iterator[bytes]:
        """The rows of a table, each as a line of JSON."""
        types = {column.name: column.type for column in metadata.tables[name].c}
        for row in self.rows(name):
            plain = {column: _plain(types[column], value) for column, value in row.items()}
            yield json.dumps(plain, allow_nan=False).encode() + b"\n"


class Transfer(Part):
    """All rows out of a store, and into one; a part of `Store`."""

    @contextmanager
    def snapshot(self) -> Iterator[Snapshot]:
        """The store as it is now, for as long as the context lasts. Nobody is kept from writing."""
        with as_sentences(self.database.url), self.database.engine.connect() as connection:
            if self.database.engine.dialect.name == "sqlite":
                connection.exec_driver_sql("BEGIN")  # else each SELECT would see another moment
            else:
                connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
            connection.execute(sa.select(counters)).all()  # the moment is that of the first look
            yield Snapshot(connection)

    def has_runs(self) -> bool:
        """Whether there are runs, sweeps, analyses or classes."""
        with self.database.begin(write=False) as connection:
            return _has_runs(connection)

    def fill(self, snapshot: Snapshot) -> bool:
        """Take all rows of another store over, in one transaction. False, and nothing is changed, where this one has runs.

        Whoever held the lease has lost it, and whoever comes next may have it at once.
        """
        with self.database.begin() as connection:
            if _has_runs(connection):
                return False
            for name in snapshot.tables():
                _take_over(connection, metadata.tables[name], snapshot.rows(name))
        return True


def _has_runs(connection: sa.Connection) -> bool:
    return any(
        connection.execute(sa.select(sa.literal(1)).select_from(table)).first()
        for table in (runs, sweeps, analyses, classes)
    )


def _take_over(connection: sa.Connection, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    if table is lease:
        (row,) = rows
        change = {"token": lease.c.token + 1, "served_seconds": row["served_seconds"], "holder": ""}
        connection.execute(sa.update(lease).values(change))
    elif table in (facts, counters, usage, attempts):
        for row in rows:
            statement = insert_into(connection, table).values(row)
            connection.execute(statement.on_conflict_do_update(index_elements=[*table.primary_key], set_=row))
    else:
        _insert(connection, table, rows)


def _insert(connection: sa.Connection, table: sa.Table, rows: Iterator[dict[str, Any]]) -> None:
    while batch := list(islice(rows, ROWS)):
        connection.execute(sa.insert(table), batch)


def stage(file: Path, revision: str, lines: Callable[[str], Iterable[bytes]]) -> dict[str, int]:
    """Make a SQLite store in a new `file` with the tables of `revision` and the rows in `lines(table)`; returns how many each
    table has. `open_store` brings it up to date.

    Raises ValueError where rows do not fit the tables, OSError and StoreUnavailableError where the file cannot be written.
    """
    engine = new_sqlite(file, revision)
    counts: dict[str, int] = {}
    try:
        with as_sentences(str(engine.url)), engine.begin() as connection:
            tables = sa.MetaData()
            tables.reflect(connection, only=lambda name, _: name not in ("alembic_version", weight_files.name))
            for table in reversed(tables.sorted_tables):
                connection.execute(sa.delete(table))  # what the migrations have put there
            for table in tables.sorted_tables:
                try:
                    _insert(connection, table, _counted(table, lines(table.name), counts))
                except IntegrityError as error:
                    raise ValueError(f"rows of {table.name} do not fit together") from error
    finally:
        engine.dispose()
    return counts


def _counted(table: sa.Table, lines: Iterable[bytes], counts: dict[str, int]) -> Iterator[dict[str, Any]]:
    counts[table.name] = 0
    for line in lines:
        yield _row(table, line)
        counts[table.name] += 1


def _row(table: sa.Table, line: bytes) -> dict[str, Any]:
    """The row in a line of JSON. Raises ValueError."""
    try:
        plain = json.loads(line)
    except RecursionError as error:
        raise ValueError("no row") from error
    columns = [column for column in table.c if (table.name, column.name) != NUMBERED]
    if not isinstance(plain, dict) or plain.keys() != {column.name for column in columns}:
        raise ValueError(f"no row of {table.name}")
    return {column.name: _checked(column, plain[column.name]) for column in columns}


def _checked(column: sa.Column[Any], plain: Any) -> Any:
    """The value of a column. Raises ValueError where it cannot be one."""
    name = (column.table.name, column.name)
    if plain is None:
        if not column.nullable:
            raise ValueError(f"{name} is missing")
        return None
    value = _value(column.type, plain)
    if column.name in ("id", "run_id") and isinstance(value, str) and not _ID.fullmatch(value):
        raise ValueError(f"{name} is no id")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise ValueError(f"{name} is unknown")
    if name in _JSON:
        try:
            fits = isinstance(json.loads(value), _JSON[name])
        except RecursionError:
            fits = False
        if not fits:
            raise ValueError(f"{name} is damaged")
    return value


def _plain(kind: sa.types.TypeEngine[Any], value: Any) -> Any:
    """A value of a column of this kind as JSON has it."""
    if isinstance(kind, sa.LargeBinary) and value is not None:
        return base64.b64encode(value).decode()
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _value(kind: sa.types.TypeEngine[Any], plain: Any) -> Any:
    """What `_plain` made such JSON of. Raises ValueError where it made none of it."""
    if isinstance(kind, sa.Boolean) and isinstance(plain, bool):
        return plain
    if isinstance(kind, sa.Float) and plain in _WORDS:
        return float(plain)
    if isinstance(kind, sa.Integer | sa.Float) and type(plain) is int and abs(plain) < 2**63:
        return plain
    if isinstance(kind, sa.Float) and isinstance(plain, float):
        return plain
    if isinstance(kind, sa.LargeBinary) and isinstance(plain, str):
        return base64.b64decode(plain, validate=True)
    if isinstance(kind, sa.String) and isinstance(plain, str) and len(plain) <= (kind.length or math.inf):
        plain.encode()  # half of a surrogate pair is no text
        return plain
    raise ValueError(f"no {type(kind).__name__}")
