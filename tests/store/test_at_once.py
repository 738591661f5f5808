"""Bounds hold when several queue at the same moment, on SQLite and PostgreSQL: each in a thread and a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from mnist_core.config import RunConfig
from mnist_core.errors import MnistLabError
from mnist_core.escape import UserText
from mnist_core.records import SweepRecord
from mnist_core.rounds import Plan
from mnist_core.store import Store

ANN, TEACHER = "a" * 32, "t" * 32
CONFIG = RunConfig(epochs=1, hidden_layers=(16,))
TIMES = 5


def went_through(*acts: Callable[[], object]) -> list[bool]:
    """Whether each was done and not refused; all begin at the same moment."""
    ready = threading.Barrier(len(acts))

    def begin(act: Callable[[], object]) -> bool:
        ready.wait()
        try:
            act()
        except MnistLabError:
            return False
        return True

    with ThreadPoolExecutor(len(acts)) as pool:
        return list(pool.map(begin, acts))


def test_of_two_runs_one_is_the_last_that_the_round_allows(store: Store) -> None:
    opened, secret = store.classes.open("3b", TEACHER)
    store.classes.join(opened.code, ANN, "Otter")
    plan = Plan(UserText("One run each"), config=CONFIG, runs_each=1)
    for number in range(1, TIMES + 1):
        given = store.rounds.give(opened.id, secret, plan)
        create = partial(store.runs.create, ANN, CONFIG, round_id=given.id)
        assert sorted(went_through(create, create)) == [False, True]
        own = store.rounds.assignment(ANN)
        assert own is not None
        assert (own.started, len(store.board.run_versions(given.id)), len(store.runs.newest(ANN))) == (1, 1, number)


def test_the_same_press_twice_at_once_counts_once(store: Store) -> None:
    opened, secret = store.classes.open("3b", TEACHER)
    store.classes.join(opened.code, ANN, "Otter")
    given = store.rounds.give(opened.id, secret, Plan(UserText("Two runs each"), config=CONFIG, runs_each=TIMES))
    for number in range(TIMES):
        create = partial(store.runs.create, ANN, CONFIG, round_id=given.id, run_id=f"{number:010x}")
        assert went_through(create, create) == [True, True]
    own = store.rounds.assignment(ANN)
    assert own is not None
    assert own.started == TIMES


@pytest.mark.parametrize("bound", ["MNIST_LAB_STUDENT_RUNS", "MNIST_LAB_QUEUE"])
def test_of_two_runs_one_waits_where_one_may(store: Store, monkeypatch: pytest.MonkeyPatch, bound: str) -> None:
    monkeypatch.setenv(bound, "1")
    for _time in range(TIMES):
        create = partial(store.runs.create, ANN, CONFIG)
        assert sorted(went_through(create, create)) == [False, True]
        (waiting,) = store.queue.next(10)
        store.commands.send(waiting.id, ANN, "stop")


@pytest.mark.parametrize("bound", ["MNIST_LAB_STUDENT_RUNS", "MNIST_LAB_QUEUE"])
def test_of_two_paused_runs_one_comes_back_where_one_may(
    store: Store, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    rested = [store.runs.create(ANN, CONFIG) for _run in range(2)]
    for run_id in rested:
        store.commands.send(run_id, ANN, "pause")
    monkeypatch.setenv(bound, "1")
    for _time in range(TIMES):
        assert sorted(went_through(*(partial(store.commands.send, run_id, ANN, "resume") for run_id in rested))) == [
            False,
            True,
        ]
        (waiting,) = store.queue.next(10)
        store.commands.send(waiting.id, ANN, "pause")


def test_of_two_sweeps_and_two_analyses_one_is_made_where_one_may(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_SWEEPS", "1")
    plans = [SweepRecord(f"{number:010x}", ANN, 0.0, CONFIG, (CONFIG.learning_rate,), 1) for number in range(2)]
    assert sorted(went_through(*(partial(store.sweeps.create, plan, [CONFIG]) for plan in plans))) == [False, True]
    monkeypatch.setenv("MNIST_LAB_ANALYSES", "1")
    asked = [partial(store.analyses.create, ANN, kind, {}) for kind in ("landscape", "robustness")]
    assert sorted(went_through(*asked)) == [False, True]
