"""Transactions that lock the same rows take them in one order, so that none waits for another that waits for it: two of them at
once on PostgreSQL, each in a thread and a connection of its own, held up where they would cross."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.errors import ClassError, DeadlockError
from mnist_core.escape import UserText
from mnist_core.records import Curves, Progress, Report
from mnist_core.rounds import Plan
from mnist_core.store import Store, database, open_store
from mnist_core.store.class_rows import LIFETIME_DAYS
from mnist_core.store.tables import counters, runs
from tests.conftest import wait_until
from tests.postgresql import Server
from tests.store.class_of_two import ANN, EVE, TEACHER, Opened, ids

CONFIG = RunConfig()
LESSON = "a-lesson"
SEQUENCE = sa.select(counters.c.value)
FIRST, SECOND = "a" * 10, "b" * 10  # runs


@pytest.fixture
def store(home: Path, postgresql: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("MNIST_LAB_STORE", postgresql.new_database())
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture
def held_up(store: Store) -> Iterator[Callable[..., None]]:
    """Does several things at once, each as far as it comes while the rows of a query are locked, and then to its end."""
    others = sa.create_engine(store.database.url)
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

    def settled(looking: sa.Connection, begun: list[Future[object]]) -> bool:
        """Whether each waits or has ended."""
        with looking.begin():
            count: int = looking.execute(sa.text(waiting)).scalar_one()
        return count + sum(one.done() for one in begun) == len(begun)

    def do(locked: sa.Select[tuple[object, ...]], *acts: Callable[[], object]) -> None:
        with others.connect() as connection, others.connect() as looking, ThreadPoolExecutor(len(acts)) as pool:
            connection.execute(locked.with_for_update())
            try:
                begun = []
                for act in acts:
                    begun.append(pool.submit(act))
                    wait_until(lambda: settled(looking, begun))
            finally:
                connection.commit()
            for one in begun:
                one.result()

    yield do
    others.dispose()


def test_a_class_joins_while_it_opens_its_lesson(store: Store, opened: Opened, held_up: Callable[..., None]) -> None:
    store.rounds.give(*ids(opened), Plan(UserText("Read this"), kind="lesson", config=CONFIG, lesson=LESSON))
    store.lessons.go_to(ANN, LESSON, 0, 5)
    held_up(
        SEQUENCE,
        lambda: store.lessons.go_to(ANN, LESSON, 1, 5),
        lambda: store.classes.join(opened[0].code, EVE, "Eel"),
    )
    assert store.lessons.progress(ANN)[LESSON].place == 1
    assert store.classes.membership(EVE) is not None


def test_a_teacher_opens_the_console_while_another_stops_all(
    store: Store, opened: Opened, held_up: Callable[..., None]
) -> None:
    run_id = store.runs.create(ANN, CONFIG)
    held_up(
        SEQUENCE,
        lambda: store.classes.enter(*ids(opened), "another browser"),
        lambda: store.class_commands.stop(*ids(opened)),
    )
    assert store.runs.state(run_id) == "finished"


def test_somebody_joins_while_the_time_of_the_class_is_over(
    store: Store, opened: Opened, held_up: Callable[..., None]
) -> None:
    store.runs.create(ANN, CONFIG)
    store.lease.take("a test")
    store.lease.beat(86_400 * LIFETIME_DAYS + 1)

    def join() -> None:
        with pytest.raises(ClassError, match="No class has this code"):
            store.classes.join(opened[0].code, EVE, "Eel")

    held_up(SEQUENCE, store.classes.delete_expired, join)
    assert store.classes.get(opened[0].id) is None


def test_the_last_report_of_a_script_is_taken_back_while_another_class_hands_one_in(
    store: Store, opened: Opened, held_up: Callable[..., None]
) -> None:
    store.rounds.give(*ids(opened), Plan(UserText("Report"), config=CONFIG))
    report = store.reports.hand_in(ANN, "One", b"page", b"script")
    other, secret = store.classes.open("another class", TEACHER)
    store.classes.join(other.code, EVE, "Eel")
    held_up(
        SEQUENCE,
        lambda: store.reports.hand_in(EVE, "Two", b"page", b"script"),
        lambda: store.reports.take_back(ANN, report.id),
    )
    (kept,) = store.reports.of_class(other.id, secret)
    assert store.reports.content(other.id, secret, kept.id) == (b"page", b"script")


def trained(store: Store) -> list[Report]:
    """Two runs that train, and what their worker says of them."""
    tokens = {}
    for run_id in (FIRST, SECOND):
        store.runs.create(ANN, CONFIG, run_id=run_id)
        run = store.queue.claim(run_id, "w", 1)
        assert run is not None
        tokens[run_id] = run.token
    return [Report(run_id, Progress(1, 10), Curves(), token=token) for run_id, token in tokens.items()]


@pytest.mark.parametrize("act", ["soft_delete", "stop", "merge", "end_slices"])
def test_several_runs_are_changed_while_their_worker_reports_of_them_in_its_own_order(
    store: Store, opened: Opened, held_up: Callable[..., None], act: str
) -> None:
    reports = trained(store)
    ann, bob = sorted(store.classes.members(*ids(opened)), key=lambda member: member.nickname.raw == "Falcon")
    acts: dict[str, Callable[[], object]] = {
        "soft_delete": lambda: store.retention.soft_delete([SECOND, FIRST], ANN),
        "stop": lambda: store.class_commands.stop(*ids(opened)),
        "merge": lambda: store.classes.merge(*ids(opened), bob.id, ann.id),
        "end_slices": lambda: store.queue.end_slices([SECOND, FIRST]),
    }
    held_up(
        sa.select(runs.c.id).where(runs.c.id == FIRST),
        acts[act],
        lambda: store.record_writer.publish(reports[::-1]),
    )
    assert [store.runs.get(run_id).progress.step for run_id in (FIRST, SECOND)] == [1, 1]


def test_a_transaction_that_another_was_in_the_way_of_is_done_once_more(
    store: Store, held_up: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    trained(store)
    others = sa.create_engine(store.database.url)

    def other_program() -> None:
        with others.begin() as connection:
            connection.execute(sa.text("SET LOCAL deadlock_timeout = '1h'"))  # the store's is the one that is given up
            connection.execute(SEQUENCE.with_for_update())
            connection.execute(sa.select(runs.c.id).where(runs.c.id == FIRST).with_for_update())

    second = sa.select(runs.c.id).where(runs.c.id == SECOND)
    held_up(second, lambda: store.retention.soft_delete([FIRST, SECOND], ANN), other_program)
    assert [store.runs.get(run_id).soft_deleted for run_id in (FIRST, SECOND)] == [True, True]
    monkeypatch.setattr(database, "TRIES", 1)
    with pytest.raises(DeadlockError, match="in use by another program"):
        held_up(second, lambda: store.retention.soft_delete([FIRST, SECOND], ANN), other_program)
    others.dispose()
