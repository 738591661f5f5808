"""A store that is old, new, damaged, locked, full or read-only: a sentence, and nothing is lost."""

from __future__ import annotations

import resource
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from operator import itemgetter
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from mnist_core.config import RunConfig
from mnist_core.errors import StoreUnavailableError, TransientStoreError
from mnist_core.records import STEP_DTYPE
from mnist_core.store import Store, engine, faults, open_store
from mnist_core.store.tables import metadata
from tests.conftest import ROOT
from tests.postgresql import Server


@pytest.fixture
def file(home: Path) -> Path:
    """The store's file, made by the program."""
    open_store().close()
    return home / "runs.sqlite"


def migrated(url: str) -> sa.Engine:
    """An empty database that all migrations have brought up to date, one after the other."""
    made = sa.create_engine(url)
    config = engine._config()
    with made.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
    return made


def everything(opened: sa.Engine) -> dict[str, Any]:
    """Tables with columns, defaults, indexes and constraints, and their rows."""
    inspector = sa.inspect(opened)
    with opened.connect() as connection:
        return {
            name: {
                "columns": [
                    (one["name"], str(one["type"]), one["nullable"], str(one["default"]).split("::")[0].strip("'()"))
                    for one in sorted(inspector.get_columns(name), key=itemgetter("name"))
                ],
                "key": inspector.get_pk_constraint(name)["constrained_columns"],
                "indexes": sorted((one["name"], one["column_names"]) for one in inspector.get_indexes(name)),
                "unique": sorted(one["column_names"] for one in inspector.get_unique_constraints(name)),
                "foreign": sorted(
                    (one["constrained_columns"], one["referred_table"]) for one in inspector.get_foreign_keys(name)
                ),
                "rows": [tuple(row) for row in connection.execute(sa.text(f"SELECT * FROM {name}"))],
            }
            for name in inspector.get_table_names()
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_new_store_is_what_all_migrations_make(tmp_path: Path, kind: str, request: pytest.FixtureRequest) -> None:
    if kind == "sqlite":
        new = engine.new_sqlite(tmp_path / "new.sqlite", engine.HEAD)
        old = migrated(f"sqlite:///{tmp_path / 'old.sqlite'}")
    else:
        server: Server = request.getfixturevalue("postgresql")
        opened = Store(server.new_database(empty=True))  # without the mark that `open_store` leaves
        new, old = opened.database.engine, migrated(server.new_database(empty=True))
    assert everything(new) == everything(old)
    with old.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
    for one in (new, old):
        one.dispose()


def test_a_new_store_has_all_of_its_tables_or_none(tmp_path: Path) -> None:
    new = sa.create_engine(f"sqlite:///{tmp_path / 'new.sqlite'}")

    def cut_short() -> None:
        with new.begin() as connection:
            engine._create(connection)
            raise OSError("the power was cut")

    with pytest.raises(OSError, match="power"):
        cut_short()
    assert sa.inspect(new).get_table_names() == []
    new.dispose()


def test_a_newer_store_is_left_alone(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = file.read_bytes()
    with pytest.raises(StoreUnavailableError, match="newer version of this program"):
        open_store()
    assert file.read_bytes() == before


def test_a_damaged_store_is_left_alone(home: Path) -> None:
    home.mkdir()
    file = home / "runs.sqlite"
    file.write_bytes(b"this is no database at all, but somebody's notes " * 50)
    before = file.read_bytes()
    with pytest.raises(
        StoreUnavailableError,
        match="is damaged, or it is not a store of runs",
    ):
        open_store()
    assert file.read_bytes() == before


def test_a_store_damaged_in_the_middle_is_a_sentence_and_left_as_it_is(file: Path) -> None:
    store = open_store()
    _fill(store)
    store.close()
    content = bytearray(file.read_bytes())
    assert len(content) > 100_000
    content[20_000:90_000] = (bytes(range(256)) * 274)[:70_000]
    file.write_bytes(content)
    store = open_store()
    with pytest.raises(StoreUnavailableError, match=r"damaged, or it is not a store .* has not been changed"):
        store.runs.newest("ann", 500)
    store.close()
    assert file.read_bytes() == content


def test_a_home_that_is_a_file(home: Path) -> None:
    home.write_text("x")
    with pytest.raises(StoreUnavailableError, match="MNIST_LAB_HOME"):
        open_store()


def test_a_locked_store(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "BUSY_SECONDS", 0)
    store = open_store()
    holder = sqlite3.connect(file, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(TransientStoreError, match="in use by another program"):
        store.runs.create("ann", RunConfig())
    assert store.runs.newest("ann") == []  # reading goes on
    holder.execute("ROLLBACK")
    holder.close()
    store.runs.create("ann", RunConfig())
    assert len(store.runs.newest("ann")) == 1
    store.close()


def test_an_error_that_is_not_the_databases_is_no_sentence_about_the_store(file: Path) -> None:
    store = open_store()
    with pytest.raises(FileNotFoundError), store.database.begin():
        raise FileNotFoundError("a file that has nothing to do with the store")
    store.close()


def test_a_migration_that_cannot_have_its_lock(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(lock: filelock.FileLock) -> None:
        raise error

    monkeypatch.setattr(filelock.FileLock, "acquire", refused)
    error: OSError = PermissionError(13, "Permission denied")
    with pytest.raises(StoreUnavailableError, match=r"cannot be used .*Permission denied"):
        open_store()
    error = filelock.Timeout("migration.lock")
    with pytest.raises(StoreUnavailableError, match="in use by another program"):
        open_store()


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (
            "runs.sqlite",
            "MNIST_LAB_STORE is not a valid SQLAlchemy URL",
        ),
        ("postgresql+nothing://host/name", "cannot be used"),
    ],
)
def test_an_address_that_is_none(url: str, said: str) -> None:
    with pytest.raises(StoreUnavailableError, match=said):
        open_store(url)


def test_a_driver_that_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreUnavailableError, match="needs the Python package psycopg") as caught:
        open_store("postgresql+psycopg://ann:secret@host/name")
    assert "secret" not in str(caught.value)


def _fill(store: Store) -> None:
    for _run in range(200):
        store.runs.create("ann", RunConfig())


def test_a_full_disk(file: Path) -> None:
    store = open_store()
    store.runs.create("ann", RunConfig())
    with store.database.engine.connect() as connection:  # the pool hands out this one connection again
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(TransientStoreError, match=r"disk .* is full"):
        _fill(store)
    kept = [run.id for run in store.runs.newest("ann", 500)]
    assert len(kept) >= 1
    with store.database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        connection.exec_driver_sql("PRAGMA max_page_count = 100000")  # space is made
    run_id = store.runs.create("ann", RunConfig())
    assert {run.id for run in store.runs.newest("ann", 500)} == {*kept, run_id}
    store.close()


def test_a_store_that_cannot_be_written(file: Path) -> None:
    store = Store(f"sqlite:///file:{file}?mode=ro&uri=true")
    with pytest.raises(TransientStoreError, match="is not writable"):
        store.runs.create("ann", RunConfig())
    assert store.runs.newest("ann") == []
    store.close()


def test_a_store_whose_disk_fails_is_out_of_reach_until_it_works_again(file: Path) -> None:
    store = open_store()
    _soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    log = file.with_name("runs.sqlite-wal")
    resource.setrlimit(resource.RLIMIT_FSIZE, (log.stat().st_size + 50_000, hard))
    try:
        with pytest.raises(TransientStoreError, match=r"cannot be reached \(disk I/O error\)"):
            _fill(store)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (_soft, hard))
    store.runs.create("ann", RunConfig())
    store.close()


def test_a_store_whose_folder_is_gone_for_a_while(file: Path) -> None:
    store = open_store()
    store.close()  # so that it connects anew
    away = file.parent.rename(file.parent.with_name("elsewhere"))
    with pytest.raises(TransientStoreError, match="cannot be reached"):
        store.runs.newest("ann")
    away.rename(file.parent)
    assert store.runs.newest("ann") == []
    store.close()


class RefusalError(Exception):
    """An error of PostgreSQL's driver, with a code where the server gave one."""

    def __init__(self, said: str, sqlstate: str | None = None) -> None:
        super().__init__(said)
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "passes", "said"),
    [
        (
            RefusalError("terminating connection due to administrator command", "57P01"),
            True,
            "cannot be reached",
        ),
        (
            RefusalError("the database system is starting up", "57P03"),
            True,
            "cannot be reached",
        ),
        (
            RefusalError("connection failed: No such file or directory"),
            True,
            "cannot be reached",
        ),
        (
            RefusalError("sorry, too many clients already", "53300"),
            True,
            "cannot be reached",
        ),
        (RefusalError("could not extend file: No space left on device", "53100"), True, "is full"),
        (RefusalError("deadlock detected", "40P01"), True, "in use"),
        (RefusalError("could not serialize access", "40001"), True, "in use"),
        (RefusalError("canceling statement due to lock timeout", "55P03"), True, "in use"),
        (RefusalError("cannot execute INSERT in a read-only transaction", "25006"), True, "is not writable"),
        (RefusalError('FATAL:  password authentication failed for user "ann"'), False, "cannot be used"),
        (RefusalError('FATAL:  database "lab" does not exist'), False, "cannot be used"),
        (RefusalError('relation "runs" does not exist', "42P01"), False, "cannot be used"),
        (RefusalError("invalid page in block 3", "XX001"), False, "is damaged"),
    ],
)
def test_which_errors_of_postgresql_pass(error: RefusalError, passes: bool, said: str) -> None:
    wrapped = sa.exc.OperationalError("INSERT", {}, error)
    sentence = faults.sentence("postgresql+psycopg://ann:secret@host/lab", wrapped)
    assert isinstance(sentence, TransientStoreError) == passes
    assert said in str(sentence)
    assert "secret" not in str(sentence)


@pytest.mark.parametrize(
    ("file_says", "said"), [("no database", "damaged"), ("newer", "newer version of this program")]
)
def test_what_lasts_is_said_at_once(file: Path, file_says: str, said: str) -> None:
    if file_says == "newer":
        with closing(sqlite3.connect(file)) as connection:
            connection.execute("UPDATE alembic_version SET version_num = '9999'")
            connection.commit()
    else:
        file.write_bytes(b"this is no database at all" * 100)
    with pytest.raises(StoreUnavailableError, match=said) as caught:
        open_store()
    assert not isinstance(caught.value, TransientStoreError)


WRITER = """
import sys
import numpy as np
from mnist_core.records import STEP_DTYPE, Curves, Progress, Report
from mnist_core.store import open_store
store = open_store()
for step in range(1, 101):
    row = np.zeros(1, STEP_DTYPE)
    row["step"] = step
    store.record_writer.publish([Report(sys.argv[1], Progress(step, 100), Curves(row))])
"""


def test_several_programs_open_a_new_store_at_once(home: Path) -> None:
    command = [sys.executable, "-c", "from mnist_core.store import open_store; open_store().runs.newest('ann')"]
    opening = [subprocess.Popen(command, cwd=ROOT) for _program in range(3)]
    assert [program.wait() for program in opening] == [0, 0, 0]


def at_once(*calls: Callable[[], Any]) -> list[Any]:
    """What the calls return, each begun in a thread of its own at the same moment."""
    ready = threading.Barrier(len(calls))

    def begin(call: Callable[[], Any]) -> Any:
        ready.wait()
        return call()

    with ThreadPoolExecutor(len(calls)) as pool:
        return list(pool.map(begin, calls))


def test_one_run_goes_to_one_worker_however_many_ask(home: Path) -> None:
    store = open_store()
    for _run in range(10):
        run_id = store.runs.create("ann", RunConfig())
        got = at_once(*(partial(store.queue.claim, run_id, f"worker {n}", 1) for n in range(4)))
        assert sum(run is not None for run in got) == 1
        assert store.runs.get(run_id).attempts == 1
    store.close()


def test_a_new_fact_from_several_at_once(home: Path) -> None:
    store = open_store()
    for n in range(10):
        at_once(*(partial(store.facts.set, f"fact {n}", {"from": thread}) for thread in range(4)))
        assert store.facts.get(f"fact {n}")["from"] in range(4)
    store.close()


def test_a_stop_is_not_lost_between_two_that_write_the_same_run(home: Path) -> None:
    store = open_store()
    for _run in range(10):
        run_id = store.runs.create("ann", RunConfig())
        at_once(partial(store.commands.send, run_id, "ann", "stop"), partial(store.queue.claim, run_id, "worker", 1))
        run = store.runs.get(run_id)
        assert (run.outcome, run.command) in (("stopped", None), (None, "stop"))
    store.close()


def test_writers_and_readers_at_once(file: Path) -> None:
    store = open_store()
    ids = []
    for _run in range(4):
        ids.append(store.runs.create("ann", RunConfig()))
        store.queue.claim(ids[-1], "w", 1)
    writers = [subprocess.Popen([sys.executable, "-c", WRITER, run_id], cwd=ROOT) for run_id in ids]
    while any(writer.poll() is None for writer in writers):
        for run_id in ids:
            seen = store.record_reader.curves(run_id).steps["step"]
            assert seen.tolist() == list(range(1, len(seen) + 1))
    assert [writer.returncode for writer in writers] == [0, 0, 0, 0]
    expected = np.arange(1, 101)
    for run_id in ids:
        assert (store.record_reader.curves(run_id).steps["step"] == expected).all()
        assert store.runs.get(run_id).progress.step == 100
    assert STEP_DTYPE.itemsize == 44
    store.close()
