"""A run on disk: one safetensors file with weights, buffers and the open window, its metadata as JSON. No pickle.

It holds the last weights and those with the best validation accuracy (`Trainer.best`); of a run that is over, no optimizer's
buffers any more; of one whose evaluation was interrupted, the weights before the update that it is about.
Written under a temporary name beside its place and moved there, so that a file that exists is whole.
"""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.errors import CheckpointError, ConfigError, DeviceError
from mnist_core.messages import N_
from mnist_core.networks import checkpoint_layout as layout
from mnist_core.records import EVALUATION_DTYPE, Event
from mnist_core.training.stack import Stack
from mnist_core.training.trainer import Trainer


def save(trainer: Trainer, path: Path) -> None:
    """Write the run's state to `path`. Raises OSError where that cannot be done; an older file stays then."""
    fields = _fields(trainer)
    tensors = layout.prefixed(layout.LAST, trainer.model.state_dict())
    if layout.best_prefix(fields) == layout.BEST:
        tensors |= layout.prefixed(layout.BEST, trainer.best_weights)
    if not trainer.finished:
        tensors |= layout.prefixed(layout.OPTIMIZER, trainer.optimizer_state())
    tensors |= {f"{layout.BEFORE_UPDATE}{number}": value for number, value in enumerate(trainer.before or [])}
    tensors[layout.WINDOW] = torch.tensor(trainer.window, dtype=torch.float64).reshape(-1, layout.WINDOW_COLUMNS)
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with layout.replacing(path) as unfinished:
        save_file(tensors, unfinished, metadata=layout.metadata(fields))


def load(path: Path, config: RunConfig, dataset: Dataset, *, threads: int | None = None) -> Trainer:
    """The run as `save` left it. Raises CheckpointError where the file is missing, damaged or another run's."""
    try:
        with safe_open(path, framework="pt") as file:
            state = layout.fields_of(file.metadata())
            written_for = RunConfig.from_dict(state["config"])  # an earlier version may have had other names
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, ConfigError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            N_("The checkpoint {file} is missing or damaged. Start the run again."), file=str(path)
        ) from error
    if state.get("version") != layout.VERSION or written_for != config:
        raise CheckpointError(
            N_("The checkpoint {file} belongs to other settings or another version. Start the run again."),
            file=str(path),
        )
    try:
        trainer = Trainer(config, dataset, threads=threads, device=state["device"])
    except DeviceError as error:
        raise CheckpointError(
            N_("The checkpoint {file} needs a device that is not here: {device}. Start the run again."),
            file=str(path),
            device=state["device"],
        ) from error
    _restore(trainer, state, tensors)
    return trainer


def _fields(trainer: Trainer) -> layout.RunFields:
    return {
        "version": layout.VERSION,
        "config": trainer.config.to_dict(),
        "step": trainer.step,
        "device": trainer.device.type,
        "seconds": trainer.seconds,
        "outcome": trainer.outcome,
        "base_rate": trainer.base_rate,
        "events": [asdict(event) for event in trainer.events],
        "evaluated": trainer.evaluated,
        "evaluations": [list(row.item()) for row in trainer.evaluations],
        "best": trainer.best,
        "lowest": trainer.lowest,
        "lowest_epoch": trainer.lowest_epoch,
        "epochs": trainer.epochs,
        "open_epoch": trainer.open_epoch,
        "last_finite_loss": trainer.last_finite_loss,
        "together": trainer.together,
        "stacked": trainer.stacked,
        "chunk": trainer.chunk,
    }


def _restore_order(trainer: Trainer, state: layout.RunFields) -> None:
    """Let its sums be added up in the order in which they were. Older files do not tell: then as for a new run alone."""
    for name in ("together", "stacked", "chunk"):
        setattr(trainer, name, state.get(name, getattr(trainer, name)))
    Stack([trainer])


def _restore(trainer: Trainer, state: layout.RunFields, tensors: dict[str, torch.Tensor]) -> None:
    _restore_order(trainer, state)
    trainer.model.load_state_dict(layout.under(layout.LAST, tensors))
    trainer.best_weights = layout.under(layout.best_prefix(state), tensors)
    trainer.restore_optimizer(layout.under(layout.OPTIMIZER, tensors))
    before = layout.under(layout.BEFORE_UPDATE, tensors)
    trainer.before = [before[str(number)].to(trainer.device) for number in range(len(before))] or None
    trainer.window = [(row[0], row[1], row[2]) for row in tensors[layout.WINDOW].tolist()]
    for name in (
        "step",
        "seconds",
        "outcome",
        "base_rate",
        "evaluated",
        "best",
        "lowest",
        "epochs",
        "open_epoch",
        "last_finite_loss",
    ):
        setattr(trainer, name, state[name])
    trainer.lowest_epoch = state.get("lowest_epoch", state["lowest"])  # older files lack it
    trainer.events = [Event(**event) for event in state["events"]]
    trainer.evaluations = [np.array(tuple(row), EVALUATION_DTYPE) for row in state["evaluations"]]
