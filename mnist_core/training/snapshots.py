"""Snapshots of a run's weights on disk, from its first step to its last: the path that a landscape shows.

They are taken where the run is evaluated, so that they are a function of the configuration alone and a run that is taken
up again writes the same files; so many of these steps, evenly, as room allows. One safetensors file each, no pickle.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import save_file

from mnist_core import schedule, settings
from mnist_core.config import RunConfig
from mnist_core.networks.checkpoint_layout import replacing, snapshot_file
from mnist_core.networks.models import describe
from mnist_core.training.run_state import RunState

LOG = logging.getLogger("mnist_lab.worker")
MOST = 32  # snapshots of a run
ROOM = 16_000_000  # bytes for a run …
ROOM_OF_MANY = 2_000_000  # … and for one of several that were started together
FEWEST = 3  # less make no path


def planned_steps(config: RunConfig, *, room: int = ROOM) -> Sequence[int]:
    """After which updates snapshots are taken, ascending; none where the network is too large for three."""
    at = sorted(schedule.evaluation_steps(config))
    count = min(MOST, len(at), room // (4 * describe(config).parameters))
    if count < FEWEST:
        return ()
    return [at[index] for index in np.linspace(0, len(at) - 1, count).round().astype(int)]


def save(run: RunState, run_id: str) -> None:
    """Write the weights as they are now. Where the disk is nearly full, or they cannot be written, the path has a gap."""
    if settings.lacking_space():
        LOG.warning("no snapshot of run %s: the disk is nearly full", run_id)
        return
    file = snapshot_file(run_id, run.step)
    weights = {name: value.detach().cpu().contiguous().numpy() for name, value in run.model.state_dict().items()}
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with replacing(file) as unfinished:
            save_file(weights, unfinished)
    except (OSError, SafetensorError) as error:
        LOG.warning("no snapshot of run %s: %s", run_id, error)
