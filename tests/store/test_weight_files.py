"""Weights in the store, where workers and pages share no folder: what one process keeps, another with an empty disk has."""

from __future__ import annotations

import shutil
from collections.abc import Iterator

import numpy as np
import pytest

from mnist_core import settings
from mnist_core.errors import CheckpointError
from mnist_core.networks import checkpoint_layout, shared_files, weights
from mnist_core.networks.weights import Snapshot
from mnist_core.store import Store, open_store

RUN, OTHER = "0123456789", "aaaaaaaaaa"


@pytest.fixture
def store(home: object, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS", "store")
    settings.make_home()
    opened = open_store()
    yield opened
    shared_files.share(None)
    opened.close()


def of(value: float, step: int = 7) -> Snapshot:
    return Snapshot(step, {"0.weight": np.full((2, 2), value, np.float32)})


def wipe() -> None:
    """What a host does to the disk of an app that sleeps."""
    shutil.rmtree(settings.checkpoint_folder())


def value(run_id: str = RUN) -> float:
    return float(weights.latest(run_id).weights["0.weight"][0, 0])


def test_weights_come_back_on_an_empty_disk_and_are_the_newest(store: Store) -> None:
    weights.keep(RUN, of(1.0))
    weights.keep(OTHER, of(2.0))
    wipe()
    assert (value(), value(OTHER)) == (1.0, 2.0)
    # Another process has gone on: the copy here is old, though of the same step and size.
    file = checkpoint_layout.checkpoint_file(RUN)
    old = file.read_bytes()
    weights.keep(RUN, of(3.0))
    file.write_bytes(old)
    assert value() == 3.0
    assert weights.saved_steps(RUN) == {"last": 7}


def test_a_newer_state_takes_the_place_of_the_last_one(store: Store) -> None:
    weights.keep(RUN, of(1.0))
    newer, file = checkpoint_layout.next_file(RUN, 4), checkpoint_layout.checkpoint_file(RUN)
    first = file.read_bytes()
    weights.keep(OTHER, of(5.0))
    newer.write_bytes(checkpoint_layout.checkpoint_file(OTHER).read_bytes())
    shared_files.push(newer, RUN)
    assert value() == 1.0
    shared_files.move(newer, file)
    shared_files.move(newer, file)  # told twice, it counts once
    assert file.read_bytes() == first
    assert value() == 5.0
    assert [*store.weight_files.sizes(RUN)] == [file.name]


def test_what_is_forgotten_is_gone_from_both(store: Store) -> None:
    weights.keep(RUN, of(1.0))
    weights.keep(OTHER, of(2.0))
    for step in (0, 5, 9):
        snapshot = checkpoint_layout.snapshot_file(RUN, step)
        snapshot.parent.mkdir(exist_ok=True)
        shutil.copyfile(checkpoint_layout.checkpoint_file(RUN), snapshot)
        shared_files.push(snapshot, RUN)
    wipe()
    assert checkpoint_layout.snapshot_steps(RUN) == [0, 5, 9]
    size = store.weight_files.sizes(OTHER)[f"{OTHER}.safetensors"]
    assert checkpoint_layout.bytes_of_all() == {RUN: (size, 3 * size), OTHER: (size, 0)}
    checkpoint_layout.forget_snapshots(RUN, 5)
    assert checkpoint_layout.snapshot_steps(RUN) == [0, 5]
    checkpoint_layout.forget_files(RUN)
    assert store.weight_files.sizes(RUN) == {}
    with pytest.raises(CheckpointError, match="are not on the server"):
        weights.latest(RUN)
    assert value(OTHER) == 2.0


def test_copies_have_a_room_and_are_fetched_again(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    weights.keep(RUN, of(1.0))
    monkeypatch.setattr(checkpoint_layout, "COPIES_BYTES", 0)
    checkpoint_layout.drop_copies()
    assert not checkpoint_layout.checkpoint_file(RUN).exists()
    assert value() == 1.0


def test_without_the_setting_the_folder_is_all_there_is(home: object) -> None:
    settings.make_home()
    store = open_store()
    weights.keep(RUN, of(1.0))
    assert store.weight_files.all_sizes() == {}
    checkpoint_layout.drop_copies()
    assert value() == 1.0
    wipe()
    with pytest.raises(CheckpointError, match="curves are kept"):
        weights.latest(RUN)
    store.close()
