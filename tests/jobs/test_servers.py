"""Real servers that go in every way, and a second one: what becomes of their processes and runs."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from mnist_core.jobs.cluster import renew_workers
from mnist_core.jobs.private_cluster import closed_cluster
from mnist_core.store import open_store
from tests.conftest import wait_until
from tests.jobs.servers import LONG, PATIENCE_SECONDS, Start, at_work, gone

pytestmark = pytest.mark.processes


@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT, signal.SIGKILL])
def test_no_process_is_left_when_the_server_goes_and_the_run_goes_on(
    start: Start, environment: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: signal.Signals
) -> None:
    own_home = {**environment, "MNIST_LAB_HOME": str(tmp_path / "other"), "MNIST_LAB_WORKERS": "1"}
    store = open_store(f"sqlite:///{tmp_path / 'other' / 'runs.sqlite'}")
    run_id = store.runs.create("ann", LONG)
    server = start(own_home)
    at_work(store, run_id)
    family = server.family()
    server.end(how)
    wait_until(lambda: gone(family), 10)
    step = store.runs.get(run_id).progress.step
    if how is signal.SIGKILL:
        again = start(own_home)
        at_work(store, run_id, step + 1)
        family = again.family()
        again.end()
        wait_until(lambda: gone(family), 10)
    store.close()


def test_a_killed_cluster_takes_its_workers_along_and_the_next_page_starts_another(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'other' / 'runs.sqlite'}")
    run_id = store.runs.create("ann", LONG)
    server = start({**environment, "MNIST_LAB_HOME": str(tmp_path / "other"), "MNIST_LAB_WORKERS": "1"})
    at_work(store, run_id)
    family = server.family()
    server.cluster.kill()
    wait_until(lambda: gone(family), 20)
    step = store.runs.get(run_id).progress.step
    server.show_page()
    assert server.cluster not in family
    at_work(store, run_id, step + 1)
    assert store.runs.get(run_id).attempts == 2
    family = server.family()
    server.end()
    wait_until(lambda: gone(family), 10)
    store.close()


def test_runs_that_wait_for_the_cluster_share_its_workers(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    home = tmp_path / "other"
    store = open_store(f"sqlite:///{home / 'runs.sqlite'}")
    # The second begins when another worker is up: the first still trains then, on a fast machine, too.
    longer = LONG.replace(batch_size=1)
    other = longer.replace(batch_size=2)  # so that the two do not train as one
    waiting = [store.runs.create("ann", longer), store.runs.create("bob", other)]
    server = start({**environment, "MNIST_LAB_HOME": str(home)})
    for run_id in waiting:
        at_work(store, run_id)
    assert [store.runs.get(run_id).state for run_id in waiting] == ["running", "running"]
    # A lost worker's run goes to the one that takes its place, not behind the other run.
    server.workers()[0].kill()

    def runs() -> list[tuple[str, int]]:
        return sorted((run.state, run.attempts) for run in map(store.runs.get, waiting))

    wait_until(lambda: runs() == [("running", 1), ("running", 2)], PATIENCE_SECONDS)
    family = server.family()
    server.end()
    wait_until(lambda: gone(family), 10)
    store.close()


def test_a_worker_that_dask_gave_up_is_started_anew_under_its_name() -> None:
    with closed_cluster({"train": 1}, threads=1) as cluster:
        cluster.scale(2)

        def names() -> list[int]:
            return sorted(worker["name"] for worker in cluster.scheduler_info["workers"].values())

        wait_until(lambda: names() == sorted(cluster.workers) == [0, 1], PATIENCE_SECONDS)
        cluster.sync(cluster.workers[1].close)
        wait_until(lambda: names() == [0], PATIENCE_SECONDS)
        assert renew_workers(cluster, given_up=True) == 1
        assert renew_workers(cluster, given_up=True) == 0  # it is starting
        wait_until(lambda: names() == [0, 1], PATIENCE_SECONDS)
        assert renew_workers(cluster) == 0  # nobody is missing
        cluster.sync(cluster.workers[0].close)
        wait_until(lambda: names() == [1], PATIENCE_SECONDS)
        assert renew_workers(cluster) == 1
        wait_until(lambda: names() == [0, 1], PATIENCE_SECONDS)


def test_a_second_server_stands_by_until_the_first_is_gone(
    start: Start, environment: dict[str, str], tmp_path: Path
) -> None:
    own_home = {**environment, "MNIST_LAB_HOME": str(tmp_path / "other"), "MNIST_LAB_WORKERS": "1"}
    first = start(own_home)
    wait_until(first.workers, 30)
    second = start(own_home)
    assert second.cluster.is_running()
    family = first.family()
    first.end()
    wait_until(lambda: gone(family), 10)
    wait_until(second.workers, 30)
    assert gone([first.cluster])
    family = second.family()
    second.end()
    wait_until(lambda: gone(family), 10)
