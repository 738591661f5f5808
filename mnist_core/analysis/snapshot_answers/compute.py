"""Computes what each snapshot of a run answers."""

from __future__ import annotations

import numpy as np

from mnist_core.analysis import inference
from mnist_core.analysis.context import Context, part_of
from mnist_core.analysis.run_weights import finite_snapshots, images_to_analyze
from mnist_core.analysis.snapshot_answers.schema import Parameters, Result
from mnist_core.config import RunConfig
from mnist_core.networks.models import describe
from mnist_core.training.chunks import Progress

MOST_IMAGES, FEWEST_IMAGES = 2_000, 200  # for each snapshot
AFFORDABLE = 2e10  # multiplications in all: some seconds


def compute(context: Context, parameters: Parameters, progress: Progress) -> Result:
    """The answers of all snapshots with finite output. Raises TrainingError."""
    run = context.run(parameters.run)
    snapshots = finite_snapshots(run)
    split, part = images_to_analyze(run)
    images = part.images[: affordable(run.config, len(snapshots))]
    answers = []
    for number, (_step, weights) in enumerate(snapshots):
        of_snapshot = part_of(progress, number, len(snapshots))
        answers.append(
            inference.probabilities(run.config, weights, images, threads=context.cores, progress=of_snapshot).argmax(1)
        )
    return Result(
        steps=tuple(step for step, _weights in snapshots),
        images=len(images),
        split=split,
        reached=run.checkpoint_step,
        answers=np.stack(answers).astype(np.uint8),
    )


def affordable(config: RunConfig, snapshots: int) -> int:
    """How many images so many snapshots can be asked about in some seconds."""
    images = int(AFFORDABLE / snapshots / describe(config).multiplications)
    return max(FEWEST_IMAGES, min(MOST_IMAGES, images))
