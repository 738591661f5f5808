"""Sweeps and predictions in the store."""

from __future__ import annotations

import pytest
import sqlalchemy as sa

from mnist_core.config import RunConfig
from mnist_core.rates import Plan
from mnist_core.records import SweepRecord
from mnist_core.store import Store, tables

CONFIG = RunConfig(epochs=1)
PLAN = Plan(0.1, 1.0, 3)


def make(store: Store, group: str = "abcdef0123", predicted: float | None = None) -> list[str]:
    record = SweepRecord(group, "ann", 0.0, CONFIG, PLAN.rates, 1, predicted_edge=predicted)
    return store.create_runs("ann", PLAN.configs(CONFIG), group, preset="two-layer-net", sweep=record)


def test_all_runs_are_made_at_once_and_in_order(store: Store) -> None:
    ids = make(store)
    runs = store.list_group("abcdef0123")
    assert [run.id for run in runs] == ids
    assert [run.config.learning_rate for run in runs] == [0.1, 0.316, 1.0]
    assert [run.id for run in store.next_queued(5)] == ids
    assert store.group_versions("abcdef0123") == dict.fromkeys(ids, 1)
    assert store.group_versions("no such group") == {}


def test_the_same_group_twice_makes_its_runs_once(store: Store) -> None:
    assert make(store) == make(store)
    assert len(store.list_group("abcdef0123")) == 3
    assert len(store.list_sweeps("ann")) == 1
    assert set(make(store, "0123456789")).isdisjoint(make(store))


def test_a_sweep_that_cannot_be_kept_leaves_no_runs(store: Store) -> None:
    if store.url.startswith("postgresql"):
        pytest.skip("the trigger is SQLite's")
    with store._begin() as connection:
        connection.execute(sa.text("CREATE TRIGGER no BEFORE INSERT ON sweeps BEGIN SELECT RAISE(ABORT, 'full'); END"))
    with pytest.raises(Exception, match="full"):
        make(store)
    assert store.list_group("abcdef0123") == []


def test_a_sweep_is_kept_beside_its_runs(store: Store) -> None:
    make(store, predicted=0.7)
    found = store.sweep("abcdef0123")
    assert found is not None
    assert (found.config, found.rates, found.seeds, found.preset) == (CONFIG, PLAN.rates, 1, "two-layer-net")
    assert (found.predicted_edge, found.off) == (0.7, None)
    assert store.list_sweeps("ann") == [found]
    assert store.list_sweeps("bob") == []
    assert store.sweep("other") is None


def test_how_far_a_prediction_missed_is_settled_once(store: Store) -> None:
    make(store, predicted=0.7)
    store.settle_sweep("abcdef0123", 2.0)
    store.settle_sweep("abcdef0123", 5.0)
    found = store.sweep("abcdef0123")
    assert found is not None
    assert found.off == 2.0


def test_runs_of_sweeps_do_not_crowd_the_list_of_runs(store: Store) -> None:
    make(store)
    alone = store.create_run("ann", CONFIG)
    grouped = store.create_run("ann", CONFIG, group="together")
    assert {run.id for run in store.list_runs("ann")} == {alone, grouped}


def test_a_sweep_of_another_version_is_left_out(store: Store) -> None:
    make(store)
    with store._begin() as connection:
        connection.execute(sa.update(tables.sweeps).values(config='{"quantum_layers": 3}'))
    assert store.sweep("abcdef0123") is None
    assert store.list_sweeps("ann") == []


def test_predictions_of_runs_that_have_ended(store: Store) -> None:
    said = store.create_run("ann", CONFIG, prediction="breaks")
    store.create_run("ann", CONFIG)
    assert store.list_predicted("ann") == []
    store.claim(said, "worker", 1)
    store.finish(said, "diverged", {})
    (found,) = store.list_predicted("ann")
    assert (found.id, found.prediction) == (said, "breaks")
    assert store.list_predicted("bob") == []


def test_who_trains_and_who_waits(store: Store) -> None:
    training = store.create_run("bob", CONFIG)
    store.claim(training, "worker", 1)
    waiting = store.create_run("cem", CONFIG)
    ids = make(store)
    later = store.create_run("bob", CONFIG)  # his second
    now, then = store.line()
    assert [run.id for run in now] == [training]
    assert [run.id for run in then] == [waiting, ids[0], *ids[1:2], later, *ids[2:]]
