"""Opens the database: connection settings, migration to the newest schema, and errors as sentences.

Alembic is imported only when the schema is not the newest, so that a page's process rarely pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import filelock
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import ArgumentError, SQLAlchemyError

from mnist_core import settings
from mnist_core.errors import StoreUnavailableError
from mnist_core.messages import N_

HEAD = "0006_leases"  # newest revision in migrations/versions
MIGRATIONS = Path(__file__).parent / "migrations"
MIGRATION_LOCK = 5_417_001  # any number that nobody else locks in PostgreSQL
BUSY_SECONDS = 10  # how long a writer waits for another


def open_engine(url: str) -> sa.Engine:
    """An engine for `url`, its schema brought to the newest revision.

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
                N_("The folder {folder} for the runs cannot be made ({reason}). Set MNIST_LAB_HOME to another folder."),
                folder=str(folder),
                reason=error.strerror or str(error),
            ) from error
    with as_sentences(url):
        engine = _engine(address)
        if _is_sqlite(address):
            event.listen(engine, "connect", _prepare_sqlite)
        try:
            if _revision(engine) != HEAD:
                _migrate(engine, folder)
        except BaseException:
            engine.dispose()  # else its connection stays open until something collects it
            raise
    return engine


def _make_file(address: sa.URL, folder: Path) -> None:
    """Make the database's file for this account alone, with its folder; SQLite gives the files beside it the same mode."""
    settings.make_private(folder, ours=False)
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
            N_("MNIST_LAB_STORE is no SQLAlchemy address. Write it like postgresql://user:password@host/name.")
        ) from error


def _engine(address: sa.URL) -> sa.Engine:
    try:
        return sa.create_engine(address, pool_pre_ping=not _is_sqlite(address))
    except ImportError as error:
        raise StoreUnavailableError(
            N_("The store {store} needs the Python package {package}: install it, or choose another MNIST_LAB_STORE."),
            store=address.render_as_string(hide_password=True),
            package=address.get_driver_name(),
        ) from error


@contextmanager
def as_sentences(url: str) -> Iterator[None]:
    """Turns errors of the database into StoreUnavailableError; other errors pass as they are."""
    try:
        yield
    except SQLAlchemyError as error:
        raise _sentence(url, error) from error


def _sentence(url: str | sa.URL, error: Exception) -> StoreUnavailableError:
    reason = "locked" if isinstance(error, filelock.Timeout) else str(getattr(error, "orig", None) or error)
    shown = sa.make_url(url).render_as_string(hide_password=True)
    templates = {
        "locked": N_("The store {store} is in use by another program. Nothing is lost: try again in a moment."),
        "full": N_("The disk of the store {store} is full. Nothing is lost: free some space and try again."),
        "readonly": N_(
            "The store {store} cannot be written. Make it writable, or set MNIST_LAB_HOME to another folder."
        ),
        "not a database": N_(
            "The file {store} is damaged or no store of runs. It was left as it is: move it away, or set "
            "MNIST_LAB_HOME to another folder."
        ),
        "malformed": N_(
            "The file {store} is damaged or no store of runs. It was left as it is: move it away, or set "
            "MNIST_LAB_HOME to another folder."
        ),
    }
    for word, template in templates.items():
        if word in reason:
            return StoreUnavailableError(template, store=shown)
    return StoreUnavailableError(
        N_("The store {store} cannot be used ({reason}). Nothing is lost: try again, or set MNIST_LAB_STORE."),
        store=shown,
        reason=reason.splitlines()[0] if reason else type(error).__name__,
    )


def _is_sqlite(address: sa.URL) -> bool:
    return address.get_backend_name() == "sqlite"


def _sqlite_folder(address: sa.URL) -> Path | None:
    """Where the database's file lies; None where it has none, or an address of its own (file:...?mode=ro)."""
    if _is_sqlite(address) and address.database and not address.database.startswith((":memory:", "file:")):
        return Path(address.database).expanduser().resolve().parent
    return None


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    # WAL lets pages read while workers write; NORMAL is safe with it against everything but a power cut,
    # which may lose the last moments and never the file.
    try:
        for setting in (
            f"busy_timeout = {BUSY_SECONDS * 1000}",
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
        held = filelock.FileLock(folder / "migration.lock", timeout=60, mode=0o600).acquire()
    except OSError as error:  # a folder that cannot be written, or another program that does not let go
        raise _sentence(engine.url, error) from error
    with held:
        if _revision(engine) != HEAD:
            _upgrade(engine)


def _upgrade(engine: sa.Engine) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    revision = _revision(engine)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise StoreUnavailableError(
            N_(
                "The store {store} was written by a newer version of this program (schema {revision}). It was left as "
                "it is: update the program, or set MNIST_LAB_HOME to another folder."
            ),
            store=engine.url.render_as_string(hide_password=True),
            revision=revision,
        )
    with engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            # No file to lock: whoever comes second waits here, and finds nothing left to do.
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(MIGRATION_LOCK)))
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
