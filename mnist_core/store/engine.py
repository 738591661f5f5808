"""Opens the database: connection settings, and migration to the newest schema.

A new database gets the newest schema at once. Alembic is imported only where there is an older one, so that a page's process rarely pays
for it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import filelock
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError

from mnist_core import settings
from mnist_core.errors import StoreUnavailableError, system_reason
from mnist_core.messages import N_
from mnist_core.store.faults import as_sentences, sentence
from mnist_core.store.tables import counters, lease, metadata

HEAD = "0021_settings_predicted"  # newest revision in migrations/versions
MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 5_417_001  # any number that nobody else locks in PostgreSQL
BUSY_SECONDS = 10.0  # how long a writer waits for another, at most
MIGRATION_SECONDS = 60  # … and for one that brings the schema up to date
# How long a server of PostgreSQL may take to answer: one whose machine is gone would be waited for for minutes.
ANSWER_SECONDS = 10


def open_engine(url: str, busy_seconds: float | None = None) -> sa.Engine:
    """An engine for `url`, its schema brought to the newest revision. `busy_seconds`: default BUSY_SECONDS.

    Raises StoreUnavailableError where the file cannot be made, read or written, or is newer than this program; where
    the address is none, or its driver is not installed.
    """
    address = _address(url)
    folder = _sqlite_folder(address)
    if folder is not None:
        try:
            _make_file(address, folder)
        except OSError as error:
            raise StoreUnavailableError(
                N_(
                    "The folder {folder} for the runs cannot be created ({reason}). Set MNIST_LAB_HOME to another folder."
                ),
                folder=str(folder),
                reason=system_reason(error),
            ) from error
    with as_sentences(url):
        engine = _engine(address)
        seconds = BUSY_SECONDS if busy_seconds is None else busy_seconds
        prepare = _prepare_sqlite if _is_sqlite(address) else _prepare_postgresql
        event.listen(engine, "connect", partial(prepare, 1_000 * seconds))
        try:
            if _revision(engine) != HEAD:
                _migrate(engine, folder)
        except BaseException:
            engine.dispose()  # else its connection stays open until something collects it
            raise
    return engine


def _make_file(address: sa.URL, folder: Path) -> None:
    """Make the database's file for this account alone, with its folder; SQLite gives the files beside it the same mode."""
    settings.make_private(folder, owned=False)
    file = Path(str(address.database)).expanduser()
    if not file.exists():
        with suppress(OSError):  # SQLite has a sentence for it
            os.close(settings.open_private(file))
    settings.close_to_others(file)


def _address(url: str) -> sa.URL:
    try:
        return sa.make_url(url)
    except ArgumentError as error:
        # The address is not repeated: it may hold a password.
        raise StoreUnavailableError(
            N_(
                "MNIST_LAB_STORE is not a valid SQLAlchemy URL. Write it in the form postgresql://user:password@host/name."
            )
        ) from error


def _engine(address: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(address, pool_pre_ping=not _is_sqlite(address), connect_args=_connect_args(address))
    except ImportError as error:
        raise StoreUnavailableError(
            N_("The store {store} needs the Python package {package}. Install it, or change MNIST_LAB_STORE."),
            store=address.render_as_string(hide_password=True),
            package=address.get_driver_name(),
        ) from error


def _connect_args(address: sa.URL) -> dict[str, Any]:
    """What libpq is told, where the address says nothing of it."""
    if address.get_driver_name() not in ("psycopg", "psycopg2"):
        return {}
    defaults = {"connect_timeout": ANSWER_SECONDS, "tcp_user_timeout": 1_000 * ANSWER_SECONDS}
    return {name: value for name, value in defaults.items() if name not in address.query}


def _is_sqlite(address: sa.URL) -> bool:
    return address.get_backend_name() == "sqlite"


def _sqlite_folder(address: sa.URL) -> Path | None:
    """Where the database's file lies; None where it has none, or an address of its own (file:...?mode=ro)."""
    if _is_sqlite(address) and address.database and not address.database.startswith((":memory:", "file:")):
        return Path(address.database).expanduser().resolve().parent
    return None


def _prepare_postgresql(milliseconds: float, connection: Any, _record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(f"SET lock_timeout = {max(1, round(milliseconds))}")  # 0 would be for ever
    connection.commit()


def _prepare_sqlite(milliseconds: float, connection: Any, _record: Any) -> None:
    # WAL lets pages read while workers write; NORMAL is safe with it against everything but a power cut,
    # which may lose the last moments and never the file.
    try:
        for setting in (
            f"busy_timeout = {round(milliseconds)}",
            "journal_mode = WAL",
            "synchronous = NORMAL",
            "foreign_keys = ON",
        ):
            connection.execute(f"PRAGMA {setting}").close()
    except Exception:
        connection.close()  # SQLAlchemy does not, where a listener fails
        raise


def _revision(engine: sa.Engine) -> str | None:
    if not sa.inspect(engine).has_table("alembic_version"):
        return None
    with engine.connect() as connection:
        return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


def _migrate(engine: sa.Engine, folder: Path | None) -> None:
    """Bring the schema to HEAD; one process at a time."""
    if folder is None:
        _upgrade(engine)
        return
    try:
        lock = filelock.FileLock(folder / "migration.lock", timeout=MIGRATION_SECONDS, mode=0o600)
        acquired = lock.acquire()
    except OSError as error:  # a folder that cannot be written, or another program that does not let go
        raise sentence(engine.url, error) from error
    with acquired:
        if _revision(engine) != HEAD:
            _upgrade(engine)


def known_revisions() -> set[str]:
    """Every schema that this program can bring up to date."""
    from alembic.script import ScriptDirectory

    return {script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()}


def new_sqlite(file: Path, revision: str) -> sa.Engine:
    """An engine for a new SQLite file that has the tables of one of the `known_revisions`. Raises OSError."""
    address = sa.URL.create("sqlite", database=str(file))
    _make_file(address, file.parent)
    engine = _engine(address)
    event.listen(engine, "connect", partial(_prepare_sqlite, 1_000 * BUSY_SECONDS))
    try:
        _upgrade(engine, revision)
    except BaseException:
        engine.dispose()
        raise
    return engine


def _config() -> Any:
    """Alembic's settings."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    return config


def _create(connection: sa.Connection) -> None:
    """The tables of HEAD, with the rows that are there from the start, as all migrations would make them: a second sooner."""
    if connection.dialect.name == "sqlite":  # whose driver begins none for tables: all of them, or none
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    metadata.create_all(connection)
    connection.execute(sa.insert(counters).values(name="order", value=0))
    connection.execute(sa.insert(lease).values(id=1, token=0, beats=0, served_seconds=0, holder=""))
    connection.execute(sa.text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(sa.text("INSERT INTO alembic_version (version_num) VALUES (:head)"), {"head": HEAD})


def _upgrade(engine: sa.Engine, target: str = HEAD) -> None:
    revision = _revision(engine)
    if revision is not None and revision not in known_revisions():
        raise StoreUnavailableError(
            N_(
                "The store {store} was written by a newer version of this program (schema {revision}). It has not been changed. Update the program, or set MNIST_LAB_HOME to another folder."
            ),
            store=engine.url.render_as_string(hide_password=True),
            revision=revision,
        )
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # No file to lock: whoever comes second waits here, and finds nothing left to do.
            connection.execute(sa.text(f"SET LOCAL lock_timeout = '{MIGRATION_SECONDS}s'"))
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        if target == HEAD and not sa.inspect(connection).get_table_names():
            _create(connection)
            return
        from alembic import command

        config = _config()
        config.attributes["connection"] = connection
        command.upgrade(config, target)
