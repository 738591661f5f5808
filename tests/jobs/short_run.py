"""A short run that the tests of faults disturb, and its curve."""

from __future__ import annotations

from typing import Any

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.jobs import run_job
from mnist_core.records import Curves
from mnist_core.store import Store
from tests.conftest import THREADS

CONFIG = RunConfig(train_size=1_000, validation_size=500, hidden_layers=(16,), batch_size=10, epochs=3)


class DeathError(BaseException):
    """The worker dies here: nothing in between may catch it."""


def execute(store: Store, run_id: str) -> None:
    """Train the run in this process."""
    run_job.execute([run_id], store.url, THREADS)


def rows(curves: Curves) -> str:
    """Everything recorded but the time it took."""
    lines = []
    for records in (curves.steps, curves.evaluations):
        names = [name for name in records.dtype.names or () if name != "seconds"]
        lines.append(repr(records[names].tolist()))
    return "\n".join(lines)


def dataset() -> Any:
    """The images that the run trains on."""
    return data.load_dataset("mnist")
