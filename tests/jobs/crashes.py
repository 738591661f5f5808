"""What tests of a worker's job share: a run, a worker that dies or is given up, acts in the midst of a call."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from mnist_core import training
from mnist_core.config import RunConfig
from mnist_core.jobs import compute_lock, run_job
from mnist_core.store import Store
from mnist_core.training.step import Stop, never
from tests.jobs.short_run import rows

CONFIG = RunConfig(train_size=1_000, validation_size=500, hidden_layers=(16,), batch_size=10, epochs=6)

ADVANCE = training.TrainingLoop.advance


class Crash(BaseException):
    """The worker dies here: nothing in between may catch it."""


def execute(store: Store, *run_ids: str) -> None:
    """Give the runs to a worker; those of one that died wait again first, as the dispatcher sees to it."""
    for run_id in run_ids:
        store.queue.requeue(run_id)
    run_job.execute(run_ids, store.url, 1)


UNDISTURBED: list[str] = []


def undisturbed(store: Store) -> str:
    """The curve of CONFIG where nothing happens to it; trained by the first test that asks for it."""
    if not UNDISTURBED:
        UNDISTURBED.append(curve_of(store, CONFIG))
    return UNDISTURBED[0]


def curve_of(store: Store, config: RunConfig) -> str:
    """The curve that a new run of it draws."""
    run_id = store.runs.create("ann", config)
    execute(store, run_id)
    assert store.runs.get(run_id).outcome == "completed"
    return rows(store.record_reader.curves(run_id))


def in_strides(patch: pytest.MonkeyPatch, stride: int) -> None:
    """Have runs tell of themselves after every so many steps, however fast this machine makes them."""

    def advance(
        loop: training.TrainingLoop, stop: Stop = never, *, seconds: float = math.inf, steps: int = stride
    ) -> None:
        ADVANCE(loop, stop, steps=steps)

    patch.setattr(training.TrainingLoop, "advance", advance)


def after(calls: int, act: Callable[[], Any], method: Callable[..., Any]) -> Callable[..., Any]:
    """`method`, which calls `act` first, once, when it is called for the `calls`-th time."""
    count = 0

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        nonlocal count
        count += 1
        if count == calls:
            act()
        return method(*args, **kwargs)

    return wrapped


def die() -> None:
    raise Crash


RATES = (0.02, 0.1, 0.3)


def sweep(store: Store, rates: tuple[float, ...] = RATES, **changes: Any) -> list[str]:
    configs = [CONFIG.replace(learning_rate=rate, **changes) for rate in rates]
    return [store.runs.create("ann", config, group="g") for config in configs]


def losses(store: Store, run_id: str) -> list[float]:
    evaluations = store.record_reader.curves(run_id).evaluations
    return [*evaluations["step"].tolist(), *evaluations["train_loss"].tolist()]


def given_up(store: Store, run_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker hung so long that another got the run and trained it to its end; the first goes on after this."""
    with monkeypatch.context() as patch:
        patch.setattr(compute_lock, "OF_THIS_PROCESS", compute_lock.ComputeLock())  # the other is another process
        execute(store, run_id)
