"""A PostgreSQL server of the tests' own, where Debian's is installed; in CI it must be."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from tempfile import mkdtemp
from typing import NoReturn

import pytest
import sqlalchemy as sa

from mnist_core.store import open_store

PROGRAMS = Path("/usr/lib/postgresql")


def missing(what: str) -> NoReturn:
    """Skip the test that needs it; in CI fail."""
    if os.environ.get("CI"):
        pytest.fail(f"{what} is not installed, and CI skips no test of PostgreSQL", pytrace=False)
    pytest.skip(f"{what} is not installed")


class Server:
    """A server that listens to nothing but a socket in a folder of its own. Skips the test where there is none, or fails it."""

    def __init__(self) -> None:
        programs = sorted(PROGRAMS.glob("*/bin/pg_ctl"))
        if not programs:
            missing("Debian's postgresql")
        if importlib.util.find_spec("psycopg") is None:
            missing("psycopg")
        self._tools = programs[-1].parent
        self.folder = Path(mkdtemp(prefix="lab-pg-", dir="/tmp"))
        self._user = "postgres" if os.geteuid() == 0 else None  # it refuses to be root
        if self._user:
            shutil.chown(self.folder, self._user)
        self._run("initdb", "-U", "postgres", "-A", "trust", "--no-sync")
        self.start()

    def _run(self, program: str, *options: str) -> None:
        command = [str(self._tools / program), "-D", str(self.folder / "data"), *options]
        subprocess.run(command, user=self._user, cwd=self.folder, check=True, capture_output=True, timeout=60)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = f"-k {self.folder} -c listen_addresses='' -c fsync=off"
        self._run("pg_ctl", "-o", options, "-l", str(self.folder / "log"), "-w", "start")

    def stop(self, mode: str = "immediate") -> None:
        """Stop it; connections break."""
        self._run("pg_ctl", "-m", mode, "stop")

    def end(self) -> None:
        """Stop it for good."""
        with suppress(subprocess.CalledProcessError):  # a test that failed may have left it stopped
            self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def new_database(self, *, empty: bool = False) -> str:
        """The address of a database without rows; `empty`: without tables, too, which the first that opens it makes."""
        return self._create("" if empty else f"TEMPLATE {self._with_tables}")

    @cached_property
    def _with_tables(self) -> str:
        """A database that has the tables: to copy it takes less time than to make them in each."""
        address = self._create()
        open_store(address).close()
        return str(sa.make_url(address).database)

    def _create(self, more: str = "") -> str:
        import psycopg

        name = f"lab{secrets.token_hex(4)}"
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name} {more}")
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"
