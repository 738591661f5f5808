"""The tests' own environment: no setting of this machine reaches a test, and CI leaves out nothing that it should try."""

from __future__ import annotations

import importlib.util
import os
import re
from pathlib import Path

import pytest

from tests import postgresql
from tests.conftest import ROOT, clear_settings


def test_no_setting_of_the_machine_reaches_a_test(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    monkeypatch.setenv("MNIST_LAB_DEVICE", "cuda")
    monkeypatch.setenv("MNIST_LAB_OF_A_LATER_VERSION", "1")
    clear_settings(monkeypatch)
    assert not [name for name in os.environ if name.startswith("MNIST_LAB_")]


@pytest.mark.parametrize("lacking", ["programs", "psycopg"])
def test_without_postgresql_ci_fails_and_others_skip(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, lacking: str
) -> None:
    if lacking == "programs":
        monkeypatch.setattr(postgresql, "PROGRAMS", tmp_path)
    else:
        (tmp_path / "15" / "bin").mkdir(parents=True)
        (tmp_path / "15" / "bin" / "pg_ctl").touch()
        monkeypatch.setattr(postgresql, "PROGRAMS", tmp_path)
        monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="CI skips no test"):
        postgresql.Server()
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="is not installed"):
        postgresql.Server()


def test_the_readmes_command_finds_every_test_with_processes() -> None:
    """It collects their folders alone: all others would take each of its two processes ten seconds more."""
    (command,) = re.findall(r"-m processes (.*)", (ROOT / "README.md").read_text("utf-8"))
    marked = re.compile(r"mark\.(processes|browser)\b")
    files = [file for file in (ROOT / "tests").rglob("test_*.py") if marked.search(file.read_text("utf-8"))]
    assert len(files) > 30
    folders = [ROOT / folder for folder in command.split()]
    assert [file for file in files if not any(file.is_relative_to(folder) for folder in folders)] == []
