"""Snapshots of a run's weights on disk, from its first step to its last: the path that a landscape shows.

They are taken where the run is evaluated, so that they are a function of the configuration alone and a run that is taken
up again writes the same files; so many of these steps, evenly, as room allows. One safetensors file each, no pickle.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file, save_file

from mnist_core import schedule, settings
from mnist_core.config import RunConfig
from mnist_core.networks.models import describe
from mnist_core.networks.weights import steps as kept_steps
from mnist_core.training.trainer import Trainer

LOG = logging.getLogger("mnist_lab.worker")
MOST = 32  # snapshots of a run
ROOM = 16_000_000  # bytes for a run …
ROOM_OF_MANY = 2_000_000  # … and for one of several that were started together
FEWEST = 3  # less make no path


def planned(config: RunConfig, *, room: int = ROOM) -> Sequence[int]:
    """After which updates snapshots are taken, ascending; none where the network is too large for three."""
    at = sorted(schedule.evaluation_steps(config))
    count = min(MOST, len(at), room // (4 * describe(config).parameters))
    if count < FEWEST:
        return ()
    return [at[index] for index in np.linspace(0, len(at) - 1, count).round().astype(int)]


def keep(trainer: Trainer, run_id: str) -> None:
    """Write the weights as they are now. Where the disk is nearly full, or they cannot be written, the path has a gap."""
    if settings.lacking_space():
        LOG.warning("no snapshot of run %s: the disk is nearly full", run_id)
        return
    file = settings.trail_folder(run_id) / f"{trainer.step}.safetensors"
    weights = {name: value.detach().cpu().contiguous().numpy() for name, value in trainer.model.state_dict().items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        save_file(weights, file.with_suffix(".part"))
        file.with_suffix(".part").replace(file)
    except (OSError, SafetensorError) as error:
        LOG.warning("no snapshot of run %s: %s", run_id, error)


def steps(run_id: str) -> list[int]:
    """After which updates there are snapshots, ascending."""
    return kept_steps(run_id)


def weights(run_id: str, step: int) -> dict[str, NDArray[np.float32]]:
    """The snapshot after `step` updates, by the names of the model's state. Raises OSError where it is none."""
    try:
        return load_file(settings.trail_folder(run_id) / f"{step}.safetensors")
    except SafetensorError as error:
        raise OSError(f"the snapshot of run {run_id} after {step} updates is damaged") from error


def drop(run_id: str, after_step: int) -> None:
    """Remove the snapshots after `after_step` updates: training goes on from there, maybe at another rate."""
    for step in steps(run_id):
        if step > after_step:
            (settings.trail_folder(run_id) / f"{step}.safetensors").unlink(missing_ok=True)


def forget(run_id: str) -> None:
    """Remove all snapshots of a run."""
    shutil.rmtree(settings.trail_folder(run_id), ignore_errors=True)
