"""No sequence of commands brings a run in front of those that waited longer."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mnist_core.config import RunConfig
from mnist_core.store import Command, Store, open_store
from mnist_core.store.tables import runs

CONFIG = RunConfig()
CHEATER = "cheater"
TRICKS = (*get_args(Command), "soft_delete", "restore", "delete", "rate", "duplicate")
# Two things done with one of his runs: few sequences at random would have a command and its opposite.
OUT, BACK = ("pause", "reset", "stop", "soft_delete"), ("resume", "step", "restore")
PAIRS = st.one_of(
    st.tuples(st.sampled_from(OUT), st.sampled_from(BACK)), st.tuples(st.sampled_from(TRICKS), st.sampled_from(TRICKS))
)
PLAYS = st.tuples(PAIRS, st.integers(0, 2))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One store for all sequences, emptied before each."""
    store = open_store(f"sqlite:///{tmp_path_factory.mktemp('fair')}/runs.sqlite")
    yield store
    store.close()


@dataclass
class Class:
    """Students and the workers of their class. Honest ones have a run each; time passes with each event."""

    store: Store
    workers: int
    clock: Iterator[int] = field(default_factory=count)
    since: dict[str, int] = field(default_factory=dict)  # when each run began to wait, the last time
    mine: list[str] = field(default_factory=list)  # the cheater's
    running: list[str] = field(default_factory=list)
    started: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        with self.store.database.begin() as connection:
            connection.execute(runs.delete())

    def queue(self, owner: str) -> str:
        run_id = self.store.runs.create(owner, CONFIG)
        self.since[run_id] = next(self.clock)
        if owner == CHEATER:
            self.mine.append(run_id)
        return run_id

    def state(self, run_id: str) -> str | None:
        return self.store.runs.state(run_id) if self.store.runs.version(run_id) is not None else None

    def play(self, tricks: tuple[str, ...], number: int) -> None:
        """The cheater does something with one of his runs."""
        for what in tricks:
            self._trick(what, number)

    def _trick(self, what: str, number: int) -> None:
        if what == "duplicate" or not self.mine:
            self.queue(CHEATER)
            return
        run_id = self.mine[number % len(self.mine)]
        before = self.state(run_id)
        if before is None:
            return
        if what in get_args(Command):
            self.store.commands.send(run_id, CHEATER, what)  # type: ignore[arg-type]
        elif what == "rate":
            self.store.commands.set_learning_rate(run_id, CHEATER, 0.3)
        elif what == "delete":
            self.store.runs.delete(run_id, CHEATER)
        else:
            getattr(self.store.retention, what)([run_id], CHEATER)
        if self.state(run_id) == "queued" != before:
            self.since[run_id] = next(self.clock)

    def obey(self) -> None:
        """The workers do what is asked of their runs."""
        for run_id, asked in self.store.commands.pending(self.running).items():
            if asked.command in ("pause", "step"):
                self.store.record_writer.pause(run_id, {}, answering=asked.command)
            elif asked.command == "reset":
                self.store.record_writer.reset(run_id)
            elif asked.command == "stop":
                self.store.record_writer.finish(run_id, "stopped", {})

    def end(self, number: int) -> None:
        """One of the runs that train comes to its end."""
        if self.running:
            self.store.record_writer.finish(self.running[number % len(self.running)], "completed", {})

    def start_next(self) -> None:
        """Free workers take what is next. Nobody is passed by one who came later."""
        self.running = [run_id for run_id in self.running if self.state(run_id) == "running"]
        while len(self.running) < self.workers and (line := self.store.queue.next(100)):
            chosen, *others = line
            if chosen.owner == CHEATER:
                passed = [run.id for run in others if run.owner != CHEATER]
                assert all(self.since[chosen.id] < self.since[run_id] for run_id in passed)
            assert self.store.queue.claim(chosen.id, "w", 1)
            self.running.append(chosen.id)
            self.started.append(chosen.id)


EVENTS = st.one_of(st.tuples(st.sampled_from(["honest", "end", "obey"]), st.integers(0, 2)), PLAYS)
BUSY = [
    ("duplicate", 0),
    ("duplicate", 0),
    ("honest", 0),
    ("duplicate", 0),
    ("honest", 0),
]  # more than there are workers
FEW = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@FEW
@given(workers=st.integers(1, 2), events=st.lists(EVENTS, max_size=25))
def test_whatever_is_done_with_runs_none_starts_before_another_students_that_waited_longer(
    shared: Store, workers: int, events: list[tuple[Any, int]]
) -> None:
    room = Class(shared, workers)
    for place, (event, number) in enumerate([*BUSY, *events]):
        if event == "honest":
            room.queue(f"honest {place}")
        elif event == "end":
            room.end(number)
        elif event == "obey":
            room.obey()
        else:
            room.play((event,) if isinstance(event, str) else event, number)
        room.start_next()


def order(store: Store, workers: int, arrivals: list[bool], tricks: list[tuple[Any, int]]) -> list[str]:
    """Owners in the order of their runs' first starts; tricks are played while all wait."""
    room = Class(store, workers)
    for place, honest in enumerate(arrivals):
        room.queue(f"honest {place}" if honest else CHEATER)
    for played, number in tricks:
        room.play(played, number)
    room.start_next()
    while room.running:
        for run_id in room.running:
            store.record_writer.finish(run_id, "completed", {})
        room.start_next()
    return [CHEATER if run_id in room.mine else store.runs.get(run_id).owner for run_id in dict.fromkeys(room.started)]


@FEW
@given(
    workers=st.integers(1, 3),
    arrivals=st.lists(st.booleans(), min_size=2, max_size=8),
    tricks=st.lists(PLAYS, min_size=1, max_size=8),
)
def test_tricks_put_nobody_further_back_than_he_was_without_them(
    shared: Store, workers: int, arrivals: list[bool], tricks: list[tuple[Any, int]]
) -> None:
    fair, tricked = (order(shared, workers, arrivals, played) for played in ([], tricks))

    def before(owners: list[str], student: str) -> int:
        return owners[: owners.index(student)].count(CHEATER)

    for student in set(fair) - {CHEATER}:
        assert before(tricked, student) <= before(fair, student)


@pytest.mark.parametrize("command", ["resume", "step"])
def test_pause_and_resume_of_a_waiting_run_gives_up_its_place(store: Store, command: Any) -> None:
    trick = store.runs.create(CHEATER, CONFIG)
    waiting = [store.runs.create(owner, CONFIG) for owner in ("ann", "bob")]
    store.commands.send(trick, CHEATER, "pause")
    store.commands.send(trick, CHEATER, command)
    assert [run.id for run in store.queue.next(5)] == [*waiting, trick]


def test_a_run_that_lost_its_worker_has_no_right_of_way_after_a_pause(store: Store) -> None:
    lost = store.runs.create(CHEATER, CONFIG)
    assert store.queue.claim(lost, "w", 1)
    store.queue.requeue(lost)
    waiting = store.runs.create("ann", CONFIG)
    assert [run.id for run in store.queue.next(5)] == [lost, waiting]
    store.commands.send(lost, CHEATER, "pause")
    store.commands.send(lost, CHEATER, "resume")
    assert [run.id for run in store.queue.next(5)] == [waiting, lost]


def test_who_comes_after_the_clock_was_set_back_waits_behind_the_others(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiting = [store.runs.create(owner, CONFIG) for owner in ("ann", "bob")]
    with monkeypatch.context() as patch:
        patch.setattr("time.time", lambda: 1_000.0)
        single = store.runs.create("cem", CONFIG)
        several = store.runs.create_group("dan", [CONFIG], "0123456789")
    assert [run.id for run in store.queue.next(5)] == [*waiting, single, *several]
