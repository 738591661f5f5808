"""How long it will take until what is started now is over, beside what trains and waits."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from mnist_core.config import RunConfig
from mnist_core.estimate import Expected, Speed, estimate_seconds
from mnist_core.panels.waiting import Queue
from mnist_core.records import Progress, Run, State
from mnist_core.store.usage import SLICE_SECONDS

SPEED = Speed()
BATCH_NORM = RunConfig(batch_norm=True, epochs=100)  # trains in no stack
ALONE = estimate_seconds(BATCH_NORM, SPEED)


def run(owner: str, state: State, left: float = ALONE, number: int = 0) -> Run:
    """A run that needs `left` seconds yet."""
    progress = Progress(int(1_000 * (1 - left / ALONE)), 1_000)
    return Run(f"{owner}{state}{number}", owner, BATCH_NORM, state, 1, 0.0, progress=progress)


def queue(training: Sequence[Run] = (), waiting: Sequence[Run] = (), workers: int = 2) -> Queue:
    return Queue(training, waiting, workers, SPEED, {})


def ann(found: Queue, work: float = ALONE) -> float:
    """When a run of Ann's would be over that takes so long alone."""
    return found.until_done(Expected(work, work, work), "ann")


def test_the_test_is_about_runs_that_outlast_a_slice() -> None:
    assert ALONE > 10 * SLICE_SECONDS


def test_where_a_worker_is_free_it_takes_as_long_as_alone() -> None:
    assert ann(queue()) == ALONE
    assert ann(queue([run("bob", "running")])) == ALONE
    assert ann(queue([run("ann", "running")])) == ALONE


@pytest.mark.parametrize(("others", "workers", "times"), [(2, 2, 1.5), (3, 2, 2.0), (3, 1, 4.0), (29, 2, 15.0)])
def test_others_who_train_or_wait_take_as_much(others: int, workers: int, times: float) -> None:
    training = [run(f"bob{number}", "running") for number in range(min(others, workers))]
    waiting = [run(f"eve{number}", "queued", number=number) for number in range(others - len(training))]
    assert ann(queue(training, waiting, workers)) == pytest.approx(times * ALONE)


def test_others_take_no_more_than_they_need() -> None:
    nearly_over = [run(f"bob{number}", "running", 0.1 * ALONE) for number in range(2)]
    assert ann(queue(nearly_over)) == pytest.approx(SLICE_SECONDS + ALONE)


def test_no_student_has_more_of_the_workers_for_having_more_runs() -> None:
    many = [run("bob", "queued", number=number) for number in range(50)]
    assert ann(queue([run("bob", "running")], many, 1)) == pytest.approx(2 * ALONE)


def test_ones_own_runs_come_first() -> None:
    assert ann(queue([run("ann", "running")], workers=1)) == pytest.approx(2 * ALONE)
    assert ann(queue([run("ann", "running")], [run("ann", "queued")], 1)) == pytest.approx(3 * ALONE)


def test_what_uses_all_workers_by_itself() -> None:
    sweep = Expected(ALONE, ALONE, 2 * ALONE)
    assert queue().until_done(sweep, "ann") == ALONE
    both = [run("bob", "running"), run("eve", "running")]
    assert queue(both).until_done(sweep, "ann") == pytest.approx(2 * ALONE)


def test_what_has_all_cores_while_it_is_alone_takes_longer_beside_others() -> None:
    large = Expected(ALONE, 2 * ALONE, 2 * ALONE)
    assert queue().until_done(large, "ann") == ALONE
    assert queue([run("ann", "running")]).until_done(large, "ann") == ALONE
    assert queue([run("bob", "running")]).until_done(large, "ann") == pytest.approx(2 * ALONE)
    nearly_over = queue([run("bob", "running", 0.1 * ALONE)])
    assert nearly_over.until_done(large, "ann") == pytest.approx(1.1 * ALONE)
