"""Real processes: runs that are paused, stopped, killed and taken up again, and servers that go in every way."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest
import sqlalchemy as sa
from distributed import LocalCluster

from mnist_core import data, settings, weights
from mnist_core.config import RunConfig
from mnist_core.jobs.closed import temporary_security
from mnist_core.jobs.cluster import renew_workers
from mnist_core.records import Study
from mnist_core.settings import checkpoint_file
from mnist_core.store import Store, open_store, tables
from mnist_core.training.landscape import affordable
from tests.conftest import ROOT, wait_until
from tests.jobs.disturbed import rows
from tests.jobs.strangers import answers, listening, speaks_http

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


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory, small_mnist: Path) -> dict[str, str]:
    """A home with a small data set of the right form in it, and two workers."""
    home = tmp_path_factory.mktemp("home")
    clean = {name: value for name, value in os.environ.items() if not name.startswith("MNIST_LAB_")}
    return {**clean, "MNIST_LAB_HOME": str(home), "MNIST_LAB_DATA": str(small_mnist), "MNIST_LAB_WORKERS": "2"}


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
        found = self.cluster.children(recursive=True)
        return [child for child in found if "spawn_main" in " ".join(child.cmdline())]

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


@pytest.fixture
def store(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store that the cluster of the module serves."""
    for name, value in environment.items():
        if name.startswith("MNIST_LAB_"):
            monkeypatch.setenv(name, value)
    opened = open_store()
    yield opened
    opened.close()


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


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Iterator[StandIn]:
    """A cluster for the tests that leave it alive."""
    started = StandIn(environment)
    yield started
    family = started.family()
    started.end()
    wait_until(lambda: gone(family), 10)


def finished(store: Store, run_id: str, seconds: float = 90) -> None:
    """Wait for the end of the run."""
    wait_until(lambda: store.get(run_id).state == "finished", seconds)


@pytest.fixture(scope="module")
def undisturbed(server: StandIn, environment: dict[str, str]) -> str:
    """The curve of SHORT, drawn without a disturbance."""
    store = open_store(f"sqlite:///{environment['MNIST_LAB_HOME']}/runs.sqlite")
    run_id = store.create_run("ann", SHORT)
    finished(store, run_id)
    run = store.get(run_id)
    assert run.outcome == "completed", run.error
    assert run.progress.step == SHORT.total_steps
    curve = rows(store.curves(run_id))
    store.close()
    return curve


def at_work(store: Store, run_id: str, step: int = 1) -> None:
    """Wait until the run has come to `step`."""
    wait_until(lambda: store.get(run_id).progress.step >= step, 60)


def test_pause_step_and_resume_draw_the_undisturbed_curve(server: StandIn, store: Store, undisturbed: str) -> None:
    run_id = store.create_run("ann", SHORT)
    at_work(store, run_id)
    store.request(run_id, "ann", "pause")
    wait_until(lambda: store.get(run_id).state == "paused")
    step = store.get(run_id).progress.step
    assert 0 < step < SHORT.total_steps
    store.request(run_id, "ann", "step")
    wait_until(lambda: store.get(run_id).progress.step == step + 1 and store.get(run_id).state == "paused")
    store.request(run_id, "ann", "resume")
    finished(store, run_id)
    assert rows(store.curves(run_id)) == undisturbed


def both_workers(store: Store) -> None:
    """Wait until the cluster has both of its workers."""
    wait_until(lambda: (store.fact("cluster") or {}).get("workers") == 2, 120)


def test_a_killed_worker_costs_nothing(server: StandIn, store: Store, undisturbed: str) -> None:
    both_workers(store)
    run_id = store.create_run("ann", SHORT)
    at_work(store, run_id, 200)
    for worker in server.workers():
        worker.kill()
    finished(store, run_id)
    run = store.get(run_id)
    assert run.outcome == "completed"
    assert run.attempts >= 2
    assert rows(store.curves(run_id)) == undisturbed


def test_a_cnn_whose_worker_is_killed_comes_to_the_same_weights(server: StandIn, store: Store) -> None:
    both_workers(store)
    config = LONG.replace(
        model="cnn", filters=(4, 16), kernel_size=3, hidden_layers=(), epochs=3, optimizer="adam", learning_rate=0.003
    )
    whole = store.create_run("ann", config)
    finished(store, whole)
    run_id = store.create_run("ann", config)
    at_work(store, run_id)
    store.request_learning_rate(run_id, "ann", config.learning_rate)  # a checkpoint is made at once
    wait_until(lambda: store.get(run_id).checkpoint_step)
    for worker in server.workers():
        worker.kill()
    finished(store, run_id)
    run = store.get(run_id)
    assert run.outcome == "completed"
    assert run.attempts >= 2
    assert rows(store.curves(run_id)) == rows(store.curves(whole))
    for name, value in weights.latest(whole).weights.items():
        np.testing.assert_array_equal(weights.latest(run_id).weights[name], value)


def test_with_all_workers_training_a_study_is_answered_meanwhile(server: StandIn, store: Store) -> None:
    looked_at = store.create_run("ann", SHORT)
    finished(store, looked_at)
    both_workers(store)
    busy = [store.create_run("ann", LONG.replace(train_size=20_000, seed=seed)) for seed in (1, 2)]
    for run_id in busy:
        at_work(store, run_id)
    study_id = store.create_study("ann", "answers", {"run": looked_at, "part": "validation"})

    def study() -> Study:
        found = store.study(study_id)
        assert found is not None
        return found

    wait_until(lambda: not study().active, 30)
    assert study().state == "finished", study().message
    assert [store.get(run_id).state for run_id in busy] == ["running", "running"]
    for run_id in busy:
        at_work(store, run_id, store.get(run_id).progress.step + 1)  # and go on
        store.request(run_id, "ann", "stop")
        finished(store, run_id)


def test_a_study_survives_the_death_of_its_worker(server: StandIn, store: Store) -> None:
    config = SHORT.replace(model="cnn", filters=(16, 16), epochs=1)  # so that its landscape takes seconds
    run_id = store.create_run("ann", config)
    finished(store, run_id)
    study_id = store.create_study("ann", "landscape", {"run": run_id, "plane": "path"})

    def study() -> Study:
        found = store.study(study_id)
        assert found is not None
        return found

    wait_until(lambda: study().progress > 0, 30)
    for worker in server.workers():
        worker.kill()

    mine = tables.studies.c.id == study_id

    def deaths() -> int:
        with store._begin(write=False) as connection:
            return connection.execute(sa.select(tables.studies.c.deaths).where(mine)).scalar_one()

    wait_until(lambda: deaths() == 1, 30)
    wait_until(lambda: not study().active, 90)
    assert study().state == "finished", study().message
    assert study().arrays["losses"].shape == affordable(config)[:1] * 2


def test_stop_keeps_what_there_is(server: StandIn, store: Store) -> None:
    run_id = store.create_run("ann", LONG)
    at_work(store, run_id)
    store.request(run_id, "ann", "stop")
    finished(store, run_id, 20)
    run = store.get(run_id)
    assert run.outcome == "stopped"
    assert run.result["steps"] == run.progress.step > 0
    assert len(store.curves(run_id).steps) > 0


def test_a_full_batch_cnn_hears_stop_in_the_midst_of_a_step(server: StandIn, store: Store) -> None:
    config = RunConfig(dataset="other", model="cnn", filters=(32, 64), batch_size=50_000, epochs=5)
    run_id = store.create_run("ann", config)
    wait_until(lambda: len(store.curves(run_id).evaluations), 60)
    store.request(run_id, "ann", "stop")
    finished(store, run_id, 20)
    assert store.get(run_id).outcome == "stopped"
    assert store.get(run_id).progress.step <= 1


def test_reset_goes_back_to_the_first_weights(server: StandIn, store: Store, undisturbed: str) -> None:
    run_id = store.create_run("ann", SHORT)
    at_work(store, run_id)
    store.request(run_id, "ann", "reset")
    wait_until(lambda: store.get(run_id).state == "paused")
    assert store.get(run_id).progress.step == 0
    assert len(store.curves(run_id).steps) == 0
    store.request(run_id, "ann", "resume")
    finished(store, run_id)
    assert rows(store.curves(run_id)) == undisturbed


def test_a_changed_rate_is_marked_and_used(server: StandIn, store: Store) -> None:
    run_id = store.create_run("ann", LONG)
    at_work(store, run_id)
    store.request_learning_rate(run_id, "ann", 0.025)
    wait_until(lambda: store.get(run_id).base_rate == 0.025)
    (event,) = store.curves(run_id).events
    assert (event.kind, event.value) == ("learning_rate", 0.025)
    at_work(store, run_id, event.step + 300)
    assert store.curves(run_id).steps["learning_rate"][-1] == pytest.approx(0.025)
    store.request(run_id, "ann", "stop")
    finished(store, run_id, 20)


def test_digits_are_drawn_when_a_run_needs_them(server: StandIn, store: Store) -> None:
    assert not data.available("built-in")
    run_id = store.create_run("ann", SHORT.replace(dataset="built-in"))
    finished(store, run_id)
    assert store.get(run_id).outcome == "completed"
    assert data.available("built-in")
    assert store.fact("digits") == {"state": "done", "done": 1, "total": 1}


def test_a_run_that_fails_is_a_sentence(server: StandIn, store: Store) -> None:
    run_id = store.create_run("ann", SHORT)
    checkpoint_file(run_id).mkdir(parents=True)  # its state cannot be kept
    finished(store, run_id)
    run = store.get(run_id)
    assert run.outcome == "failed"
    assert "Training failed inside" in str(run.error)


def test_a_deleted_run_leaves_its_worker_free(server: StandIn, store: Store) -> None:
    first, second = (store.create_run("ann", LONG) for _ in range(2))
    at_work(store, first)
    at_work(store, second)
    store.delete_run(first, "ann")
    store.delete_run(second, "ann")
    third = store.create_run("ann", SHORT)
    finished(store, third)
    assert store.get(third).outcome == "completed"


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
