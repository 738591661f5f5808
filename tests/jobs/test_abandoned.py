"""Paused runs of browsers without a class that nobody comes back for end after a week of the store's clock, where room is scarce."""

from __future__ import annotations

import math

import pytest

from mnist_core import settings
from mnist_core.errors import LimitError
from mnist_core.jobs import abandoned
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.networks.checkpoint_layout import checkpoint_file
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store
from tests.jobs.short_run import CONFIG


@pytest.fixture(autouse=True)
def room(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Guests' runs at rest have 2.1 MB (a quarter of 8.4)."""
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "8")
    settings.make_private(settings.checkpoint_folder())
    store.lease.take("a test")


def paused(store: Store, owner: str, kilobytes: int = 450) -> str:
    """A run that its student has paused."""
    run_id = store.runs.create(owner, CONFIG)
    run = store.queue.claim(run_id, "w", 1)
    assert run is not None
    checkpoint_file(run_id).write_bytes(bytes(kilobytes * 1_000))
    store.record_writer.publish([Report(run_id, Progress(1, 10), Curves(), checkpoint=True, token=run.token)])
    store.commands.send(run_id, owner, "pause")
    assert store.record_writer.pause(run_id, {}, "pause", run.token)
    return run_id


def look(store: Store, *, weeks: float = 0.0) -> None:
    """What the dispatcher does each minute, after so many weeks of the store's clock."""
    store.lease.beat(weeks * (abandoned.ABANDONED_SECONDS + 1))
    abandoned.end_abandoned(store)


def states(store: Store, run_ids: list[str]) -> list[str]:
    return [store.runs.get(run_id).outcome or store.runs.get(run_id).state for run_id in run_ids]


def test_the_first_paused_end_until_half_of_the_room_is_free(store: Store) -> None:
    ids = [paused(store, f"cookie {number}") for number in range(4)]  # 1.8 of 2.1 MB
    look(store)
    look(store, weeks=0.9)
    assert states(store, ids) == ["paused"] * 4
    late = paused(store, "cookie 4")
    with pytest.raises(LimitError):
        paused(store, "cookie 5")
    look(store, weeks=0.1)
    assert states(store, [*ids, late]) == ["stopped"] * 3 + ["paused"] * 2
    assert store.runs.get(ids[0]).progress.step == 1
    assert checkpoint_file(ids[0]).exists()  # until its room is needed
    paused(store, "cookie 5")
    look(store, weeks=2)
    assert states(store, [ids[3], late]) == ["stopped", "paused"]


def test_where_there_is_room_a_paused_run_waits_for_ever(store: Store) -> None:
    ids = [paused(store, "ann") for _number in range(2)]
    look(store)
    look(store, weeks=50)
    assert states(store, ids) == ["paused"] * 2


def test_who_touches_a_run_or_is_in_a_class_keeps_it(store: Store) -> None:
    opened, _secret = store.classes.open("3b", "teacher")
    store.classes.join(opened.code, "ann", "Otter")
    of_class = paused(store, "ann")
    touched, left = paused(store, "bob", 600), paused(store, "eve", 600)
    look(store)
    store.labels.write(touched, "bob", name="mine")
    look(store, weeks=1)
    assert states(store, [of_class, touched, left]) == ["paused", "paused", "stopped"]
    paused(store, "eve", 600)
    look(store, weeks=0.9)
    store.commands.send(touched, "bob", "resume")  # after the dispatcher listed what is paused …
    assert not store.retention.end_paused(touched, store.runs.versions_of([touched])[touched] - 1)
    assert not store.retention.end_paused(touched, store.runs.versions_of([touched])[touched])
    look(store, weeks=1)
    assert states(store, [of_class, touched]) == ["paused", "queued"]


def test_the_dispatcher_sees_to_it(dispatcher: Dispatcher) -> None:
    run_id = paused(dispatcher.store, "ann", 1_200)
    for _time in range(2):
        dispatcher.store.lease.beat(abandoned.ABANDONED_SECONDS + 1)
        dispatcher._cleared = -math.inf
        dispatcher.tick()
    assert states(dispatcher.store, [run_id]) == ["stopped"]
    dispatcher._cleared = -math.inf
    dispatcher.tick()
    assert dispatcher.store.facts.get(abandoned.FACT) == {}
