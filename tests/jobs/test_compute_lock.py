"""A run and an analysis in one process: they take turns, and the run's curve stays its own."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable

import pytest

from mnist_core import estimate, training
from mnist_core.config import RunConfig
from mnist_core.estimate import Rate, Speed
from mnist_core.jobs import analysis_job, run_job, tasks
from mnist_core.jobs.compute_lock import OF_THIS_PROCESS, ComputeLock
from mnist_core.store import Store
from mnist_core.training import measure_speed
from tests.conftest import wait_until
from tests.jobs.crashes import in_strides

CONFIG = RunConfig(train_size=2_000, validation_size=500, hidden_layers=(64,), batch_size=100, epochs=10, dropout=0.2)


def test_who_waits_goes_before_the_one_that_gave_way() -> None:
    lock = ComputeLock()
    order: list[str] = []
    with lock:
        assert not lock.give_way()  # nobody waits

        def analysis() -> None:
            with lock:
                order.append("analysis")

        thread = threading.Thread(target=analysis)
        thread.start()
        wait_until(lambda: lock.has_waiting)
        assert order == []
        assert lock.give_way()
        order.append("run")
    thread.join(10)
    assert order == ["analysis", "run"]


def test_who_waits_for_something_else_lends_the_turn_and_is_prepared_when_it_has_it_again() -> None:
    lock = ComputeLock()
    order: list[str] = []

    def analysis() -> None:
        with lock:
            lock.prepare(lambda: order.append("analysis"))

    with lock:
        lock.prepare(lambda: order.append("run"))
        with lock.released():
            thread = threading.Thread(target=analysis)
            thread.start()
            thread.join(10)
        later = threading.Thread(target=analysis)
        later.start()
        wait_until(lambda: lock.has_waiting)
        assert order == ["run", "analysis", "run"]
    later.join(10)
    assert order == ["run", "analysis", "run", "analysis"]
    with lock.released():  # nobody holds it
        assert not lock.has_waiting


def test_two_that_give_way_have_the_turn_by_turns() -> None:
    lock = ComputeLock()
    order: list[str] = []

    def work(name: str) -> None:
        with lock:
            wait_until(lambda: lock.has_waiting or order)
            for _round in range(5):
                order.append(name)
                wait_until(lambda: lock.give_way() or not lock.has_waiting)

    threads = [threading.Thread(target=work, args=(name,)) for name in ("run", "analysis")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(order) == 10
    assert all(first != second for first, second in itertools.pairwise(order))


def test_nobody_computes_beside_another() -> None:
    lock = ComputeLock()
    inside: list[int] = []
    most: list[int] = []

    def work(number: int) -> None:
        for _round in range(50):
            with lock:
                for _step in range(3):
                    inside.append(number)
                    most.append(len(inside))
                    inside.remove(number)
                    lock.give_way()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(most) == 600
    assert max(most) == 1


@pytest.fixture
def store(shared_store: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    monkeypatch.setattr(analysis_job, "REPORT_SECONDS", 0.0)  # give way whenever possible
    monkeypatch.setattr(run_job, "PUBLISH_SECONDS", 0.02)
    shared_store.facts.set("speed", {"version": estimate.VERSION})
    return shared_store


def curve(store: Store, run_id: str) -> str:
    curves = store.record_reader.curves(run_id)
    names = [name for name in curves.steps.dtype.names or () if name != "seconds"]
    return repr(curves.steps[names].tolist())


@pytest.mark.parametrize(
    "config", [CONFIG, CONFIG.replace(model="cnn", filters=(4,), epochs=1)], ids=["dense", "general"]
)
def test_analyses_in_between_do_not_change_a_run(
    store: Store, config: RunConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone = store.runs.create("ann", config)
    run_job.execute([alone], store.url, 2)
    disturbed = store.runs.create("ann", config)
    trains = threading.Thread(target=run_job.execute, args=([disturbed], store.url, 2))
    gave_way: list[bool] = []
    give_way = OF_THIS_PROCESS.give_way

    def counted() -> bool:
        if threading.current_thread() is not trains or len(gave_way) == 3:
            return give_way()
        wait_until(give_way)  # an analysis comes, and the run has had the lock for long enough
        gave_way.append(True)
        return True

    monkeypatch.setattr(OF_THIS_PROCESS, "give_way", counted)
    in_strides(monkeypatch, config.total_steps // 5)  # a fast machine would have trained it before three came
    trains.start()
    while trains.is_alive():
        analysis_id = store.analyses.create("bob", "snapshot-answers", {"run": alone})
        analysis_job.execute(analysis_id, store.url, 1)
        analysis = store.analyses.get(analysis_id)
        assert analysis is not None
        assert analysis.state == "finished", analysis.message
    trains.join()
    assert len(gave_way) == 3
    assert store.runs.get(disturbed).outcome == "completed"
    assert curve(store, disturbed) == curve(store, alone)


def test_a_run_that_begins_while_the_speed_measured_has_its_turn_before_that_is_over(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []

    def run() -> None:
        with OF_THIS_PROCESS:
            order.append("run")

    waiting = threading.Thread(target=run)

    def measured(alive: Callable[[], object]) -> Speed:
        waiting.start()
        wait_until(lambda: OF_THIS_PROCESS.has_waiting)
        order.append("measurement")
        wait_until(alive)
        order.append("measurement")
        return Speed(Rate(1e-4, 1e9, 1e9), Rate(1e-4, 1e9, 1e9), True)

    monkeypatch.setattr(training, "measure_speed", measured)
    tasks.measure(store.url)
    waiting.join(10)
    assert order == ["measurement", "run", "measurement"]
    assert Speed.from_dict(store.facts.get("speed")).measured


def test_the_measurement_of_the_speed_gives_way_again_and_again() -> None:
    given: list[None] = []
    measure_speed(alive=lambda: given.append(None))
    assert len(given) >= 4 * (5 + 1)  # a small and a large MLP and CNN, warmed up by five updates and timed
