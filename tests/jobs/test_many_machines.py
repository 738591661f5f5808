"""A scheduler and workers started by hand, PostgreSQL, and no folder that any two of them share: each has a home of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from mnist_core import settings, training
from mnist_core.networks import checkpoint_layout, shared_files, weights
from mnist_core.store import Store, open_store
from tests.conftest import ROOT, wait_until
from tests.jobs.servers import PATIENCE_SECONDS, SHORT, Start, at_work, finished
from tests.postgresql import Server

pytestmark = pytest.mark.processes
LIFE = SHORT.replace(epochs=150)  # half a minute with the slow worker, long enough for what happens to it


class Machine:
    """A program of Dask's, as somebody starts it by hand; started again, it is the same."""

    def __init__(self, command: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._environment, self._log = command, environment, log
        self.start()

    def start(self) -> None:
        with self._log.open("a") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *self._command], cwd=ROOT, env=self._environment, stdout=log, stderr=log
            )

    def kill(self) -> None:
        """With all that it has started."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        for process in (psutil.Process(self.process.pid), *family):
            process.kill()
        self.process.wait(10)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture
def store(postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """Seen from this process, whose home is one more that nobody shares."""
    monkeypatch.setenv("MNIST_LAB_WEIGHTS", "store")
    opened = open_store(postgresql.new_database())
    yield opened
    shared_files.share(None)
    opened.close()


@pytest.fixture
def machines(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[[str], Machine]]:
    """Starts `scheduler` and `worker`, each with a home of its own."""
    port = _free_port()
    started: list[Machine] = []

    def machine(name: str) -> Machine:
        address = f"tcp://127.0.0.1:{port}"
        scheduler = ["distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard"]
        resources = ["--resources", "train=1 analysis=1 short=1", "--nthreads", "3", "--memory-limit", "0"]
        slowly = ["--preload", "tests.jobs.slow_worker"]
        worker = ["distributed.cli.dask_worker", address, "--no-dashboard", *resources, *slowly]
        own = environment | {"MNIST_LAB_HOME": str(tmp_path / name), "DASK_TEMPORARY_DIRECTORY": str(tmp_path)}
        started.append(Machine(scheduler if name == "scheduler" else worker, own, tmp_path / f"{name}.log"))
        return started[-1]

    machine.port = port  # type: ignore[attr-defined]
    yield machine
    for one in reversed(started):
        if one.process.poll() is None:
            one.kill()


def test_a_run_outlives_its_worker_the_scheduler_and_the_database(
    start: Start,
    environment: dict[str, str],
    machines: Callable[[str], Machine],
    store: Store,
    postgresql: Server,
    tmp_path: Path,
) -> None:
    own = environment | {
        "MNIST_LAB_HOME": str(tmp_path / "pages"),
        "MNIST_LAB_STORE": store.url,
        "MNIST_LAB_WEIGHTS": "store",
        "MNIST_LAB_SCHEDULER": f"tcp://127.0.0.1:{machines.port}",  # type: ignore[attr-defined]
    }

    def trouble() -> str | None:
        return (store.facts.get("cluster") or {"trouble": ""})["trouble"]

    # Nothing of it is there yet: it is said what is missing.
    server = start(own)
    run_id = store.runs.create("ann", LIFE)
    wait_until(lambda: trouble() == "scheduler", 30)
    scheduler = machines("scheduler")
    wait_until(lambda: trouble() == "workers", PATIENCE_SECONDS)
    worker = machines("worker")
    at_work(store, run_id)
    assert trouble() is None

    wait_until(lambda: store.runs.get(run_id).checkpoint_step is not None, 30)
    attempts = store.runs.get(run_id).attempts
    where = str(store.runs.get(run_id).worker).rpartition(":")[2]
    psutil.Process(int(where)).kill()
    wait_until(lambda: store.runs.get(run_id).attempts > attempts, PATIENCE_SECONDS)
    postgresql.stop()
    postgresql.start()
    at_work(store, run_id, store.runs.get(run_id).progress.step + 1)
    attempts = store.runs.get(run_id).attempts
    scheduler.kill()
    wait_until(lambda: server.show_page() or trouble() == "scheduler", PATIENCE_SECONDS)  # pages come and look
    scheduler.start()
    worker.process.wait(PATIENCE_SECONDS)  # it ends with it; its machine starts it again
    worker.start()
    wait_until(lambda: store.runs.get(run_id).attempts > attempts, PATIENCE_SECONDS)
    finished(store, run_id)
    run = store.runs.get(run_id)
    assert (run.outcome, run.error) == ("completed", None)
    # This process has never seen their folders.
    assert weights.latest(run_id).step == LIFE.total_steps
    assert checkpoint_layout.snapshot_steps(run_id)
    assert os.listdir(settings.checkpoint_folder())
    threads = run.threads
    result = training.train(LIFE.replace(dataset="mnist"), data=Path(environment["MNIST_LAB_DATA"]), threads=threads)
    curves = store.record_reader.curves(run_id)
    assert np.array_equal(curves.evaluations["train_loss"], result.evaluations["train_loss"])
