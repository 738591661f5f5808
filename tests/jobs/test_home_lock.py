"""The lock of a home folder: one cluster holds it, and nobody else has it meanwhile."""

from __future__ import annotations

import gc
from pathlib import Path

import filelock
import pytest

from mnist_core import settings
from mnist_core.jobs.cluster import having_the_home


def other() -> filelock.BaseFileLock:
    """The lock as another process would take it."""
    return filelock.FileLock(settings.home() / "cluster.lock", timeout=0)


def test_a_home_is_held_as_long_as_its_cluster_serves(home: Path) -> None:
    settings.make_home()
    with having_the_home():
        gc.collect()  # a lock that is referred to by nothing would be let go of
        with pytest.raises(filelock.Timeout):
            other().acquire()
    with other():
        assert (home / "cluster.lock").exists()
