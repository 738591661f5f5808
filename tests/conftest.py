"""What all tests share: a home of their own, a small data set, real MNIST where it is, waiting for conditions."""

from __future__ import annotations

import gc
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import pytest
import sqlalchemy as sa
from hypothesis import settings as hypothesis

from mnist_core.data import Dataset
from mnist_core.data.digits import draw_digits
from mnist_core.store import engine
from tests import built_in as digits_on_disk
from tests.postgresql import Server

if "PYTEST_XDIST_WORKER" in os.environ:
    # Each of the processes that test side by side computes with one core, as do programs that it starts. (Before torch is
    # imported.) With as many threads as cores in each, their threads wait for one another and take twice the time.
    os.environ.setdefault("OMP_NUM_THREADS", "1")

# Of torch, where a test says how many: two would wait for each other, and for those of the other test.
THREADS = int(os.environ.get("OMP_NUM_THREADS", "2"))

hypothesis.register_profile("lab", deadline=None)  # how long an example takes is the machine's affair
hypothesis.load_profile("lab")
Value = TypeVar("Value")
ROOT = Path(__file__).parents[1]
BESIDE = ROOT.parent / "shared" / "data"
# Read before any test takes it out of the environment.
NAMED = os.environ.get("MNIST_LAB_DATA")


def pytest_collection_finish() -> None:
    """From now on the collector of cycles passes over what is there: 5,000 tests and their modules, which took it a third of a second
    of the processor each time, and a worker has it look after every job. Of what comes, most is gone by itself: it looks less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)


@pytest.fixture(scope="session")
def tiny() -> Dataset:
    """1,200 + 300 built-in digits in memory."""
    images, labels = draw_digits(1_200, 11)
    test_images, test_labels = draw_digits(300, 12)
    return Dataset("built-in", Path(), images, labels, test_images, test_labels)


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built-in digits, all 70,000."""
    return digits_on_disk.drawn(tmp_path_factory.mktemp("drawn"))


@pytest.fixture
def built_in(drawn: Path, home: Path) -> None:
    """The home has the built-in digits."""
    digits_on_disk.laid(drawn, home)


@pytest.fixture(scope="session", autouse=True)
def tables_made_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A new SQLite file is the copy of one that the program made, which takes a tenth of the time."""
    upgrade = engine._upgrade

    @cache
    def made() -> Path:
        file = tmp_path_factory.mktemp("tables") / "runs.sqlite"
        first = sa.create_engine(f"sqlite:///{file}")
        upgrade(first)
        first.dispose()
        return file

    def upgraded(opened: sa.Engine, target: str = engine.HEAD) -> None:
        if opened.dialect.name != "sqlite" or target != engine.HEAD or sa.inspect(opened).get_table_names():
            upgrade(opened, target)
            return
        with closing(sqlite3.connect(made())) as source, closing(opened.raw_connection()) as connection:
            source.backup(connection.driver_connection)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(engine, "_upgrade", upgraded)
        yield


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Server]:
    """A PostgreSQL server; skips where there is none."""
    server = Server()
    yield server
    server.end()


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder for this test alone, and no other setting of this machine."""
    clear_settings(monkeypatch)
    folder = tmp_path / "home"
    monkeypatch.setenv("MNIST_LAB_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def threads() -> Iterator[None]:
    """What torch was told to compute with in a test holds for that alone: on two cores in two processes, later ones take twice the time."""
    torch = sys.modules.get("torch")
    before = torch.get_num_threads() if torch else None
    yield
    if torch and torch.get_num_threads() != before:
        torch.set_num_threads(before)


def clear_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take every setting of the program out of the environment, those too that a later version will have."""
    for name in [name for name in os.environ if name.startswith("MNIST_LAB_")]:
        monkeypatch.delenv(name)


def mnist_folder() -> Path | None:
    """The folder of real MNIST in torchvision's layout: MNIST_LAB_DATA, or shared/data beside the repository."""
    folders = [Path(NAMED).expanduser()] if NAMED else [BESIDE]
    return next((folder for folder in folders if (folder / "MNIST" / "raw" / "train-images-idx3-ubyte").exists()), None)


@pytest.fixture(scope="session")
def mnist() -> Path:
    """A folder with real MNIST in torchvision's layout; skips where there is none."""
    folder = mnist_folder()
    if folder is None:
        pytest.skip(f"no MNIST in {NAMED or BESIDE}; MNIST_LAB_DATA may name a folder that has it")
    return folder


@pytest.fixture(scope="session")
def reference(mnist: Path) -> Callable[[Any], Any]:
    """What came of an experiment (a RunConfig) on real MNIST, which is trained once for all tests that ask for it."""
    from mnist_core import load_dataset, train

    dataset = load_dataset("mnist", mnist)
    return cache(lambda config: train(config, dataset, threads=THREADS))


def wait_until(condition: Callable[[], Value], seconds: float = 30.0) -> Value:
    """Wait until `condition()` is true, and return what it was; fails with its last value after `seconds`.

    Who waits for long asks less often, ten times a second at last: to ask a browser or a store fifty times takes a good part of a core
    from what is waited for.
    """
    begun = time.monotonic()
    while not (value := condition()):
        if (waited := time.monotonic() - begun) > seconds:
            pytest.fail(f"still {value!r} after {seconds} s")
        time.sleep(min(0.02 + waited / 50, 0.1))
    return value
