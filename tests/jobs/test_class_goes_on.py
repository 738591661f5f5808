"""A class in mid-round whose worker, cluster and server are killed: everybody is still in, the round goes on, nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from mnist_core.bench.server import Server, start_server
from mnist_core.errors import RoundError
from mnist_core.escape import UserText
from mnist_core.rounds import Plan, Round
from mnist_core.store import Store, open_store
from mnist_core.web.cookie import COOKIE
from tests.browser.socket_session import SocketSession
from tests.conftest import wait_until
from tests.jobs.servers import LONG, PATIENCE_SECONDS, gone

pytestmark = pytest.mark.processes
STUDENTS = {"a" * 32: "Otter", "b" * 32: "Falcon"}
CONFIG = LONG.replace(epochs=150)
RATES = {"learning_rate": (0.001, 1.0)}


@pytest.fixture
def own_home(environment: dict[str, str], tmp_path: Path) -> dict[str, str]:
    """The environment of a server with a home of this test's own."""
    return {**environment, "MNIST_LAB_HOME": str(tmp_path / "other")}


@pytest.fixture
def serve(own_home: dict[str, str]) -> Iterator[Callable[[], Server]]:
    """Starts the app as a teacher does, and waits until it answers; none outlives the test."""
    started: list[Server] = []

    def server() -> Server:
        started.append(start_server(own_home))
        wait_until(started[-1].healthy, PATIENCE_SECONDS)
        return started[-1]

    yield server
    for one in started:
        one.end()


@pytest.fixture
def store(own_home: dict[str, str]) -> Iterator[Store]:
    """The server's store."""
    opened = open_store(f"sqlite:///{own_home['MNIST_LAB_HOME']}/runs.sqlite")
    yield opened
    opened.close()


def family(server: Server) -> tuple[psutil.Process, list[psutil.Process]]:
    """The cluster's process, and its workers'."""
    (cluster,) = (
        child for child in psutil.Process(server.process.pid).children() if "mnist_core.jobs" in child.cmdline()
    )
    return cluster, [child for child in cluster.children(recursive=True) if "spawn_main" in " ".join(child.cmdline())]


def steps(store: Store, given: Round) -> dict[str, int]:
    """How far each run of the round is, as the board reads them."""
    runs, _new = store.board.read(dict.fromkeys(store.board.run_versions(given.id), -1))
    return {run.id: run.progress.step for run in runs}


def go_on(store: Store, given: Round) -> None:
    """Wait until each run is further than it is now."""
    before = steps(store, given)
    wait_until(lambda: all(step > before[run_id] for run_id, step in steps(store, given).items()), PATIENCE_SECONDS)


def at_work(store: Store, given: Round) -> psutil.Process:
    """The process of a worker that trains a run of the round now."""

    def worker() -> str | None:
        runs = [store.runs.get(run_id) for run_id in steps(store, given)]
        return next((run.worker for run in runs if run.state == "running"), None)

    return psutil.Process(int(wait_until(worker).rpartition(":")[2]))


def test_a_round_goes_on_when_worker_cluster_and_server_are_killed(serve: Callable[[], Server], store: Store) -> None:
    server = serve()
    opened, secret = store.classes.open("3b", "t" * 32)
    plan = Plan(UserText("Find the edge"), config=CONFIG, free=RATES, runs_each=2)
    given = store.rounds.give(opened.id, secret, plan)
    for (student, nickname), rate in zip(STUDENTS.items(), (0.01, 0.5), strict=True):
        store.classes.join(opened.code, student, nickname)
        store.runs.create(student, CONFIG.replace(learning_rate=rate), round_id=given.id)
    go_on(store, given)

    at_work(store, given).kill()
    wait_until(lambda: any(store.runs.get(run_id).attempts == 2 for run_id in steps(store, given)), PATIENCE_SECONDS)
    go_on(store, given)
    cluster, workers = family(server)
    cluster.kill()
    wait_until(lambda: gone([cluster, *workers]))
    go_on(store, given)
    everyone = psutil.Process(server.process.pid).children(recursive=True)
    server.process.kill()
    server.process.wait()
    wait_until(lambda: gone(everyone))
    assert min(steps(store, given).values()) < CONFIG.total_steps

    server = serve()
    for student, nickname in STUDENTS.items():
        # By the cookie alone: the page knows who it is, and shows the round with its locked settings.
        with SocketSession(server.address, {COOKIE: student}) as page:
            drawn = page.draw("train", "")
            assert nickname in drawn.text
            assert "Find the edge" in drawn.text
            assert "c_epochs" not in drawn.widgets
            assert "The round gives these settings" in page.draw("train", "epochs=9").text
        with pytest.raises(RoundError, match="is 150 for everybody, not 9"):
            store.runs.create(student, CONFIG.replace(epochs=9), round_id=given.id)
        own = store.rounds.assignment(student)
        assert own is not None
        assert (own.round, own.left) == (given, 1)
    wait_until(lambda: set(steps(store, given).values()) == {CONFIG.total_steps}, PATIENCE_SECONDS)

    # The board has all of them, each whole: no update is missing, none counts twice.
    runs, evaluations = store.board.read(dict.fromkeys(store.board.run_versions(given.id), -1))
    wait_until(lambda: {store.runs.get(run.id).outcome for run in runs} == {"completed"})
    nicknames = store.board.nicknames(opened.id)
    assert {nicknames[run.owner].raw for run in runs} == {*STUDENTS.values()}
    for run in runs:
        assert run.attempts >= 3
        assert evaluations[run.id]["step"][-1] == CONFIG.total_steps
        windows = store.record_reader.curves(run.id).steps
        assert windows["steps"].sum() == windows["step"][-1] == CONFIG.total_steps
