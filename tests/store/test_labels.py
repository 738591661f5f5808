"""Names, notes, stars; runs put away, brought back, and gone for good."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.records import Curves, Progress
from mnist_core.store import Store

CONFIG = RunConfig()


def test_labels_are_kept_and_cut(store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    version = store.version(run_id) or 0
    store.label_run(run_id, "ann", name="  my \n run " + "x" * 100, note="seen: it breaks", star=True)
    run = store.get(run_id)
    assert run.name.raw.startswith("my run xxx")
    assert len(run.name.raw) == 80
    assert (run.note.raw, run.star) == ("seen: it breaks", True)
    assert run.version > version
    store.label_run(run_id, "ann", note="")
    assert (store.get(run_id).note.raw, store.get(run_id).star) == ("", True)
    store.label_run(run_id, "ann", color=3)
    assert store.get(run_id).color == 3
    store.label_run(run_id, "ann", color=-1)
    assert store.get(run_id).color is None


def test_signs_that_are_no_letters_are_left_out(store: Store) -> None:
    """PostgreSQL takes no NUL, no database half of a surrogate pair."""
    run_id = store.add_finished(
        "ann", CONFIG, Curves(), "completed", {}, Progress(), name="a\ud800\x00b", note="\ud800\x00"
    )
    assert (store.get(run_id).name.raw, store.get(run_id).note.raw) == ("a b", "")
    store.label_run(run_id, "ann", name="\x00c\u2066", note="one\x00\r\ntwo")
    assert (store.get(run_id).name.raw, store.get(run_id).note.raw) == ("c", "one\ntwo")


def test_nobody_writes_on_or_puts_away_anothers_run(store: Store) -> None:
    run_id = store.create_run("ann", CONFIG)
    store.label_run(run_id, "bob", name="mine")
    store.put_away([run_id], "bob")
    assert not store.get(run_id).name
    assert [run.id for run in store.list_runs("ann")] == [run_id]
    assert store.get(run_id).state == "queued"


@pytest.mark.parametrize("state", ["queued", "paused", "running"])
def test_a_run_put_away_ends_and_can_be_brought_back(store: Store, state: str) -> None:
    run_id, other = store.create_run("ann", CONFIG), store.create_run("ann", CONFIG)
    if state != "queued":
        store.claim(run_id, "worker", 1)
    if state == "paused":
        store.pause(run_id, {})
    store.put_away([run_id], "ann")
    assert [run.id for run in store.list_runs("ann")] == [other]
    assert run_id not in [run.id for run in store.next_queued(5)]
    if state == "running":
        assert store.requests([run_id])[run_id].command == "stop"
        assert store.put_away_since(0) == []  # its worker still has it
        store.finish(run_id, "stopped", {})
    assert store.get(run_id).outcome == "stopped"
    assert store.put_away_since(100) == []
    assert store.put_away_since(0) == [(run_id, "ann")]
    store.bring_back([run_id], "ann")
    assert {run.id for run in store.list_runs("ann")} == {run_id, other}


def test_a_group_is_without_runs_put_away(store: Store) -> None:
    ids = store.create_runs("ann", [CONFIG, CONFIG.replace(seed=2)], "group00001", variants=("a", "b"))
    assert [run.variant for run in store.list_group("group00001")] == ["a", "b"]
    store.put_away(ids[:1], "ann")
    assert [run.id for run in store.list_group("group00001")] == ids[1:]
    assert list(store.group_versions("group00001")) == ids[1:]
