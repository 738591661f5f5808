"""Analyses in the store: the queue, the result, cancelling, workers that are lost."""

from __future__ import annotations

import numpy as np
import pytest

from mnist_core.messages import message
from mnist_core.store import Store
from mnist_core.store.analyses import DEATHS, KEPT


def create(store: Store, owner: str = "ann", **more: str) -> str:
    return store.analyses.create(owner, "landscape", {"run": "r"}, **more)


def test_a_result_comes_back_as_it_was(store: Store) -> None:
    analysis_id = create(store)
    claimed = store.analyses.claim(analysis_id)
    assert claimed is not None
    assert claimed.parameters == {"run": "r"}
    assert store.analyses.report(analysis_id, 0.5)
    arrays = {"losses": np.array([[1.0, np.nan], [np.inf, 4.0]]), "steps": np.array([3, 4]), "none": np.empty((0, 2))}
    store.analyses.finish(analysis_id, {"plane": "path", "shares": [0.9, 0.1]}, arrays)
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert analysis.state == "finished"
    assert analysis.values == {"plane": "path", "shares": [0.9, 0.1]}
    for name, array in arrays.items():
        np.testing.assert_array_equal(analysis.arrays[name], array)
        assert analysis.arrays[name].dtype == array.dtype
    (listed,) = store.analyses.newest("ann", "landscape")
    assert listed.values == analysis.values
    assert not listed.arrays


def test_a_new_analysis_takes_the_place_of_the_waiting_one_and_not_of_the_running_one(store: Store) -> None:
    running = create(store)
    store.analyses.claim(running)
    waiting, other = create(store), create(store, "bob")
    latest = create(store)
    assert store.analyses.get(waiting) is None
    assert [analysis.id for analysis in store.analyses.newest("ann", "landscape")] == [latest, running]
    # Of Ann one is computed already.
    assert [analysis.id for analysis in store.analyses.queued(9)] == [other, latest]
    assert store.analyses.ahead(latest) == 1


def test_one_press_that_arrives_twice_makes_one_analysis(store: Store) -> None:
    create(store, analysis_id="0123456789")
    store.analyses.claim("0123456789")
    create(store, analysis_id="0123456789")
    analysis = store.analyses.get("0123456789")
    assert analysis is not None
    assert analysis.state == "running"


@pytest.mark.parametrize("claimed", [False, True])
def test_a_cancelled_analysis_is_no_longer_wanted(store: Store, claimed: bool) -> None:
    analysis_id = create(store)
    if claimed:
        store.analyses.claim(analysis_id)
    store.analyses.cancel(analysis_id, "bob")  # somebody else's: nothing happens
    before = store.analyses.get(analysis_id)
    assert before is not None
    assert before.active
    store.analyses.cancel(analysis_id, "ann")
    assert store.analyses.claim(analysis_id) is None
    assert not store.analyses.report(analysis_id, 0.9)
    store.analyses.finish(analysis_id, {}, {})
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert analysis.state == "failed"
    assert str(analysis.message) == "Stopped before it finished."


def test_a_deleted_analysis_is_gone(store: Store) -> None:
    analysis_id = create(store)
    store.analyses.claim(analysis_id)
    store.analyses.delete(analysis_id, "bob")
    assert store.analyses.version(analysis_id) is not None
    store.analyses.delete(analysis_id, "ann")
    assert store.analyses.version(analysis_id) is None
    assert not store.analyses.report(analysis_id, 0.1)


def test_a_analysis_that_kills_its_workers_fails_with_a_sentence(store: Store) -> None:
    analysis_id = create(store)
    for _death in range(DEATHS - 1):
        assert store.analyses.claim(analysis_id)
        store.analyses.lose(analysis_id)
    assert store.analyses.claim(analysis_id)
    store.analyses.lose(analysis_id)
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert analysis.state == "failed"
    assert "This computation crashed its worker several times" in str(analysis.message)


def test_a_new_cluster_takes_up_what_was_running(store: Store) -> None:
    analysis_id = create(store)
    store.analyses.claim(analysis_id)
    store.analyses.requeue_lost()
    assert store.analyses.claim(analysis_id)


def test_a_failure_says_why(store: Store) -> None:
    analysis_id = create(store)
    version = store.analyses.version(analysis_id)
    store.analyses.fail(analysis_id, message("No {what}.", what="weights"))
    analysis = store.analyses.get(analysis_id)
    assert analysis is not None
    assert str(analysis.message) == "No weights."
    assert analysis.version != version


def test_old_analyses_give_way(store: Store) -> None:
    for _number in range(KEPT + 3):
        store.analyses.claim(analysis_id := create(store))
        store.analyses.finish(analysis_id, {}, {})
    assert len(store.analyses.newest("ann", "landscape", limit=1000)) == KEPT
