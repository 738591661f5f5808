"""The weights of a run as a safetensors file of their own. No torch, no pickle."""

from __future__ import annotations

from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from mnist_core import settings
from mnist_core.errors import CheckpointError
from mnist_core.messages import N_


def weights(run_id: str) -> bytes:
    """The weights at the run's last checkpoint, by torch's names (`0.weight`, …; of a `Sequential` as in the script).

    Raises CheckpointError where there are none any more.
    """
    try:
        with safe_open(settings.checkpoint_file(run_id), framework="numpy") as file:
            names = [name for name in file.keys() if name.startswith("model.")]  # noqa: SIM118 - no mapping
            return save({name.removeprefix("model."): file.get_tensor(name) for name in names})
    except (OSError, SafetensorError) as error:
        raise CheckpointError(N_("The weights of run {run} are no longer here. Train it again."), run=run_id) from error
