"""A real server to which no browser comes: what waits is trained all the same, also after the death of its cluster."""

from __future__ import annotations

import os
from pathlib import Path

import psutil
import pytest

from mnist_core.bench.server import start_server
from mnist_core.store import open_store
from tests.conftest import wait_until
from tests.jobs.servers import LONG, PATIENCE_SECONDS

pytestmark = pytest.mark.processes


def test_runs_that_wait_go_on_without_a_page(tmp_path: Path, small_mnist: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    environment |= {"MNIST_LAB_HOME": str(tmp_path / "lab"), "MNIST_LAB_DATA": str(small_mnist)}
    store = open_store(f"sqlite:///{tmp_path / 'lab' / 'runs.sqlite'}")
    run_id = store.runs.create("ann", LONG)
    running = start_server(environment | {"MNIST_LAB_WORKERS": "1"})
    try:
        wait_until(lambda: store.runs.get(run_id).progress.step > 0, PATIENCE_SECONDS)
        (cluster,) = psutil.Process(running.process.pid).children()
        assert "mnist_core.jobs" in cluster.cmdline()
        cluster.kill()
        wait_until(lambda: store.runs.get(run_id).attempts == 2, PATIENCE_SECONDS)
        step = store.runs.get(run_id).progress.step
        wait_until(lambda: store.runs.get(run_id).progress.step > step, PATIENCE_SECONDS)
    finally:
        running.end()
        store.close()
