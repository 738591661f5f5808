"""Names, notes, stars; runs soft-deleted, restored, and gone for good."""

from __future__ import annotations

import pytest

from mnist_core.config import RunConfig
from mnist_core.records import Curves, Progress
from mnist_core.store import Store

CONFIG = RunConfig()


def test_labels_are_kept_and_cut(store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    version = store.runs.version(run_id) or 0
    store.labels.write(run_id, "ann", name="  my \n run " + "x" * 100, note="seen: it breaks", star=True)
    run = store.runs.get(run_id)
    assert run.name.raw.startswith("my run xxx")
    assert len(run.name.raw) == 80
    assert (run.note.raw, run.star) == ("seen: it breaks", True)
    assert run.version > version
    store.labels.write(run_id, "ann", note="")
    assert (store.runs.get(run_id).note.raw, store.runs.get(run_id).star) == ("", True)
    store.labels.write(run_id, "ann", color=3)
    assert store.runs.get(run_id).color == 3
    store.labels.write(run_id, "ann", color=-1)
    assert store.runs.get(run_id).color is None


def test_signs_that_are_no_letters_are_left_out(store: Store) -> None:
    """PostgreSQL takes no NUL, no database half of a surrogate pair."""
    run_id = store.runs.add_finished(
        "ann", CONFIG, Curves(), "completed", {}, Progress(), name="a\ud800\x00b", note="\ud800\x00"
    )
    assert (store.runs.get(run_id).name.raw, store.runs.get(run_id).note.raw) == ("a b", "")
    store.labels.write(run_id, "ann", name="\x00c\u2066", note="one\x00\r\ntwo")
    assert (store.runs.get(run_id).name.raw, store.runs.get(run_id).note.raw) == ("c", "one\ntwo")


def test_nobody_writes_on_or_puts_away_anothers_run(store: Store) -> None:
    run_id = store.runs.create("ann", CONFIG)
    store.labels.write(run_id, "bob", name="mine")
    store.retention.soft_delete([run_id], "bob")
    assert not store.runs.get(run_id).name
    assert [run.id for run in store.runs.newest("ann")] == [run_id]
    assert store.runs.get(run_id).state == "queued"


@pytest.mark.parametrize("state", ["queued", "paused", "running"])
def test_a_soft_deleted_run_ends_and_can_be_restored(store: Store, state: str) -> None:
    run_id, other = store.runs.create("ann", CONFIG), store.runs.create("ann", CONFIG)
    if state != "queued":
        store.queue.claim(run_id, "worker", 1)
    if state == "paused":
        store.record_writer.pause(run_id, {})
    store.retention.soft_delete([run_id], "ann")
    assert [run.id for run in store.runs.newest("ann")] == [other]
    assert run_id not in [run.id for run in store.queue.next(5)]
    if state == "running":
        assert store.commands.pending([run_id])[run_id].command == "stop"
        assert store.retention.expired(0) == []  # its worker still has it
        store.record_writer.finish(run_id, "stopped", {})
    assert store.runs.get(run_id).outcome == "stopped"
    assert store.retention.expired(100) == []
    assert store.retention.expired(0) == [(run_id, "ann")]
    store.retention.restore([run_id], "ann")
    assert {run.id for run in store.runs.newest("ann")} == {run_id, other}


def test_a_group_is_without_soft_deleted_runs(store: Store) -> None:
    ids = store.runs.create_group("ann", [CONFIG, CONFIG.replace(seed=2)], "group00001", variants=("a", "b"))
    assert [run.variant for run in store.runs.of_group("group00001")] == ["a", "b"]
    store.retention.soft_delete(ids[:1], "ann")
    assert [run.id for run in store.runs.of_group("group00001")] == ids[1:]
    assert list(store.runs.versions("group00001")) == ids[1:]
