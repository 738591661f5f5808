"""The store that the tests of this folder use: SQLite always, PostgreSQL as well where Debian's is installed."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import pytest

from mnist_core.store import Store, open_store


@pytest.fixture(params=["sqlite", "postgresql"])
def store(home: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """An empty store, the same for every `open_store()` of the test."""
    if request.param == "postgresql":
        server: str = request.getfixturevalue("postgresql")
        name = f"lab{secrets.token_hex(4)}"
        _sql(server, f"CREATE DATABASE {name}")
        monkeypatch.setenv("MNIST_LAB_STORE", f"postgresql+psycopg://postgres@/{name}?host={server}")
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The folder with the socket of a PostgreSQL server of our own, which listens to nothing else."""
    if os.environ.get("CI"):
        pytest.skip("PostgreSQL is tried on the developers' machines only")
    programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
    if not programs:
        pytest.skip("Debian's postgresql is not installed")
    if importlib.util.find_spec("psycopg") is None:
        pytest.skip("psycopg is not installed")
    folder = Path(mkdtemp(prefix="lab-pg-", dir="/tmp"))
    user = None
    if os.geteuid() == 0:  # the server refuses to be root
        user = "postgres"
        shutil.chown(folder, user)
    where = ["-D", str(folder / "data")]

    def run(*command: str) -> None:
        subprocess.run(command, user=user, cwd=folder, check=True, capture_output=True, timeout=60)

    tools = programs[-1].parent
    run(str(tools / "initdb"), *where, "-U", "postgres", "-A", "trust", "--no-sync")
    options = f"-k {folder} -c listen_addresses='' -c fsync=off"
    run(str(tools / "pg_ctl"), *where, "-o", options, "-l", str(folder / "log"), "-w", "start")
    yield str(folder)
    run(str(tools / "pg_ctl"), *where, "-m", "immediate", "stop")
    shutil.rmtree(folder, ignore_errors=True)


def _sql(server: str, command: str) -> None:
    import psycopg

    with psycopg.connect(host=server, user="postgres", autocommit=True) as connection:
        connection.execute(command)
