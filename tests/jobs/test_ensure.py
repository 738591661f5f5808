"""ensure_cluster within one process: once, found again, and not in a tight loop."""

from __future__ import annotations

import importlib
import os
import signal
import subprocess
import sys
import time
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


def test_a_machine_without_room_for_a_process_is_a_sentence_and_leaks_no_pipe(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def popen(*_arguments: object, **_options: object) -> None:
        raise OSError(12, "Cannot allocate memory")

    pipes: list[int] = []
    real = os.pipe

    def pipe() -> tuple[int, int]:
        pipes.extend(real())
        return pipes[-2], pipes[-1]

    monkeypatch.setattr(os, "pipe", pipe)
    monkeypatch.setattr(subprocess, "Popen", popen)
    with pytest.raises(JobsError, match="ends right after its start"):
        jobs.ensure_cluster()
    assert "Cannot allocate memory" in jobs.log_file().read_text()
    assert len(pipes) == 2
    for end_of_pipe in pipes:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end_of_pipe)


def test_asking_a_living_cluster_costs_less_than_a_millisecond(home: Path, sleeper: list[int]) -> None:
    jobs.ensure_cluster()
    begun = time.thread_time()
    for _page in range(1000):
        jobs.ensure_cluster()
    assert (time.thread_time() - begun) / 1000 < 1e-3
    end(sleeper[0])
