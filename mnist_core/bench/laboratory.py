"""The laboratory's computations as contestants: a range test, a landscape, a measurement of the sharpness."""

from __future__ import annotations

from typing import Any

from mnist_core import settings
from mnist_core.bench.work import Begin, Done, Run, Work
from mnist_core.data import Dataset

SNAPSHOTS = 20
LEARNED = 500  # steps


def range_test(work: Work, dataset: Dataset) -> Begin:
    """A whole range test, from building the network to the suggestions."""
    from mnist_core import range_test as test

    def begin(_number: int) -> Run:
        def run() -> Done:
            test(work.config, dataset)
            return Done(work.updates)

        return run

    return begin


def landscape(work: Work, dataset: Dataset) -> Begin:
    """The loss on a grid of 31 × 31 points, from the snapshots of a run in memory; training it is not timed."""
    from mnist_core.analysis.landscape.loss_surface import landscape as compute
    from mnist_core.analysis.landscape.loss_surface import path_plane

    snapshots = _snapshots(work, dataset)

    def begin(_number: int) -> Run:
        def run() -> Done:
            plane = path_plane(snapshots)
            assert plane is not None
            compute(work.config, dataset, plane, side=31, threads=settings.cpu_count())
            return Done(work.updates)

        return run

    return begin


def sharpness(work: Work, dataset: Dataset) -> Begin:
    """The sharpness on 1,000 images of a network that has begun to learn; training it is not timed."""
    from mnist_core.training import Trainer
    from mnist_core.training.sharpness import sharpness as measure

    trainer = Trainer(work.config, dataset, threads=settings.cpu_count())
    trainer.advance(steps=LEARNED)

    def begin(_number: int) -> Run:
        def run() -> Done:
            measure(work.config, trainer.model, trainer.state.loaders["train"], 1_000)
            return Done(work.updates)

        return run

    return begin


def _snapshots(work: Work, dataset: Dataset) -> list[tuple[int, Any]]:
    from mnist_core.training import Trainer

    trainer = Trainer(work.config, dataset, threads=1)
    snapshots: list[tuple[int, Any]] = []
    while True:
        weights = {name: value.detach().cpu().numpy().copy() for name, value in trainer.model.state_dict().items()}
        snapshots.append((trainer.step, weights))
        if trainer.finished or trainer.step == trainer.total_steps:
            return snapshots
        trainer.advance(steps=max(1, trainer.total_steps // SNAPSHOTS))
