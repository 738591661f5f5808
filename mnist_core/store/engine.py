"""Opens the database: connection settings, migration to the newest schema, and errors as sentences.

Alembic is imported only when the schema is not the newest, so that a page's process rarely pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import filelock
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from mnist_core.errors import StoreUnavailableError
from mnist_core.messages import N_

HEAD = "0001"  # newest revision in migrations/versions
MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_SECONDS = 10  # how long a writer waits for another


def open_engine(url: str) -> sa.Engine:
    """An engine for `url`, its schema brought to the newest revision.

    Raises StoreUnavailableError where the file cannot be made, read or written, or is newer than this program.
    """
    address = sa.make_url(url)
    folder = _sqlite_folder(address)
    if folder is not None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreUnavailableError(
                N_("The folder {folder} for the runs cannot be made ({reason}). Set MNIST_LAB_HOME to another folder."),
                folder=str(folder),
                reason=error.strerror or str(error),
            ) from error
    with as_sentences(url):
        engine = sa.create_engine(address, pool_pre_ping=not _is_sqlite(address))
        if _is_sqlite(address):
            event.listen(engine, "connect", _prepare_sqlite)
        if _revision(engine) != HEAD:
            _migrate(engine, folder)
    return engine


@contextmanager
def as_sentences(url: str) -> Iterator[None]:
    """Turns errors of the database into StoreUnavailableError."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise _sentence(url, error) from error


def _sentence(url: str, error: Exception) -> StoreUnavailableError:
    reason = str(error.orig if isinstance(error, DBAPIError) else error)
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
    with filelock.FileLock(folder / "migration.lock", timeout=60):
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
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
