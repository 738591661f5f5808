"""ensure_cluster within one process: once, found again, and not in a tight loop."""

from __future__ import annotations

import contextlib
import importlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from mnist_core import jobs, settings
from mnist_core.errors import JobsError
from mnist_core.jobs import keeper
from tests.conftest import wait_until

# It gives signs of life, and ends with its input.
SLEEPER = """
import os, sys, threading, time
def give_signs():
    while True:
        os.write(1, b".")
        time.sleep(0.05)
threading.Thread(target=give_signs, daemon=True).start()
sys.stdin.read()
"""


@pytest.fixture
def sleeper(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Starts a harmless process in the cluster's place; the list has the process ids."""
    started: list[int] = []
    real = subprocess.Popen

    def popen(command: list[str], **options: object) -> subprocess.Popen[bytes]:
        process = real([sys.executable, "-c", SLEEPER], **options)  # type: ignore[call-overload]
        started.append(process.pid)
        return process

    monkeypatch.setattr(subprocess, "Popen", popen)
    yield started
    for pid in started:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_until(lambda: jobs.cluster_pid() is None)


def test_starts_once_and_is_found_by_a_module_imported_anew(home: Path, sleeper: list[int]) -> None:
    jobs.ensure_cluster()
    jobs.ensure_cluster()
    importlib.reload(jobs)
    jobs.ensure_cluster()
    assert len(sleeper) == 1
    assert jobs.cluster_pid() == sleeper[0]


def test_a_cluster_that_dies_at_once_is_given_up_with_a_sentence(home: Path, sleeper: list[int]) -> None:
    for _attempt in range(3):
        jobs.ensure_cluster()
        os.kill(sleeper[-1], signal.SIGKILL)
        wait_until(lambda: jobs.cluster_pid() is None)
    with pytest.raises(JobsError, match=r"exits right after it starts.*cluster\.log"):
        jobs.ensure_cluster()
    assert len(sleeper) == 3


def test_it_is_tried_again_later_and_leaves_no_pipe_open(
    home: Path, sleeper: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = [1_000.0]
    monkeypatch.setattr("mnist_core.jobs.time.monotonic", lambda: clock[0])
    tried: list[float] = []
    before = open_files()
    while clock[0] < 1_300.0:
        with contextlib.suppress(JobsError):
            jobs.ensure_cluster()
            tried.append(clock[0] - 1_000.0)
            os.kill(sleeper[-1], signal.SIGKILL)
            wait_until(lambda: jobs.cluster_pid() is None)
        clock[0] += 5.0
    # At once, then after longer and longer waits, and at least once a minute.
    assert tried == [0.0, 5.0, 10.0, 25.0, 55.0, 115.0, 175.0, 235.0, 295.0]
    wait_until(lambda: open_files() <= before + 1)  # that of the last one, whose death nobody has asked about yet


def open_files() -> int:
    return psutil.Process().num_fds() if hasattr(psutil.Process, "num_fds") else 0


@pytest.fixture
def keeping(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A keeper that looks often, and ends with the test."""
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.02)
    yield
    keeper._over.set()
    wait_until(lambda: keeper.NAME not in [thread.name for thread in threading.enumerate()])
    keeper._over.clear()


def test_a_cluster_that_dies_is_started_again_without_a_page(home: Path, sleeper: list[int], keeping: None) -> None:
    keeper.keep_cluster()
    keeper.keep_cluster()
    assert [thread.name for thread in threading.enumerate()].count(keeper.NAME) == 1
    os.kill(sleeper[0], signal.SIGKILL)
    wait_until(lambda: len(sleeper) == 2)
    wait_until(lambda: jobs.cluster_pid() == sleeper[1])


def test_a_cluster_that_hangs_is_ended_with_its_workers_and_started_again(
    home: Path, sleeper: list[int], keeping: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeper, "HANG_SECONDS", 1.0)
    monkeypatch.setattr(keeper, "LOOK_SECONDS", 0.1)
    keeper.keep_cluster()
    wait_until(jobs.signs_of_life)
    os.kill(sleeper[0], signal.SIGSTOP)
    wait_until(lambda: len(sleeper) == 2)
    assert not psutil.pid_exists(sleeper[0])
    wait_until(jobs.signs_of_life)


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
    with pytest.raises(JobsError, match="exits right after it starts"):
        jobs.ensure_cluster()
    assert "Cannot allocate memory" in jobs.log_file().read_text()
    assert len(pipes) == 4
    for end_of_pipe in pipes:
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(end_of_pipe)


def test_asking_a_living_cluster_costs_less_than_a_millisecond(home: Path, sleeper: list[int]) -> None:
    jobs.ensure_cluster()
    begun = time.thread_time()
    for _page in range(1000):
        jobs.ensure_cluster()
    assert (time.thread_time() - begun) / 1000 < 1e-3


def test_where_there_is_no_memory_no_cluster_is_started_and_digits_are_drawn(
    sleeper: list[int], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []
    monkeypatch.setattr(settings, "memory_bytes", lambda: 700 * 10**6)
    monkeypatch.setattr(subprocess, "Popen", lambda command, **_options: commands.append(command))
    monkeypatch.setattr(keeper, "_drawn", threading.Event())
    keeper.keep_cluster()
    keeper.keep_cluster()
    assert not keeper.is_kept()
    assert [command[-2:] for command in commands] == [["data", "--built-in"]]
