"""Real servers that go in every way, a second one, workers elsewhere: what becomes of their processes and runs."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from distributed import LocalCluster

from mnist_core import settings
from mnist_core.jobs.closed import temporary_security
from mnist_core.jobs.cluster import renew_workers
from mnist_core.store import open_store
from tests.conftest import ROOT, wait_until
from tests.jobs.disturbed import rows
from tests.jobs.servers import LONG, SHORT, StandIn, at_work, finished, gone
from tests.jobs.strangers import answers, listening, speaks_http

Start = Callable[[dict[str, str]], StandIn]


@pytest.fixture
def start() -> Iterator[Start]:
    """Starts servers of the test's own, none of which outlives it."""
    started: list[StandIn] = []

    def one(environment: dict[str, str]) -> StandIn:
        started.append(StandIn(environment))
        return started[-1]

    yield one
    for server in started:
        if server.process.returncode is None:
            server.end()


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_when_the_server_goes_and_the_run_goes_on(
    start: Start, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    mine = {**environment, "MNIST_LAB_HOME": str(tmp_path / "other"), "MNIST_LAB_WORKERS": "1"}
    store = open_store(f"sqlite:///{tmp_path / 'other' / 'runs.sqlite'}")
    run_id = store.create_run("ann", LONG)
    server = start(mine)
    at_work(store, run_id)
    family = server.family()
    server.end(how)
    wait_until(lambda: gone(family), 10)
    step = store.get(run_id).progress.step
    if how is signal.SIGKILL:
        again = start(mine)
        at_work(store, run_id, step + 1)
        family = again.family()
        again.end()
        wait_until(lambda: gone(family), 10)
    store.close()


def test_a_killed_cluster_takes_its_workers_along_and_the_next_page_starts_another(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'other' / 'runs.sqlite'}")
    run_id = store.create_run("ann", LONG)
    server = start({**environment, "MNIST_LAB_HOME": str(tmp_path / "other"), "MNIST_LAB_WORKERS": "1"})
    at_work(store, run_id)
    family = server.family()
    server.cluster.kill()
    wait_until(lambda: gone(family), 20)
    step = store.get(run_id).progress.step
    server.show_page()
    assert server.cluster not in family
    at_work(store, run_id, step + 1)
    assert store.get(run_id).attempts == 2
    family = server.family()
    server.end()
    wait_until(lambda: gone(family), 10)
    store.close()


@pytest.fixture
def certificates(tmp_path: Path) -> dict[str, str]:
    """Settings that name the files of a certificate authority, a certificate and its key."""
    security = temporary_security()
    parts = (security.tls_ca_file, security.tls_client_cert, security.tls_client_key)
    for name, part in zip(settings.TLS, parts, strict=True):
        (tmp_path / name).write_text(part)
    return {name: str(tmp_path / name) for name in settings.TLS}


@pytest.fixture
def elsewhere(environment: dict[str, str], certificates: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The address of a Dask scheduler of one's own that speaks TLS, with one worker that has no slots by name."""
    file = tmp_path / "scheduler.json"
    options = ("--tls-ca-file", "--tls-cert", "--tls-key")
    tls = [part for pair in zip(options, certificates.values(), strict=True) for part in pair]
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--nthreads", "1", "--no-nanny"]
    common = ["--no-dashboard", "--scheduler-file", str(file), "--protocol", "tls", *tls]
    with (tmp_path / "dask.log").open("w") as log:
        started = [
            subprocess.Popen([*command, *common], cwd=ROOT, env=environment, stdout=log, stderr=log)
            for command in (dask, worker)
        ]
    wait_until(file.exists)
    yield str(json.loads(file.read_text())["address"])
    for process in reversed(started):
        process.kill()
        process.wait(10)


def test_workers_elsewhere_train(
    start: Start,
    environment: dict[str, str],
    elsewhere: str,
    certificates: dict[str, str],
    tmp_path: Path,
    undisturbed: str,
) -> None:
    assert elsewhere.startswith("tls://")
    store = open_store(f"sqlite:///{tmp_path / 'other' / 'runs.sqlite'}")
    run_id = store.create_run("ann", SHORT)
    mine = {**environment, **certificates, "MNIST_LAB_HOME": str(tmp_path / "other")}
    server = start({**mine, "MNIST_LAB_SCHEDULER": elsewhere})
    finished(store, run_id)
    assert rows(store.curves(run_id)) == undisturbed
    server.end()
    store.close()


# Sockets of refused clients are closed when they are collected: Dask's clients leave that to Python.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_nothing_listens_to_the_net_nor_to_other_accounts(
    server: StandIn, environment: dict[str, str], undisturbed: str
) -> None:
    found = listening(server.family())
    assert {host for host, _port in found} == {"127.0.0.1"}
    # The scheduler, two nannies, two workers.
    assert len(found) <= 5
    assert not [port for _host, port in sorted(found) if answers(port, None) or speaks_http(port)]
    home = Path(environment["MNIST_LAB_HOME"])
    assert [file for file in home.rglob("*") if file.is_file() and file.stat().st_mode & 0o077] == []


def test_runs_that_wait_for_the_cluster_share_its_workers(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "other"
    store = open_store(f"sqlite:///{home / 'runs.sqlite'}")
    waiting = [store.create_run("ann", LONG), store.create_run("bob", LONG)]
    server = start({**environment, "MNIST_LAB_HOME": str(home)})
    for run_id in waiting:  # neither comes to its end meanwhile
        at_work(store, run_id)
    assert [store.get(run_id).state for run_id in waiting] == ["running", "running"]
    # A lost worker's run goes to the one that takes its place, not behind the other run.
    server.workers()[0].kill()

    def runs() -> list[tuple[str, int]]:
        return sorted((run.state, run.attempts) for run in map(store.get, waiting))

    wait_until(lambda: runs() == [("running", 1), ("running", 2)], 60)
    family = server.family()
    server.end()
    wait_until(lambda: gone(family), 10)
    store.close()


def test_a_worker_that_dask_gave_up_is_started_anew_under_its_name() -> None:
    with LocalCluster(  # type: ignore[no-untyped-call]
        n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address=None, silence_logs=logging.ERROR
    ) as cluster:

        def names() -> list[int]:
            return sorted(worker["name"] for worker in cluster.scheduler_info["workers"].values())

        wait_until(lambda: names() == [0, 1], 60)
        cluster.sync(cluster.workers[1].close)
        wait_until(lambda: names() == [0], 60)
        renew_workers(cluster)
        wait_until(lambda: names() == [0, 1], 60)
        renew_workers(cluster)  # nobody is missing
        assert names() == [0, 1]


def test_a_second_server_stands_by_until_the_first_is_gone(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    mine = {**environment, "MNIST_LAB_HOME": str(tmp_path / "other"), "MNIST_LAB_WORKERS": "1"}
    first = start(mine)
    wait_until(first.workers, 30)
    second = start(mine)
    assert second.cluster.is_running()
    family = first.family()
    first.end()
    wait_until(lambda: gone(family), 10)
    wait_until(second.workers, 30)
    assert gone([first.cluster])
    family = second.family()
    second.end()
    wait_until(lambda: gone(family), 10)
