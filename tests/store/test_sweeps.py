"""Sweeps and predictions in the store."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.records import SweepRecord
from mnist_core.store import Store, tables
from mnist_core.sweep_range import Plan

CONFIG = RunConfig(epochs=1)
PLAN = Plan(0.1, 1.0, 3)


def make(store: Store, group: str = "abcdef0123", predicted: float | None = None) -> list[str]:
    record = SweepRecord(group, "ann", 1.0, CONFIG, PLAN.rates, 1, "two-layer-net", predicted_edge=predicted)
    return store.sweeps.create(record, PLAN.configs(CONFIG))


def test_all_runs_are_made_at_once_and_in_order(store: Store) -> None:
    ids = make(store)
    runs = store.runs.of_group("abcdef0123")
    assert [run.id for run in runs] == ids
    assert [run.config.learning_rate for run in runs] == [0.1, 0.316, 1.0]
    assert [run.id for run in store.queue.next(5)] == ids
    assert store.runs.versions("abcdef0123") == dict.fromkeys(ids, 1)
    assert store.runs.versions("This group of runs does not exist here.") == {}


def test_the_same_group_twice_makes_its_runs_once(store: Store) -> None:
    assert make(store) == make(store)
    assert len(store.runs.of_group("abcdef0123")) == 3
    assert len(store.sweeps.newest("ann")) == 1
    assert set(make(store, "0123456789")).isdisjoint(make(store))


def test_a_sweep_that_cannot_be_kept_leaves_no_runs(store: Store) -> None:
    if store.url.startswith("postgresql"):
        pytest.skip("the trigger is SQLite's")
    with store.database.begin() as connection:
        connection.execute(sa.text("CREATE TRIGGER no BEFORE INSERT ON sweeps BEGIN SELECT RAISE(ABORT, 'full'); END"))
    with pytest.raises(Exception, match="full"):
        make(store)
    assert store.runs.of_group("abcdef0123") == []


def test_a_sweep_is_kept_beside_its_runs(store: Store) -> None:
    make(store, predicted=0.7)
    found = store.sweeps.get("abcdef0123")
    assert found is not None
    assert (found.config, found.rates, found.seeds, found.preset) == (CONFIG, PLAN.rates, 1, "two-layer-net")
    assert (found.predicted_edge, found.off) == (0.7, None)
    assert store.sweeps.newest("ann") == [found]
    assert store.sweeps.newest("bob") == []
    assert store.sweeps.get("other") is None


def test_how_far_a_prediction_missed_is_settled_once(store: Store) -> None:
    make(store, predicted=0.7)
    store.sweeps.settle("abcdef0123", 2.0)
    store.sweeps.settle("abcdef0123", 5.0)
    found = store.sweeps.get("abcdef0123")
    assert found is not None
    assert found.off == 2.0


def test_runs_of_sweeps_do_not_crowd_the_list_of_runs(store: Store) -> None:
    make(store)
    alone = store.runs.create("ann", CONFIG)
    grouped = store.runs.create("ann", CONFIG, group="together")
    assert {run.id for run in store.runs.newest("ann")} == {alone, grouped}


def test_a_sweep_of_another_version_is_left_out(store: Store) -> None:
    make(store)
    with store.database.begin() as connection:
        connection.execute(sa.update(tables.sweeps).values(config='{"quantum_layers": 3}'))
    assert store.sweeps.get("abcdef0123") is None
    assert store.sweeps.newest("ann") == []


def test_predictions_of_runs_that_have_ended(store: Store) -> None:
    said = store.runs.create("ann", CONFIG, prediction="breaks")
    store.runs.create("ann", CONFIG)
    assert store.runs.predicted("ann") == []
    store.queue.claim(said, "worker", 1)
    store.record_writer.finish(said, "diverged", {})
    (found,) = store.runs.predicted("ann")
    assert (found.id, found.prediction) == (said, "breaks")
    assert store.runs.predicted("bob") == []


def test_who_trains_and_who_waits(store: Store) -> None:
    training = store.runs.create("bob", CONFIG)
    store.queue.claim(training, "worker", 1)
    waiting = store.runs.create("cem", CONFIG)
    ids = make(store)
    later = store.runs.create("bob", CONFIG)  # his second
    now, then = store.queue.overview()
    assert [run.id for run in now] == [training]
    assert [run.id for run in then] == [waiting, ids[0], *ids[1:2], later, *ids[2:]]
