"""The weights of a run as a safetensors file of their own. No torch, no pickle."""

from __future__ import annotations

from safetensors.numpy import save

from mnist_core.errors import CheckpointError
from mnist_core.messages import N_
from mnist_core.weights import latest


def weights(run_id: str) -> bytes:
    """The weights at the run's last checkpoint, by torch's names (`0.weight`, …; of a `Sequential` as in the script).

    Raises CheckpointError where there are none any more.
    """
    try:
        return save(dict(latest(run_id).weights))
    except CheckpointError as error:
        raise CheckpointError(N_("The weights of run {run} are no longer here. Train it again."), run=run_id) from error
