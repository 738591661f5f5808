"""Files of runs that the store does not know go after a day of its clock; what another store may have, or is being written, stays."""

from __future__ import annotations

import math
import secrets
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Collection, Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.jobs import strays
from mnist_core.jobs.dispatcher import Dispatcher
from mnist_core.networks import checkpoint_layout, shared_files, weights
from mnist_core.networks.checkpoint_layout import next_file, snapshot_file
from mnist_core.networks.weights import Snapshot
from mnist_core.records import Curves, Progress
from mnist_core.store import Store, open_store
from tests.conftest import ROOT

CONFIG = RunConfig()


@pytest.fixture
def served(store: Store) -> Store:
    """The store, as its cluster has it."""
    store.lease.take("a test")
    return store


def keep(run_id: str) -> str:
    """Weights of an import, before its row."""
    weights.keep(run_id, Snapshot(1, {"0.weight": np.zeros(9, np.float32)}))
    return run_id


def add(store: Store, run_id: str) -> None:
    """Its row."""
    store.runs.add_finished("ann", CONFIG, Curves(), "completed", {}, Progress(1, 10), run_id=run_id, checkpoint_step=1)


def look(store: Store, *, days: float = 0.0) -> None:
    """What the dispatcher does each minute, after so many days of the store's clock."""
    store.lease.beat(days * (strays.STRAY_SECONDS + 1))
    strays.delete_strays(store)


def files() -> list[str]:
    folder = settings.checkpoint_folder()
    return sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file())


# An import that is killed after the first of its two files was written, and while it writes the second.
KILLED = """
import os, sys, numpy as np
from mnist_core.networks import checkpoint_layout, weights
from mnist_core.store import open_store
store = open_store()
weights.keep(sys.argv[1], weights.Snapshot(1, {"0.weight": np.zeros(9, np.float32)}))
with checkpoint_layout.replacing(checkpoint_layout.checkpoint_file(sys.argv[2])) as unfinished:
    unfinished.write_bytes(bytes(9))
    os.kill(os.getpid(), 9)
"""


def test_what_a_killed_import_left_goes_after_a_day(served: Store) -> None:
    known, left, half = [secrets.token_hex(5) for _run in range(3)]
    add(served, keep(known))
    assert subprocess.run([sys.executable, "-c", KILLED, left, half], cwd=ROOT, check=False).returncode == -9
    assert files() == sorted([f"{known}.safetensors", f"{left}.safetensors", f"{half}.part"])
    look(served)
    look(served, days=0.9)
    assert len(files()) == 3
    look(served, days=0.1)
    assert files() == [f"{known}.safetensors"]
    assert served.facts.get(strays.FACT) == {}
    look(served, days=5)
    assert files() == [f"{known}.safetensors"]


def test_all_that_a_run_has_left_goes_and_nothing_that_is_no_runs(served: Store, dispatcher: Dispatcher) -> None:
    run_id = keep(secrets.token_hex(5))
    for file in (next_file(run_id, 3), snapshot_file(run_id, 7), snapshot_file(run_id, 7).with_suffix(".part")):
        file.parent.mkdir(exist_ok=True)
        file.touch()
    others = ["README.txt", "notes.safetensors", "0123456789abcdef.safetensors", "my networks.trail/1.safetensors"]
    for name in others:
        file = settings.checkpoint_folder() / name
        file.parent.mkdir(exist_ok=True)
        file.touch()
    dispatcher.tick()
    dispatcher.store.lease.beat(strays.STRAY_SECONDS + 1)
    dispatcher._cleared = -math.inf
    dispatcher.tick()
    assert files() == sorted(others)
    assert not checkpoint_layout.snapshot_folder(run_id).exists()


def test_after_an_older_store_was_put_back_what_came_since_goes(home: Path, mnist_is_there: None) -> None:
    store = open_store()
    old = secrets.token_hex(5)
    add(store, keep(old))
    with closing(sqlite3.connect(home / "runs.sqlite")) as source, closing(sqlite3.connect(home / "old")) as copy:
        source.backup(copy)
    add(store, newer := keep(secrets.token_hex(5)))
    store.close()
    (home / "old").replace(home / "runs.sqlite")
    for leftover in home.glob("runs.sqlite-*"):
        leftover.unlink()
    with closing(open_store()) as again:
        again.lease.take("a test")
        look(again)
        assert files() == sorted([f"{old}.safetensors", f"{newer}.safetensors"])
        look(again, days=1)
        assert files() == [f"{old}.safetensors"]


def test_an_import_that_is_between_its_file_and_its_row_keeps_both(served: Store) -> None:
    run_id, written, may_go_on = secrets.token_hex(5), threading.Event(), threading.Event()

    def bring_in() -> None:
        with closing(open_store()) as pages:
            keep(run_id)
            written.set()
            assert may_go_on.wait(30)
            add(pages, run_id)

    thread = threading.Thread(target=bring_in)
    thread.start()
    assert written.wait(30)
    look(served)
    look(served, days=0.9)  # a disk as slow as that
    assert [*(served.facts.get(strays.FACT) or {})] == [run_id]
    may_go_on.set()
    thread.join()
    look(served, days=1)
    assert files() == [f"{run_id}.safetensors"]
    assert served.facts.get(strays.FACT) == {}


def test_a_run_that_comes_back_while_its_files_are_looked_at_keeps_them(
    served: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, gone = (keep(secrets.token_hex(5)) for _run in range(2))
    look(served)
    ask, asked = served.runs.versions_of, list[Collection[str]]()

    def and_then_it_comes(run_ids: Collection[str]) -> dict[str, int]:
        known = ask(run_ids)
        asked.append(run_ids)
        if len(asked) == 1:
            add(served, back)
        return known

    monkeypatch.setattr(served.runs, "versions_of", and_then_it_comes)
    look(served, days=1)
    assert files() == [f"{back}.safetensors"]
    assert {back, gone} <= set(asked[0])
    look(served, days=1)
    assert files() == [f"{back}.safetensors"]


@pytest.fixture
def another(home: Path, served: Store) -> Iterator[Store]:
    """Another store, used with the same home."""
    opened = open_store(f"sqlite:///{home / 'another.sqlite'}")
    yield opened
    opened.close()


def test_where_two_stores_use_a_home_neither_deletes_what_the_other_may_have(
    served: Store, another: Store, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    add(another, theirs := keep(secrets.token_hex(5)))
    add(served, ours := keep(secrets.token_hex(5)))
    another.lease.take("another cluster")
    for store in (served, another, served, another):
        look(store, days=2)
    assert files() == sorted([f"{theirs}.safetensors", f"{ours}.safetensors"])
    (warned, _others) = [record.getMessage() for record in caplog.records]  # each of them once
    assert warned.startswith(f"1 runs that the store does not know have files in {home / 'checkpoints'}")
    (mark,) = [file for file in home.glob("*.store") if str(file) in warned]
    mark.unlink()  # whoever runs the server says that the other is used no more
    look(served)
    assert len(files()) == 2
    look(served, days=1)
    assert files() == [f"{ours}.safetensors"]


def test_a_store_that_lost_its_home_deletes_nothing_of_what_an_earlier_one_had(home: Path) -> None:
    """As before homes had marks: somebody else's runs lie there when the store is first opened."""
    settings.make_home()
    theirs = keep(secrets.token_hex(5))
    for _opening in range(2):
        with closing(open_store()) as store:
            store.lease.take("a test")
            look(store)
            look(store, days=2)
    assert files() == [f"{theirs}.safetensors"]
    assert len(list(home.glob("*.store"))) == 2
    (home / "earlier.store").unlink()
    with closing(open_store()) as store:
        store.lease.take("a test")
        look(store)
        look(store, days=1)
    assert files() == []


def test_many_who_open_a_new_store_agree_on_one_mark(home: Path) -> None:
    ready = threading.Barrier(6)

    def begin() -> None:
        ready.wait()
        open_store().close()

    open_store().close()
    with closing(sqlite3.connect(home / "runs.sqlite")) as connection, connection:
        connection.execute("DELETE FROM facts")
    for mark in home.glob("*.store"):
        mark.unlink()
    threads = [threading.Thread(target=begin) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list(home.glob("*.store"))) == 1


def test_weights_in_the_store_go_in_the_same_way_and_no_home_is_asked(
    home: Path, mnist_is_there: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_WEIGHTS", "store")
    (settings.make_home() / "another.store").touch()
    with closing(open_store()) as store:
        try:
            store.lease.take("a test")
            add(store, known := keep(secrets.token_hex(5)))
            keep(secrets.token_hex(5))
            look(store)
            assert len(store.weight_files.all_sizes()) == 2
            look(store, days=1)
            assert [*store.weight_files.all_sizes()] == [f"{known}.safetensors"]
        finally:
            shared_files.share(None)
