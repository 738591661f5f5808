"""The room for weights without a setting for each student: fair parts of those who have most, and of guests as of one."""

from __future__ import annotations

import pytest

from mnist_core.jobs import retention
from mnist_core.networks.checkpoint_layout import snapshot_folder
from mnist_core.store import Store
from tests.jobs.test_dispatcher_maintenance import kept, with_weights


@pytest.fixture(autouse=True)
def room(monkeypatch: pytest.MonkeyPatch) -> None:
    """2.1 MB; each run has weights of 0.2 and snapshots of 0.3."""
    monkeypatch.setenv("MNIST_LAB_WEIGHTS_MB", "2")


def test_without_a_setting_who_is_alone_may_use_all_and_of_several_those_give_who_have_most(
    store: Store,
) -> None:
    many = with_weights(store, 4)
    retention.thin_out(store)
    assert [snapshot_folder(run_id).exists() for run_id in many] == [True] * 4  # 2 MB of 2.1
    some, one = with_weights(store, 2, "bob"), with_weights(store, 1, "eve")
    again = with_weights(store, 1)
    for run_id in (*many, *again):
        store.labels.write(run_id, "ann", star=True)
    retention.thin_out(store)
    # 4 MB. Ann has 2.5, and comes down to Bob's 1 by all her snapshots; then each of the two gives the first of what is left.
    assert kept([*many, *again]) == [False, True, True, True, True]
    assert [snapshot_folder(run_id).exists() for run_id in (*many, *again)] == [False] * 5
    assert [snapshot_folder(run_id).exists() for run_id in some] == [False, True]
    assert (kept(some), kept(one), snapshot_folder(one[0]).exists()) == ([True, True], [True], True)


def test_many_browsers_without_a_class_are_one_beside_its_members(store: Store) -> None:
    opened, _secret = store.classes.open("3b", "teacher")
    store.classes.join(opened.code, "ann", "Otter")
    members = with_weights(store, 2, "ann")
    guests = [run_id for number in range(8) for run_id in with_weights(store, 1, f"cookie {number}")]
    retention.thin_out(store)
    # 5 MB. The guests have 4, none of them more than half of what Ann has: half of the room is theirs.
    assert kept(members) == [True, True]
    assert all(snapshot_folder(run_id).exists() for run_id in members)
    assert sum(kept(guests)) == 5  # 1 MB
    assert not any(snapshot_folder(run_id).exists() for run_id in guests)


def test_guests_may_use_what_no_class_needs(store: Store) -> None:
    guests = [run_id for number in range(4) for run_id in with_weights(store, 1, f"cookie {number}")]
    retention.thin_out(store)
    assert all(snapshot_folder(run_id).exists() for run_id in guests)
