"""A PostgreSQL server of the tests' own, where Debian's is installed."""

from __future__ import annotations

import importlib.util
import os
import secrets
import shutil
import subprocess
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp

import pytest


class Server:
    """A server that listens to nothing but a socket in a folder of its own. Skips the test where there is none."""

    def __init__(self) -> None:
        if os.environ.get("CI"):
            pytest.skip("PostgreSQL is tried on the developers' machines only")
        programs = sorted(Path("/usr/lib/postgresql").glob("*/bin/pg_ctl"))
        if not programs:
            pytest.skip("Debian's postgresql is not installed")
        if importlib.util.find_spec("psycopg") is None:
            pytest.skip("psycopg is not installed")
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

    def new_database(self) -> str:
        """The address of an empty database."""
        import psycopg

        name = f"lab{secrets.token_hex(4)}"
        with psycopg.connect(host=str(self.folder), user="postgres", autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"
