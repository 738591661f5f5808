"""Who has had least of the workers is next: nothing that is done with runs, and no new cookie, brings more of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_core.config import RunConfig
from mnist_core.store import Command, Store, open_store
from mnist_core.store.tables import runs, usage
from mnist_core.store.usage import GUESTS, POOL, SLICE_SECONDS
from tests.store.class_of_two import ANN, BOB, Opened

CONFIG = RunConfig()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all sequences, emptied before each."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('usage')}/runs.sqlite")
    yield store
    store.close()


def start(store: Store, owner: str) -> str:
    run_id = store.runs.create(owner, CONFIG)
    assert store.queue.claim(run_id, "w", 1)
    return run_id


def line(store: Store) -> list[str]:
    return [run.owner for run in store.queue.next(20)]


def test_who_has_had_least_is_next(store: Store) -> None:
    for owner in ("ann", "bob", "cem"):
        store.runs.create(owner, CONFIG)
    store.usage.charge({"ann": 3.0, "bob": 1.0, "cem": 2.0})
    assert line(store) == ["bob", "cem", "ann"]
    store.usage.charge({"bob": 1.5})
    assert line(store) == ["cem", "bob", "ann"]


def test_each_run_that_is_before_another_of_its_student_counts_as_a_slice(store: Store) -> None:
    for _run in range(3):
        store.runs.create("ann", CONFIG)
    store.runs.create("bob", CONFIG)
    store.usage.charge({"bob": 1.5 * SLICE_SECONDS})
    assert line(store) == ["ann", "ann", "bob", "ann"]


def test_records_and_worker_seconds_are_written_together_and_those_of_a_deleted_run_count(store: Store) -> None:
    run_id = start(store, "ann")
    store.runs.delete(run_id, "ann")
    before = store.usage.of("ann")
    assert store.record_writer.publish([], {"ann": 0.5}) == set()
    assert store.usage.of("ann") == before + 0.5


def test_who_was_away_has_saved_nothing(store: Store) -> None:
    store.usage.charge({"ann": 1.0})
    start(store, "bob")
    store.usage.charge({"bob": 50.0})
    store.runs.create("ann", CONFIG)
    assert store.usage.of("ann") == store.usage.of("bob")


def test_what_was_used_while_nobody_waited_is_no_debt(store: Store) -> None:
    long = start(store, "ann")
    store.usage.charge({"ann": 500.0})
    store.record_writer.finish(long, "completed", {})
    store.runs.create("bob", CONFIG)
    store.runs.create("ann", CONFIG)
    assert store.usage.of("bob") == store.usage.of("ann")


def test_a_new_cookie_does_not_go_before_those_who_have_had_something(store: Store) -> None:
    for owner in ("ann", "bob"):
        start(store, owner)
    store.usage.charge({"ann": 40.0, "bob": 41.0})
    store.runs.create("ann", CONFIG)
    store.runs.create("new", CONFIG)
    assert 40.0 < store.usage.of("new") <= 41.0
    store.runs.create("newer", CONFIG)
    assert store.usage.of("newer") <= 40.0 + SLICE_SECONDS


def test_the_turn_never_goes_back(store: Store) -> None:
    first = start(store, "ann")
    store.usage.charge({"ann": 30.0})
    store.runs.create("bob", CONFIG)
    turn = store.usage.of(POOL)
    store.commands.send(store.runs.create("cem", CONFIG), "cem", "stop")
    store.record_writer.finish(first, "completed", {})
    store.runs.create("dan", CONFIG)
    assert store.usage.of(POOL) >= turn == 30.0


@pytest.mark.parametrize(
    ("guests", "part", "new_cookies"), [(1, 1 / 3, False), (6, 1 / 2, False), (6, 1 / 2, True), (40, 1 / 2, True)]
)
def test_browsers_without_a_class_have_together_as_much_as_the_members_at_most(
    store: Store, opened: Opened, guests: int, part: float, new_cookies: bool
) -> None:
    members, turns = (ANN, BOB), 60
    for name in (*members, *(f"guest {number}" for number in range(guests))):
        store.runs.create(name, CONFIG)
    had: Counter[str] = Counter()
    for turn in range(turns):
        (run,) = store.queue.next(1)
        assert store.queue.claim(run.id, "w", 1)
        store.usage.charge({run.owner: SLICE_SECONDS})
        had[run.owner] += 1
        if new_cookies and run.owner not in members:
            store.runs.delete(run.id, run.owner)
            store.runs.create(f"guest {guests + turn}", CONFIG)
        else:
            store.queue.requeue_last(run.id)
    of_guests = turns - sum(had[name] for name in members)
    assert of_guests == pytest.approx(part * turns, abs=3)
    assert had[members[0]] == pytest.approx(had[members[1]], abs=1)


def test_without_members_guests_go_by_what_each_has_had(store: Store, opened: Opened) -> None:
    store.runs.create(ANN, CONFIG)
    store.runs.create("guest", CONFIG)
    store.usage.charge({"guest": 100.0})
    assert store.usage.of(GUESTS) == 100.0
    store.commands.send(store.runs.newest(ANN)[0].id, ANN, "stop")
    store.runs.create("another", CONFIG)
    store.usage.charge({"guest": 10.0})
    assert line(store) == ["another", "guest"]
    store.usage.charge({"another": 20.0})
    assert line(store) == ["guest", "another"]
    assert store.usage.of(GUESTS) == 100.0


TRICKS = (*get_args(Command), "soft_delete", "restore", "delete", "another", "new cookie")


@dataclass
class Class:
    """Honest students, each with one run that never ends, and a cheater with as many runs and cookies as he likes."""

    store: Store
    workers: int
    honest: list[str]
    cheater: str = "cheater 0"
    had: Counter[str] = field(
        default_factory=Counter
    )  # worker-seconds, by honest student; all cookies of the cheater as one
    mine: list[str] = field(default_factory=list)
    training: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.store.database.begin() as connection:
            connection.execute(runs.delete())
            connection.execute(usage.delete())
        for owner in self.honest:
            self.store.runs.create(owner, CONFIG)

    def trick(self, what: str, number: int) -> None:
        if what == "new cookie":
            for run_id in self.mine:
                self.store.runs.delete(run_id, self.cheater)
            self.mine.clear()
            self.cheater = f"cheater {int(self.cheater.split()[1]) + 1}"
        if what in ("another", "new cookie") or not self.mine:
            self.mine.append(self.store.runs.create(self.cheater, CONFIG))
            return
        run_id = self.mine[number % len(self.mine)]
        if what in get_args(Command):
            self.store.commands.send(run_id, self.cheater, what)  # type: ignore[arg-type]
        elif what == "delete":
            self.store.runs.delete(run_id, self.cheater)
            self.mine.remove(run_id)
        else:
            getattr(self.store.retention, what)([run_id], self.cheater)

    def serve(self, seconds: float) -> None:
        """Free workers take what is next; the longest at work trains for a moment and goes back into the queue."""
        while len(self.training) < self.workers and (line := self.store.queue.next(1)):
            run = line[0]
            assert self.store.queue.claim(run.id, "w", 1)
            self.training.append(run.id)
        if not self.training:
            return
        run_id = self.training.pop(0)
        if self.store.runs.version(run_id) is None:
            return  # deleted right away: it has cost nothing here
        owner = self.store.runs.get(run_id).owner
        self.had["cheater" if owner == self.cheater else owner] += seconds  # type: ignore[assignment]
        self.store.usage.charge({owner: seconds})
        asked = self.store.commands.pending([run_id]).get(run_id)
        if asked and asked.command in ("pause", "step"):
            self.store.record_writer.pause(run_id, {}, answering=asked.command)
        elif asked and asked.command == "reset":
            self.store.record_writer.reset(run_id)
        elif asked and asked.command == "stop":
            self.store.record_writer.finish(run_id, "stopped", {})
        else:
            self.store.queue.requeue_last(run_id)


PLAYS = st.tuples(st.sampled_from(TRICKS), st.integers(0, 3))
MOMENTS = st.tuples(st.lists(PLAYS, max_size=3), st.floats(0.05, SLICE_SECONDS))
SEQUENCES = st.lists(MOMENTS, min_size=6, max_size=25)
FEW = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(workers=st.integers(1, 2), honest=st.integers(1, 3), moments=SEQUENCES)
def test_no_trick_brings_more_of_the_workers_than_waiting_does(
    shared: Store, workers: int, honest: int, moments: list[tuple[list[tuple[str, int]], float]]
) -> None:
    """Whoever always has a run that waits or trains has as much as the cheater, but for a slice on each worker."""
    room = Class(shared, workers, [f"honest {number}" for number in range(honest)])
    for tricks, seconds in moments:
        for what, number in tricks:
            room.trick(what, number)
        room.serve(seconds)
    for owner in room.honest if honest >= workers else []:  # fewer leave workers free, and what is free may be used
        assert room.had["cheater"] <= room.had[owner] + workers * SLICE_SECONDS + 1e-6, room.had


@FEW
@given(seconds=st.lists(st.floats(0.05, SLICE_SECONDS), min_size=10, max_size=30), cookies=st.sampled_from([1, 2, 3]))
def test_a_new_cookie_for_every_few_slices_brings_no_more(shared: Store, seconds: list[float], cookies: Any) -> None:
    room = Class(shared, 1, ["honest 0", "honest 1"])
    for place, moment in enumerate(seconds):
        if place % cookies == 0:
            room.trick("new cookie", 0)
        room.serve(moment)
    for owner in room.honest:
        assert room.had["cheater"] <= room.had[owner] + SLICE_SECONDS + 1e-6, room.had
