"""ensure_cluster within one process: once, found again, and not in a tight loop."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from mnist_core import jobs
from mnist_core.errors import JobsError
from tests.conftest import wait_until


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Starts a harmless process in the cluster's place; the list has the process ids."""
    started: list[int] = []
    real = subprocess.Popen

    def popen(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        process = real([sys.executable, "-c", "import sys; sys.stdin.read()"], **options)  # type: ignore[call-overload]
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", popen)
    monkeypatch.setattr(os, "environ", os.environ)
    return started


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    wait_until(lambda: jobs.cluster_pid() is None)


def test_starts_once_and_is_found_by_a_module_imported_anew(home: Path, sleeper: list[int]) -> None:
    jobs.ensure_cluster()
    jobs.ensure_cluster()
    importlib.reload(jobs)
    jobs.ensure_cluster()
    assert len(sleeper) == 1
    assert jobs.cluster_pid() == sleeper[0]
    end(sleeper[0])


def test_a_cluster_that_dies_at_once_is_given_up_with_a_sentence(home: Path, sleeper: list[int]) -> None:
    for _attempt in range(3):
        jobs.ensure_cluster()
        os.kill(sleeper[-1], signal.SIGKILL)
        wait_until(lambda: jobs.cluster_pid() is None)
    with pytest.raises(JobsError, match=r"ends right after its start.*cluster\.log"):
        jobs.ensure_cluster()
    assert len(sleeper) == 3


def test_a_home_that_cannot_be_written_is_a_sentence(home: Path) -> None:
    home.write_text("x")
    with pytest.raises(JobsError, match="MNIST_LAB_HOME"):
        jobs.ensure_cluster()
