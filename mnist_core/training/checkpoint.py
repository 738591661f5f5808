"""A run on disk: one safetensors file with weights, buffers and the open window, its metadata as JSON. No pickle.

It holds the last weights and those with the best validation accuracy (`RunState.best`); of a run that is over, no optimizer's
buffers any more; of one whose evaluation was interrupted, the weights before the update that it is about. What is called how is
in `networks/checkpoint_layout.py`.
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
from mnist_core.training.devices import device_for
from mnist_core.training.run_state import RunState, SavedBuffers


def save(run: RunState, path: Path) -> None:
    """Write the run's state to `path`. Raises OSError where that cannot be done; an older file stays then."""
    fields = _fields(run)
    tensors = layout.prefixed(layout.LAST, run.model.state_dict())
    if layout.best_prefix(fields) == layout.BEST:
        tensors |= layout.prefixed(layout.BEST, run.best_weights)
    if not run.finished:
        tensors |= layout.prefixed(layout.OPTIMIZER, run.optimizer_state())
    before = {str(number): value for number, value in enumerate(run.weights_before or [])}
    tensors |= layout.prefixed(layout.BEFORE_UPDATE, before)
    tensors[layout.WINDOW] = torch.tensor(run.window, dtype=torch.float64).reshape(-1, layout.WINDOW_COLUMNS)
    tensors = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    path.parent.mkdir(parents=True, exist_ok=True)
    with layout.replacing(path) as unfinished:
        save_file(tensors, unfinished, metadata=layout.metadata(fields))


def load(path: Path, config: RunConfig, dataset: Dataset) -> RunState:
    """The run as `save` left it. Raises CheckpointError where the file is missing, damaged or another run's."""
    try:
        with safe_open(path, framework="pt") as file:
            fields = layout.fields_of(file.metadata())
            written_for = RunConfig.from_dict(fields["config"])  # an earlier version may have had other names
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
    except (OSError, SafetensorError, ConfigError, KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            N_("The checkpoint {file} is missing or damaged. Start the run again."), file=str(path)
        ) from error
    if fields.get("version") != layout.VERSION or written_for != config:
        raise CheckpointError(
            N_("The checkpoint {file} was made with other settings or another version. Start the run again."),
            file=str(path),
        )
    try:
        run = RunState(config, dataset, device_for(config, fields["device"]))
    except DeviceError as error:
        raise CheckpointError(
            N_("The checkpoint {file} needs a device that this machine does not have: {device}. Start the run again."),
            file=str(path),
            device=fields["device"],
        ) from error
    _restore_fields(run, fields)
    _restore_tensors(run, fields, tensors)
    return run


def _fields(run: RunState) -> layout.RunFields:
    return {
        "version": layout.VERSION,
        "config": run.config.to_dict(),
        "step": run.step,
        "device": run.device.type,
        "seconds": run.seconds,
        "outcome": run.outcome,
        "base_rate": run.base_rate,
        "events": [asdict(event) for event in run.events],
        "evaluated": run.evaluated_step,
        "evaluations": [list(row.item()) for row in run.evaluations],
        "best": run.best,
        "lowest": run.lowest,
        "lowest_epoch": run.lowest_epoch,
        "epochs": run.epochs,
        "open_epoch": run.open_epoch,
        "last_finite_loss": run.last_finite_loss,
        "together": run.stack_size,
        "widest": run.widest_stack,
        "chunk": run.chunk_size,
    }


def _restore_fields(run: RunState, fields: layout.RunFields) -> None:
    run.step = fields["step"]
    run.seconds = fields["seconds"]
    run.outcome = fields["outcome"]
    run.base_rate = fields["base_rate"]
    run.events = [Event(**event) for event in fields["events"]]
    run.evaluated_step = fields["evaluated"]
    run.evaluations = [np.array(tuple(row), EVALUATION_DTYPE) for row in fields["evaluations"]]
    run.best = fields["best"]
    run.lowest = fields["lowest"]
    run.epochs = fields["epochs"]
    run.open_epoch = fields["open_epoch"]
    run.last_finite_loss = fields["last_finite_loss"]
    # Older files lack what follows. Sums are then added up in the order in which a new run alone has them.
    run.lowest_epoch = fields.get("lowest_epoch", fields["lowest"])
    run.stack_size = fields.get("together", run.stack_size)
    run.widest_stack = fields.get("widest", run.stack_size)
    run.chunk_size = fields.get("chunk", run.chunk_size)


def _restore_tensors(run: RunState, fields: layout.RunFields, tensors: dict[str, torch.Tensor]) -> None:
    run.model.load_state_dict(layout.under(layout.LAST, tensors))
    run.best_weights = layout.under(layout.best_prefix(fields), tensors)
    run.optimizer = SavedBuffers(layout.under(layout.OPTIMIZER, tensors))
    before = layout.under(layout.BEFORE_UPDATE, tensors)
    run.weights_before = [before[str(number)].to(run.device) for number in range(len(before))] or None
    run.window = [(row[0], row[1], row[2]) for row in tensors[layout.WINDOW].tolist()]
