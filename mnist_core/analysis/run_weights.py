"""The weights of a run, and the images, that an analysis is made with."""

from __future__ import annotations

import logging
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from mnist_core import data
from mnist_core.errors import CheckpointError, TrainingError
from mnist_core.messages import N_
from mnist_core.networks import forward, weights
from mnist_core.networks.checkpoint_layout import snapshot_steps
from mnist_core.records import Run, Split

LOG = logging.getLogger("mnist_lab.worker")
Weights = Mapping[str, NDArray[np.float32]]  # by name, as a model's state
NO_WEIGHTS = N_(
    "No usable weights have been saved for this run yet. Let it train for a few seconds, or choose another run."
)


def last_weights(run: Run) -> tuple[int, Weights]:
    """(step, weights): the last with which the output is finite. Raises TrainingError."""
    try:
        snapshot = weights.last_that(run.id, lambda snapshot: forward.is_finite(run.config, snapshot.weights))
    except CheckpointError as error:
        raise TrainingError(NO_WEIGHTS) from error
    return snapshot.step, snapshot.weights


def finite_snapshots(run: Run) -> list[tuple[int, Weights]]:
    """(step, weights) of the snapshots with which the output is finite, at least one. Raises TrainingError."""
    snapshots = [(step, arrays) for step, arrays in _snapshots(run) if forward.is_finite(run.config, arrays)]
    if not snapshots:
        raise TrainingError(NO_WEIGHTS)
    return snapshots


def _snapshots(run: Run) -> list[tuple[int, Weights]]:
    """(step, weights) of the snapshots and of the checkpoint, as far as they are on disk."""
    snapshots: list[tuple[int, Weights]] = []
    for step in snapshot_steps(run.id):
        if step > run.progress.step:
            continue  # of before it was reset
        try:
            snapshots.append((step, weights.at(run.id, step).weights))
        except CheckpointError as error:
            LOG.warning("%s", error)
    last = run.checkpoint_step
    if last is not None and (not snapshots or last > snapshots[-1][0]):
        try:
            snapshots.append((last, weights.latest(run.id).weights))
        except CheckpointError as error:
            LOG.warning("%s", error)
    return snapshots


def images_to_analyze(run: Run) -> tuple[Split, data.Part]:
    """The split that a run is analyzed with (data.analysis_split), and its images."""
    name = data.analysis_split(run.config)
    part: data.Part = getattr(data.split(data.load_dataset(run.config.dataset), run.config), name)
    return name, part
