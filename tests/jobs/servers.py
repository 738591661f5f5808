"""A process that starts a cluster as the server does, and runs that its workers train."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psutil

from mnist_core.config import RunConfig
from mnist_core.store import Store
from tests.conftest import ROOT, wait_until

# Enough steps that a test can act in their midst; small enough that a step takes no time.
LONG = RunConfig(
    dataset="other", train_size=1_000, validation_size=500, hidden_layers=(16,), batch_size=10, epochs=1_000
)


SHORT = LONG.replace(epochs=40)


# A shell that starts the tests in its background has them ignore SIGINT, and their children with them: a server does not.
SERVER = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from mnist_core import jobs
jobs.ensure_cluster()
print(jobs.cluster_pid(), flush=True)
for _page in sys.stdin:
    jobs.ensure_cluster()
    print(jobs.cluster_pid(), flush=True)
"""


class StandIn:
    """A process that starts the cluster as the server does."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert self.process.stdout is not None
        self.cluster = psutil.Process(int(self.process.stdout.readline()))
        self._log = Path(environment["MNIST_LAB_HOME"]) / "cluster.log"

    def show_page(self) -> None:
        """Let the server draw a page, which starts a cluster where there is none."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(b"\n")
        self.process.stdin.flush()
        self.cluster = psutil.Process(int(self.process.stdout.readline()))

    def workers(self) -> list[psutil.Process]:
        """The processes that train."""
        children = self.cluster.children(recursive=True)
        return [child for child in children if "spawn_main" in " ".join(child.cmdline())]

    def family(self) -> list[psutil.Process]:
        """Every process of the cluster."""
        return [self.cluster, *self.cluster.children(recursive=True)]

    def end(self, how: signal.Signals = signal.SIGKILL) -> None:
        """End the server; the cluster should notice."""
        self.process.send_signal(how)
        self.process.wait(10)
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        print(self._log.read_text())  # pytest shows it where the test has failed


def gone(processes: list[psutil.Process]) -> bool:
    """Whether none of the processes runs any more."""
    return not any(process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes)


# For a worker that starts, on a machine that has other things to do.
PATIENCE_SECONDS = 180.0


def finished(store: Store, run_id: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait for the end of the run."""
    wait_until(lambda: store.runs.get(run_id).state == "finished", seconds)


def at_work(store: Store, run_id: str, step: int = 1) -> None:
    """Wait until the run has come to `step`."""
    wait_until(lambda: store.runs.get(run_id).progress.step >= step, PATIENCE_SECONDS)


Start = Callable[[dict[str, str]], StandIn]
