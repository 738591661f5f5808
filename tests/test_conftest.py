"""The tests' own environment: no setting of this machine reaches a test, and CI leaves out nothing that it should try."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path

import pytest

from tests import postgresql
from tests.conftest import clear_settings


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
