"""What students may have at the same time, and how large a run may be: a sentence, and nothing in the queue."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.errors import LimitError
from mnist_core.records import SweepRecord
from mnist_core.store import Command, Store
from tests.store.class_of_two import ANN, BOB, TEACHER, Opened

CONFIG = RunConfig()


def sweep(store: Store, number: int) -> None:
    plan = SweepRecord(f"{number:010x}", "ann", 0.0, CONFIG, (0.1, 0.2), 1)
    store.sweeps.create(plan, [CONFIG.replace(learning_rate=rate) for rate in plan.rates])


def test_a_student_has_so_many_runs_waiting_and_another_his_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_RUNS", "3")
    ids = [store.runs.create("ann", CONFIG) for _run in range(3)]
    with pytest.raises(LimitError, match="3 of your runs are waiting, and at most 3 may wait"):
        store.runs.create("ann", CONFIG)
    assert store.runs.create("ann", CONFIG, run_id=ids[0]) == ids[0]  # the same press once more
    store.runs.create("bob", CONFIG)
    with pytest.raises(LimitError, match="start these 3 later"):
        store.runs.create_group("bob", [CONFIG] * 3, "0123456789")
    assert len(store.runs.newest("bob")) == 1
    store.queue.claim(ids[0], "w", 1)  # it trains, and waits no longer
    store.runs.create("ann", CONFIG)


def test_a_group_that_is_pressed_twice_is_made_once(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_RUNS", "3")
    first = store.runs.create_group("ann", [CONFIG] * 3, "0123456789")
    assert store.runs.create_group("ann", [CONFIG] * 3, "0123456789") == first
    assert len(store.runs.newest("ann")) == 3


def test_the_queue_of_all_is_bounded_whatever_cookies_there_are(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_QUEUE", "4")
    for number in range(4):
        store.runs.create(f"cookie {number}", CONFIG)
    with pytest.raises(LimitError, match="The queue is full"):
        store.runs.create("one more", CONFIG)


def test_browsers_without_a_class_leave_room_in_the_queue_for_classes(
    store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_GUEST_RUNS", "2")
    for number in range(2):
        store.runs.create(f"cookie {number}", CONFIG)
    with pytest.raises(LimitError, match=r"at most 2 of their runs may wait, all together\. Enter your class's code"):
        store.runs.create("one more", CONFIG)
    for student in (ANN, BOB, TEACHER):
        store.runs.create(student, CONFIG)


def paused(store: Store, owner: str, count: int) -> list[str]:
    ids = [store.runs.create(owner, CONFIG) for _run in range(count)]
    for run_id in ids:
        store.commands.send(run_id, owner, "pause")
    return ids


@pytest.mark.parametrize(("bound", "most"), [("STUDENT_RUNS", 3), ("GUEST_RUNS", 4), ("QUEUE", 5)])
@pytest.mark.parametrize("command", ["resume", "step"])
def test_runs_that_were_paused_come_back_within_the_same_bounds(
    store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch, command: Command, bound: str, most: int
) -> None:
    monkeypatch.setenv(f"MNIST_LAB_{bound}", str(most))
    if bound == "QUEUE":
        store.runs.create(ANN, CONFIG)
    if bound != "STUDENT_RUNS":
        store.runs.create("bob", CONFIG)
    rested = [run_id for _time in range(2) for run_id in paused(store, "eve", 3)]
    for run_id in rested[:3]:
        store.commands.send(run_id, "eve", command)
    for run_id in rested[3:]:
        with pytest.raises(LimitError, match=f"at most {most}"):
            store.commands.send(run_id, "eve", command)
        assert store.runs.state(run_id) == "paused"
    store.commands.send(rested[0], "eve", "resume")  # it waits already
    assert len(store.queue.next(10)) == most
    store.commands.send(rested[0], "eve", "stop")
    store.commands.send(rested[3], "eve", command)


def test_a_run_that_failed_goes_on_within_the_same_bounds(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_RUNS", "1")
    failed = store.runs.create("ann", CONFIG)
    store.queue.claim(failed, "w", 1)
    store.record_writer.finish(failed, "failed", {})
    store.runs.create("ann", CONFIG)
    with pytest.raises(LimitError, match="1 of your runs are waiting, and at most 1 may wait"):
        store.commands.send(failed, "ann", "resume")
    assert store.runs.state(failed) == "finished"


def test_a_run_that_made_room_for_others_comes_back_whatever_waits(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_STUDENT_RUNS", "1")
    training = store.queue.claim(store.runs.create("ann", CONFIG), "w", 1)
    assert training is not None
    store.runs.create("ann", CONFIG)
    store.queue.put_back({training.id: training.token})
    assert len(store.queue.next(10)) == 2


@pytest.mark.parametrize(
    ("name", "value", "changes", "sentence"),
    [
        ("MNIST_LAB_PARAMETERS", "1000", {}, "at most 1,000. Use fewer or smaller layers"),
        ("MNIST_LAB_EPOCHS", "4", {"epochs": 5}, "This run has 5 epochs, and this server trains at most 4"),
    ],
)
def test_a_run_may_be_so_large(
    store: Store, monkeypatch: pytest.MonkeyPatch, name: str, value: str, changes: dict[str, Any], sentence: str
) -> None:
    store.runs.create("ann", CONFIG.replace(**changes))
    monkeypatch.setenv(name, value)
    with pytest.raises(LimitError, match=sentence):
        store.runs.create("ann", CONFIG.replace(**changes))
    assert len(store.runs.newest("ann")) == 1


def test_sweeps_at_the_same_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_SWEEPS", "2")
    sweep(store, 1)
    sweep(store, 2)
    sweep(store, 2)  # the same press once more
    with pytest.raises(LimitError, match="At most 2 of your sweeps"):
        sweep(store, 3)
    first = store.runs.of_group(f"{1:010x}")
    for run in first:
        store.commands.send(run.id, "ann", "pause")
    sweep(store, 3)
    with pytest.raises(LimitError, match="At most 2 of your sweeps"):
        store.commands.send(first[0].id, "ann", "resume")
    for run in store.runs.of_group(f"{2:010x}"):
        store.commands.send(run.id, "ann", "stop")
    for run in first:
        store.commands.send(run.id, "ann", "resume")


def test_analyses_at_the_same_time(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_ANALYSES", "2")
    store.analyses.create("ann", "landscape", {})
    first = store.analyses.create("ann", "answers", {})
    store.analyses.create("ann", "answers", {"again": 1})  # takes the place of the one that waits
    assert store.analyses.get(first) is None
    with pytest.raises(LimitError, match="At most 2 of your computations"):
        store.analyses.create("ann", "robustness", {})
    store.analyses.create("bob", "robustness", {})


def test_where_nothing_can_be_trained_nothing_waits(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "memory_bytes", lambda: 700 * 10**6)
    with pytest.raises(LimitError, match="700 MB of memory, and training needs 950 MB"):
        store.runs.create("ann", CONFIG)
    with pytest.raises(LimitError, match="700 MB"):
        sweep(store, 1)
    assert store.queue.overview() == ([], [])
