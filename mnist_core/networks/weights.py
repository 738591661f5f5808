"""The weights of a run as they lie on disk, for those who look at a network without training it.

Training writes them (training/checkpoint.py); a run has some from its first seconds on, and keeps its last and its best.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from mnist_core import settings
from mnist_core.errors import CheckpointError, system_reason
from mnist_core.memo import MB, Memo
from mnist_core.messages import N_
from mnist_core.networks import checkpoint_layout as layout
from mnist_core.networks import shared_files

ROOM = 64 * MB  # for the weights that were read last; of a larger network those of one file
Which = Literal["last", "best"]
_memo = Memo(ROOM)
Weights = Mapping[str, NDArray[np.float32]]  # by the names of the model's state


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Weights after `step` updates."""

    step: int
    weights: Weights


def latest(run_id: str) -> Snapshot:
    """The weights that the run left last. Raises CheckpointError where there are none (yet)."""
    return _checkpoint(run_id, layout.LAST)


def last_that(run_id: str, good: Callable[[Snapshot], bool]) -> Snapshot:
    """The last weights of the run that are `good`: those that it left last, or a snapshot. Raises CheckpointError
    where none are."""
    if good(last := latest(run_id)):
        return last
    for step in reversed(layout.snapshot_steps(run_id)):
        if step >= last.step:
            continue  # of before it was reset
        try:
            snapshot = at(run_id, step)
        except CheckpointError:
            continue  # a gap among the snapshots
        if good(snapshot):
            return snapshot
    raise CheckpointError(N_("No usable weights have been saved for this run."))


def best(run_id: str) -> Snapshot:
    """The weights with the best validation accuracy so far. Raises CheckpointError where there are none."""
    return _checkpoint(run_id, layout.BEST)


def saved_steps(run_id: str) -> dict[Which, int]:
    """After how many updates the last and the best weights of the run were saved; best only where they are others."""
    file = layout.checkpoint_file(run_id)
    try:
        shared_files.pull(file)
        with safe_open(file, framework="numpy") as opened:
            fields = layout.fields_of(opened.metadata())
            steps: dict[Which, int] = {"last": int(fields["step"])}
            if any(name.startswith(layout.BEST) for name in opened.keys()):  # noqa: SIM118 - no mapping
                steps["best"] = layout.best_step(fields)
            return steps
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return {}


def step_of(file: Path) -> int | None:
    """After how many updates the checkpoint in `file` was written; None where there is none, or it is damaged."""
    try:
        with safe_open(file, framework="numpy") as opened:
            return int(layout.fields_of(opened.metadata())["step"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def keep(run_id: str, last: Snapshot, best: Snapshot | None = None) -> None:
    """Write the weights of a run that was trained elsewhere. Raises CheckpointError where that cannot be done, or the disk is
    nearly full: what is still free is for the runs that train."""
    if settings.lacking_space():
        raise CheckpointError(
            N_(
                "The server's disk is nearly full, and has no room for these weights now. Try again in a minute, or leave the weights out."
            )
        )
    tensors = layout.prefixed(layout.LAST, last.weights)
    fields: layout.RunFields = {"step": last.step}
    if best is not None:
        fields["best"] = {"step": best.step}
        if best.step != last.step:
            tensors |= layout.prefixed(layout.BEST, best.weights)
    file = layout.checkpoint_file(run_id)
    try:
        settings.make_private(file.parent)
        with layout.replacing(file) as unfinished:
            save_file(tensors, unfinished, layout.metadata(fields))
        shared_files.push(file, run_id)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            N_(
                "The weights cannot be written to {folder} ({reason}). Free some space there, or leave the weights out."
            ),
            folder=str(file.parent),
            reason=system_reason(error),
        ) from error


def forget(run_id: str) -> None:
    """Remove what `keep` wrote."""
    layout.checkpoint_file(run_id).unlink(missing_ok=True)
    shared_files.remove(run_id, lambda _name: True)


def _checkpoint(run_id: str, prefix: str) -> Snapshot:
    file = layout.checkpoint_file(run_id)
    try:
        shared_files.pull(file)
        return _memo.get((prefix, *_version(file)), lambda: _read(file, prefix))
    except FileNotFoundError as error:
        raise CheckpointError(
            N_("The weights {file} are not on the server. The run's curves are kept. Run it again to get weights."),
            file=str(file),
        ) from error
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            N_("The checkpoint {file} is missing or damaged. Start the run again."), file=str(file)
        ) from error


def at(run_id: str, step: int) -> Snapshot:
    """The weights after `step` updates: a snapshot, or its last. Raises CheckpointError."""
    file = layout.snapshot_file(run_id, step)
    try:
        shared_files.pull(file)
        return _memo.get((step, *_version(file)), lambda: Snapshot(step, load_file(file)))
    except (OSError, SafetensorError) as error:
        last = latest(run_id)
        if last.step == step:
            return last
        raise CheckpointError(
            N_("The checkpoint {file} is missing or damaged. Start the run again."), file=str(file)
        ) from error


def _version(file: Path) -> tuple[Path, int, int, int]:
    """Which file it is: two may have one time, where the clock was set back between them. Raises OSError."""
    status = file.stat()
    return file, status.st_mtime_ns, status.st_ino, status.st_size


def _read(file: Path, prefix: str) -> Snapshot:
    with safe_open(file, framework="numpy") as opened:
        fields = layout.fields_of(opened.metadata())
        step = int(fields["step"]) if prefix == layout.LAST else layout.best_step(fields)
        if prefix == layout.BEST:
            prefix = layout.best_prefix(fields)
        names = [name for name in opened.keys() if name.startswith(prefix)]  # noqa: SIM118 - no mapping
        return Snapshot(step, layout.under(prefix, {name: opened.get_tensor(name) for name in names}))
