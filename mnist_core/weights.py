"""The weights of a run as they lie on disk, for those who look at a network without training it. NumPy, no torch.

Training writes them (training/checkpoint.py); a run has some from its first seconds on, and keeps its last.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file

from mnist_core import settings
from mnist_core.errors import CheckpointError
from mnist_core.messages import N_

SMALL = 8_000_000  # bytes of a file whose weights are kept in memory for the next look
Weights = Mapping[str, NDArray[np.float32]]  # by the names of the model's state


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Weights after `step` updates."""

    step: int
    weights: Weights

    @property
    def finite(self) -> bool:
        """Whether all of them are numbers."""
        return all(bool(np.isfinite(one).all()) for one in self.weights.values())


def latest(run_id: str) -> Snapshot:
    """The weights that the run left last. Raises CheckpointError where there are none (yet)."""
    file = settings.checkpoint_folder() / f"{run_id}.safetensors"
    try:
        found = file.stat()
        read = _kept if found.st_size <= SMALL else _read
        return read(file, found.st_mtime_ns)
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            N_("The checkpoint {file} is missing or damaged. Start the run again."), file=str(file)
        ) from error


def steps(run_id: str) -> list[int]:
    """After which updates snapshots of the run were kept on its way, ascending (training/trail.py writes them)."""
    return sorted(
        int(file.stem) for file in settings.trail_folder(run_id).glob("*.safetensors") if file.stem.isdecimal()
    )


def at(run_id: str, step: int) -> Snapshot:
    """The weights after `step` updates: a snapshot of its way, or its last. Raises CheckpointError."""
    file = settings.trail_folder(run_id) / f"{step}.safetensors"
    try:
        return Snapshot(step, load_file(file))
    except (OSError, SafetensorError) as error:
        last = latest(run_id)
        if last.step == step:
            return last
        raise CheckpointError(
            N_("The checkpoint {file} is missing or damaged. Start the run again."), file=str(file)
        ) from error


def _read(file: Path, _changed: int) -> Snapshot:
    with safe_open(file, framework="numpy") as opened:
        step = int(json.loads(opened.metadata()["state"])["step"])
        names = [name for name in opened.keys() if name.startswith("model.")]  # noqa: SIM118 - no mapping
        return Snapshot(step, {name.removeprefix("model."): opened.get_tensor(name) for name in names})


_kept = lru_cache(maxsize=12)(_read)
