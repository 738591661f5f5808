"""The weights of a run as they lie on disk, for those who look at a network without training it. NumPy, no torch.

Training writes them (training/checkpoint.py); a run has some from its first seconds on, and keeps its last and its best.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from safetensors.numpy import load_file, save_file

from mnist_core import settings
from mnist_core.errors import CheckpointError
from mnist_core.messages import N_

SMALL = 8_000_000  # bytes of a file whose weights are kept in memory for the next look
Which = Literal["last", "best"]
Weights = Mapping[str, NDArray[np.float32]]  # by the names of the model's state


@dataclass(frozen=True, eq=False)
class Snapshot:
    """Weights after `step` updates."""

    step: int
    weights: Weights


def latest(run_id: str) -> Snapshot:
    """The weights that the run left last. Raises CheckpointError where there are none (yet)."""
    return _checkpoint(run_id, "model.")


def last_that(run_id: str, good: Callable[[Snapshot], bool]) -> Snapshot:
    """The last weights of the run that are `good`: those that it left last, or a snapshot of its way. Raises CheckpointError
    where none are."""
    if good(last := latest(run_id)):
        return last
    for step in reversed(steps(run_id)):
        if step >= last.step:
            continue  # of before it was reset
        try:
            found = at(run_id, step)
        except CheckpointError:
            continue  # a gap in its way
        if good(found):
            return found
    raise CheckpointError(N_("Of this run no weights with which it answers with numbers are on disk."))


def best(run_id: str) -> Snapshot:
    """The weights with the best validation accuracy so far. Raises CheckpointError where there are none."""
    return _checkpoint(run_id, "best.")


def kept(run_id: str) -> dict[Which, int]:
    """Which weights of the run are here, and after how many updates each; best ones only where they are not the last."""
    try:
        with safe_open(settings.checkpoint_file(run_id), framework="numpy") as opened:
            state = json.loads(opened.metadata()["state"])
            found: dict[Which, int] = {"last": int(state["step"])}
            if any(name.startswith("best.") for name in opened.keys()):  # noqa: SIM118 - no mapping
                found["best"] = int(state["best"]["step"])
            return found
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return {}


def step_of(file: Path) -> int | None:
    """After how many updates the checkpoint in `file` was written; None where there is none, or it is damaged."""
    try:
        with safe_open(file, framework="numpy") as opened:
            return int(json.loads(opened.metadata()["state"])["step"])
    except (OSError, SafetensorError, KeyError, TypeError, ValueError):
        return None


def keep(run_id: str, last: Snapshot, best: Snapshot | None = None) -> None:
    """Write the weights of a run that was trained elsewhere. Raises CheckpointError where that cannot be done."""
    tensors = {f"model.{name}": value for name, value in last.weights.items()}
    state: dict[str, Any] = {"step": last.step}
    if best is not None:
        state["best"] = {"step": best.step}
        if best.step != last.step:
            tensors |= {f"best.{name}": value for name, value in best.weights.items()}
    file = settings.checkpoint_file(run_id)
    beside = file.with_suffix(".part")
    try:
        settings.make_private(file.parent)
        save_file(tensors, beside, {"state": json.dumps(state)})
        beside.replace(file)
    except (OSError, SafetensorError) as error:
        raise CheckpointError(
            N_("The weights cannot be written to {folder} ({reason}). Free some space there, or leave them out."),
            folder=str(file.parent),
            reason=getattr(error, "strerror", None) or str(error),
        ) from error


def forget(run_id: str) -> None:
    """Remove what `keep` wrote."""
    settings.checkpoint_file(run_id).unlink(missing_ok=True)


def _checkpoint(run_id: str, part: str) -> Snapshot:
    file = settings.checkpoint_file(run_id)
    try:
        found = file.stat()
        read = _remembered if found.st_size <= SMALL else _read
        # Which file it is: two may have one time, where the clock was set back between them.
        return read(file, part, (found.st_mtime_ns, found.st_ino, found.st_size))
    except (OSError, SafetensorError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            N_("The checkpoint {file} is missing or damaged. Start the run again."), file=str(file)
        ) from error


def steps(run_id: str) -> list[int]:
    """After which updates snapshots of the run were kept on its way, ascending (training/snapshots.py writes them)."""
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


def _read(file: Path, part: str, _which: tuple[int, ...]) -> Snapshot:
    with safe_open(file, framework="numpy") as opened:
        state = json.loads(opened.metadata()["state"])
        step = int(state["step"] if part == "model." else state["best"]["step"])
        if step == state["step"]:
            part = "model."  # the last are the best
        names = [name for name in opened.keys() if name.startswith(part)]  # noqa: SIM118 - no mapping
        return Snapshot(step, {name.removeprefix(part): opened.get_tensor(name) for name in names})


_remembered = lru_cache(maxsize=12)(_read)
