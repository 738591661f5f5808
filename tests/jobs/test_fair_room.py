"""The room for weights without a setting for each student: fair parts of those who have most, and of guests as of one."""

from __future__ import annotations

import pytest

from mnist_core import settings
from mnist_core.jobs import retention
from mnist_core.networks.checkpoint_layout import snapshot_folder
from mnist_core.store import Store
from tests.jobs.test_dispatcher_maintenance import kept, resting, with_weights


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


def test_what_one_has_at_rest_above_what_may_rest_is_at_his_own_cost(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, _secret = store.classes.open("3b", "teacher")
    for student, nickname in (("ann", "Otter"), ("bob", "Falcon"), ("eve", "Hare")):
        store.classes.join(opened.code, student, nickname)
    others = [*with_weights(store, 1, "bob"), *with_weights(store, 1, "eve")]
    over, paused = with_weights(store, 2, "ann"), resting(store, 12, "ann")
    retention.thin_out(store)
    # 8 MB. Ann has 2.4 at rest, where half of 2.1 may be: all else that is hers goes, and nothing of the others'.
    assert kept(paused) == [True] * 12
    assert kept(over) == [False, False]
    assert not any(snapshot_folder(run_id).exists() for run_id in paused)
    assert kept(others) == [True, True]
    assert all(snapshot_folder(run_id).exists() for run_id in others)
    more = with_weights(store, 1, "bob")
    retention.thin_out(store)
    # They have what is left, as if she had half of the room: 1.05 MB of 1.5.
    assert all(kept([*others, *more]))
    assert [snapshot_folder(run_id).exists() for run_id in (*others, *more)] == [False, True, False]
    monkeypatch.setattr(settings, "lacking_space", lambda: 10**9)  # but a full disk helps nobody
    retention.thin_out(store)
    assert not any(kept([*others, *more]))


def test_what_many_guests_have_at_rest_is_at_no_members_cost(store: Store) -> None:
    opened, _secret = store.classes.open("3b", "teacher")
    store.classes.join(opened.code, "ann", "Otter")
    members = with_weights(store, 2, "ann")
    guests = [run_id for number in range(12) for run_id in resting(store, 1, f"cookie {number}")]
    over = with_weights(store, 1, "a guest")
    retention.thin_out(store)
    # 7.5 MB. Guests have 2.4 at rest, none of them more than a quarter of 2.1, which is for all of them.
    assert kept(guests) == [True] * 12
    assert kept(over) == [False]
    assert kept(members) == [True, True]
    assert all(snapshot_folder(run_id).exists() for run_id in members)


def test_who_is_alone_gives_nothing_where_there_is_room(store: Store) -> None:
    over, paused = with_weights(store, 2, "ann"), resting(store, 2, "ann")
    retention.thin_out(store)
    assert all(kept([*paused, *over]))
    assert all(snapshot_folder(run_id).exists() for run_id in (*paused, *over))
