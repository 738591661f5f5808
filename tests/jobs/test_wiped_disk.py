"""A host that wiped its disk while the app slept, with the store elsewhere: what is left, and what the runs go on from."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from mnist_core import settings
from mnist_core.errors import CheckpointError
from mnist_core.jobs import worker_store
from mnist_core.networks import checkpoint_layout, shared_files, weights
from mnist_core.store import Store, open_store
from tests.jobs.short_run import CONFIG, execute, rows


@pytest.fixture(params=["folder", "store"])
def kept_in(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Where weights are kept."""
    monkeypatch.setenv("MNIST_LAB_WEIGHTS", request.param)
    return str(request.param)


@pytest.fixture
def store(kept_in: str, hurried: None, tmp_path: Path) -> Iterator[Store]:
    """A store outside of the home, which the jobs of this process use, too."""
    settings.make_home()
    opened = open_store(f"sqlite:///{tmp_path / 'elsewhere.sqlite'}")
    worker_store._stores[opened.url] = opened
    yield opened
    del worker_store._stores[opened.url]
    shared_files.share(None)
    opened.close()


def wiped() -> None:
    shutil.rmtree(settings.home())
    settings.make_home()  # as the next start does


def test_runs_come_back_with_their_curves_and_with_what_is_kept_of_their_weights(
    store: Store, kept_in: str, undisturbed_curve: str
) -> None:
    finished, paused = store.runs.create("ann", CONFIG), store.runs.create("ann", CONFIG)
    execute(store, finished)
    for _step in range(3):
        store.commands.send(paused, "ann", "step")
        execute(store, paused)
    assert store.runs.get(paused).checkpoint_step == 3
    wiped()
    assert rows(store.record_reader.curves(finished)) == undisturbed_curve
    if kept_in == "store":
        assert weights.latest(finished).step == CONFIG.total_steps
        assert checkpoint_layout.snapshot_steps(finished)
    else:
        with pytest.raises(CheckpointError, match=r"not on the server.*curves are kept"):
            weights.latest(finished)
    store.commands.send(paused, "ann", "resume")
    execute(store, paused)
    curves = store.record_reader.curves(paused)
    assert rows(curves) == undisturbed_curve
    recovered = [event.kind for event in curves.events if event.kind == "recovered"]
    assert recovered == ([] if kept_in == "store" else ["recovered"])  # from the start, which is said
