"""One real cluster: runs that are paused, stopped, killed and taken up again."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sa

from mnist_core import data, settings
from mnist_core.analysis.landscape.loss_surface import affordable
from mnist_core.config import RunConfig
from mnist_core.jobs.private_cluster import temporary_security
from mnist_core.networks import weights
from mnist_core.networks.checkpoint_layout import checkpoint_file
from mnist_core.records import Analysis
from mnist_core.store import Store, open_store, tables
from tests.conftest import ROOT, wait_until
from tests.jobs.ports import answers, listening, speaks_http
from tests.jobs.servers import LONG, PATIENCE_SECONDS, SHORT, StandIn, Start, at_work, finished, gone
from tests.jobs.short_run import rows

pytestmark = pytest.mark.processes


@pytest.fixture
def store(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """The store that the cluster of the module serves."""
    for name, value in environment.items():
        if name.startswith("MNIST_LAB_"):
            monkeypatch.setenv(name, value)
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def server(environment: dict[str, str]) -> Iterator[StandIn]:
    """A cluster for the tests that leave it alive."""
    started = StandIn(environment)
    yield started
    family = started.family()
    started.end()
    wait_until(lambda: gone(family), 10)


@pytest.fixture(scope="module")
def undisturbed(server: StandIn, environment: dict[str, str]) -> str:
    """The curve of SHORT, drawn without a disturbance."""
    store = open_store(f"sqlite:///{environment['MNIST_LAB_HOME']}/runs.sqlite")
    run_id = store.runs.create("ann", SHORT)
    finished(store, run_id)
    run = store.runs.get(run_id)
    assert run.outcome == "completed", run.error
    assert run.progress.step == SHORT.total_steps
    curve = rows(store.record_reader.curves(run_id))
    store.close()
    return curve


def test_pause_step_and_resume_draw_the_undisturbed_curve(server: StandIn, store: Store, undisturbed: str) -> None:
    run_id = store.runs.create("ann", SHORT)
    at_work(store, run_id)
    store.commands.send(run_id, "ann", "pause")
    wait_until(lambda: store.runs.get(run_id).state == "paused")
    step = store.runs.get(run_id).progress.step
    assert 0 < step < SHORT.total_steps
    store.commands.send(run_id, "ann", "step")
    wait_until(lambda: store.runs.get(run_id).progress.step == step + 1 and store.runs.get(run_id).state == "paused")
    store.commands.send(run_id, "ann", "resume")
    finished(store, run_id)
    assert rows(store.record_reader.curves(run_id)) == undisturbed


def both_workers(store: Store) -> None:
    """Wait until the cluster has both of its workers."""
    wait_until(lambda: (store.facts.get("cluster") or {}).get("workers") == 2, PATIENCE_SECONDS)


def test_a_killed_worker_costs_nothing(server: StandIn, store: Store, undisturbed: str) -> None:
    both_workers(store)
    run_id = store.runs.create("ann", SHORT)
    at_work(store, run_id, 200)
    for worker in server.workers():
        worker.kill()
    finished(store, run_id)
    run = store.runs.get(run_id)
    assert run.outcome == "completed"
    assert run.attempts >= 2
    assert rows(store.record_reader.curves(run_id)) == undisturbed


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a worker's memory is bounded on Linux alone")
def test_a_worker_that_ran_out_of_memory_is_started_anew(environment: dict[str, str], tmp_path: Path) -> None:
    home = tmp_path / "memory"
    bounds = {"MNIST_LAB_HOME": str(home), "MNIST_LAB_WORKERS": "1", "MNIST_LAB_WORKER_MB": "150"}
    server = StandIn(environment | bounds)
    store = open_store(f"sqlite:///{home}/runs.sqlite")
    try:
        wait_until(lambda: (store.facts.get("cluster") or {}).get("workers") == 1, PATIENCE_SECONDS)
        before = {worker.pid for worker in server.workers()}
        giant = store.runs.create("eve", SHORT.replace(hidden_layers=(2048,) * 4, optimizer="adam"))
        finished(store, giant)
        small = store.runs.create("ann", SHORT.replace(epochs=2))
        finished(store, small)
        error = store.runs.get(giant).error
        assert error is not None
        assert "needs more memory" in error.text()
        assert store.runs.get(small).outcome == "completed"
        assert before.isdisjoint(worker.pid for worker in server.workers())
    finally:
        store.close()
        server.end()


def test_a_cnn_whose_worker_is_killed_comes_to_the_same_weights(server: StandIn, store: Store) -> None:
    both_workers(store)
    config = LONG.replace(
        model="cnn", filters=(4, 16), kernel_size=3, hidden_layers=(), epochs=3, optimizer="adam", learning_rate=0.003
    )
    whole = store.runs.create("ann", config)
    finished(store, whole)
    run_id = store.runs.create("ann", config)
    at_work(store, run_id)
    store.commands.set_learning_rate(run_id, "ann", config.learning_rate)  # a checkpoint is made at once
    wait_until(lambda: store.runs.get(run_id).checkpoint_step)
    for worker in server.workers():
        worker.kill()
    finished(store, run_id)
    run = store.runs.get(run_id)
    assert run.outcome == "completed"
    assert run.attempts >= 2
    assert rows(store.record_reader.curves(run_id)) == rows(store.record_reader.curves(whole))
    for name, value in weights.latest(whole).weights.items():
        np.testing.assert_array_equal(weights.latest(run_id).weights[name], value)


def test_with_all_workers_training_a_analysis_is_answered_meanwhile(server: StandIn, store: Store) -> None:
    looked_at = store.runs.create("ann", SHORT)
    finished(store, looked_at)
    both_workers(store)
    busy = [store.runs.create("ann", LONG.replace(train_size=20_000, seed=seed)) for seed in (1, 2)]
    for run_id in busy:
        at_work(store, run_id)
    analysis_id = store.analyses.create("ann", "answers", {"run": looked_at, "split": "validation"})

    def analysis() -> Analysis:
        current = store.analyses.get(analysis_id)
        assert current is not None
        return current

    wait_until(lambda: not analysis().active, 30)
    assert analysis().state == "finished", analysis().message
    assert [store.runs.get(run_id).state for run_id in busy] == ["running", "running"]
    for run_id in busy:
        at_work(store, run_id, store.runs.get(run_id).progress.step + 1)  # and go on
        store.commands.send(run_id, "ann", "stop")
        finished(store, run_id)


def test_a_analysis_survives_the_death_of_its_worker(server: StandIn, store: Store) -> None:
    config = SHORT.replace(model="cnn", filters=(16, 16), epochs=1)  # so that its landscape takes seconds
    run_id = store.runs.create("ann", config)
    finished(store, run_id)
    analysis_id = store.analyses.create("ann", "landscape", {"run": run_id, "plane": "path"})

    def analysis() -> Analysis:
        current = store.analyses.get(analysis_id)
        assert current is not None
        return current

    wait_until(lambda: analysis().progress > 0, 30)
    for worker in server.workers():
        worker.kill()

    this_analysis = tables.analyses.c.id == analysis_id

    def deaths() -> int:
        with store.database.begin(write=False) as connection:
            return connection.execute(sa.select(tables.analyses.c.deaths).where(this_analysis)).scalar_one()

    wait_until(lambda: deaths() == 1, 30)
    wait_until(lambda: not analysis().active, PATIENCE_SECONDS)
    assert analysis().state == "finished", analysis().message
    assert analysis().arrays["losses"].shape == affordable(config)[:1] * 2


def test_stop_keeps_what_there_is(server: StandIn, store: Store) -> None:
    run_id = store.runs.create("ann", LONG)
    at_work(store, run_id)
    store.commands.send(run_id, "ann", "stop")
    finished(store, run_id, 20)
    run = store.runs.get(run_id)
    assert run.outcome == "stopped"
    assert run.result["steps"] == run.progress.step > 0
    assert len(store.record_reader.curves(run_id).steps) > 0


def test_a_full_batch_cnn_hears_stop_in_the_midst_of_a_step(server: StandIn, store: Store) -> None:
    config = RunConfig(dataset="other", model="cnn", filters=(32, 64), batch_size=50_000, epochs=5)
    run_id = store.runs.create("ann", config)
    wait_until(lambda: len(store.record_reader.curves(run_id).evaluations), PATIENCE_SECONDS)
    store.commands.send(run_id, "ann", "stop")
    finished(store, run_id, 20)
    assert store.runs.get(run_id).outcome == "stopped"
    assert store.runs.get(run_id).progress.step <= 1


def test_reset_goes_back_to_the_first_weights(server: StandIn, store: Store, undisturbed: str) -> None:
    run_id = store.runs.create("ann", SHORT)
    at_work(store, run_id)
    store.commands.send(run_id, "ann", "reset")
    wait_until(lambda: store.runs.get(run_id).state == "paused")
    assert store.runs.get(run_id).progress.step == 0
    assert len(store.record_reader.curves(run_id).steps) == 0
    store.commands.send(run_id, "ann", "resume")
    finished(store, run_id)
    assert rows(store.record_reader.curves(run_id)) == undisturbed


def test_a_changed_rate_is_marked_and_used(server: StandIn, store: Store) -> None:
    run_id = store.runs.create("ann", LONG)
    at_work(store, run_id)
    store.commands.set_learning_rate(run_id, "ann", 0.025)
    wait_until(lambda: store.runs.get(run_id).base_rate == 0.025)
    (event,) = store.record_reader.curves(run_id).events
    assert (event.kind, event.value) == ("learning_rate", 0.025)
    at_work(store, run_id, event.step + 300)
    assert store.record_reader.curves(run_id).steps["learning_rate"][-1] == pytest.approx(0.025)
    store.commands.send(run_id, "ann", "stop")
    finished(store, run_id, 20)


def test_digits_are_drawn_when_a_run_needs_them(server: StandIn, store: Store) -> None:
    assert not data.available("built-in")
    run_id = store.runs.create("ann", SHORT.replace(dataset="built-in"))
    finished(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    assert data.available("built-in")
    assert store.facts.get("digits") == {"state": "done", "done": 1, "total": 1}


def test_a_run_that_fails_is_a_sentence(server: StandIn, store: Store) -> None:
    run_id = store.runs.create("ann", SHORT)
    checkpoint_file(run_id).mkdir(parents=True)  # its state cannot be kept
    finished(store, run_id)
    run = store.runs.get(run_id)
    assert run.outcome == "failed"
    assert "Training failed with an internal error (" in str(run.error)


def test_a_deleted_run_leaves_its_worker_free(server: StandIn, store: Store) -> None:
    first, second = (store.runs.create("ann", LONG) for _ in range(2))
    at_work(store, first)
    at_work(store, second)
    store.runs.delete(first, "ann")
    store.runs.delete(second, "ann")
    third = store.runs.create("ann", SHORT)
    finished(store, third)
    assert store.runs.get(third).outcome == "completed"


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
    run_id = store.runs.create("ann", SHORT)
    own_home = {**environment, **certificates, "MNIST_LAB_HOME": str(tmp_path / "other")}
    server = start({**own_home, "MNIST_LAB_SCHEDULER": elsewhere})
    finished(store, run_id)
    assert rows(store.record_reader.curves(run_id)) == undisturbed
    server.end()
    store.close()


# Sockets of refused clients are closed when they are collected: Dask's clients leave that to Python.
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
def test_nothing_listens_to_the_net_nor_to_other_accounts(
    server: StandIn, environment: dict[str, str], undisturbed: str
) -> None:
    listeners = listening(server.family())
    assert {host for host, _port in listeners} == {"127.0.0.1"}
    # The scheduler, two nannies, two workers.
    assert len(listeners) <= 5
    assert not [port for _host, port in sorted(listeners) if answers(port, None) or speaks_http(port)]
    home = Path(environment["MNIST_LAB_HOME"])
    assert [file for file in home.rglob("*") if file.is_file() and file.stat().st_mode & 0o077] == []
