"""A run's state: what it is, what it has come to, and its records since they were last taken.

Whoever trains it (`loop.TrainingLoop`) tells it what was done; it decides what is recorded, which weights were best, and what
came of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core import schedule
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, split
from mnist_core.diagnostics import classify
from mnist_core.networks.models import build_model, describe
from mnist_core.records import (
    EVALUATION_DTYPE,
    LAYER_DTYPE,
    SHARPNESS_DTYPE,
    SPLITS,
    STEP_DTYPE,
    Curves,
    Event,
    Outcome,
)
from mnist_core.training.batches import BatchLoader
from mnist_core.training.chunks import chunk_size, room_of
from mnist_core.training.step import UNMEASURED


class OptimizerState(Protocol):
    """What keeps the buffers of a run's optimizer from step to step."""

    def state(self) -> dict[str, torch.Tensor]:
        """The buffers by name."""


@dataclass(frozen=True)
class SavedBuffers:
    """Buffers of an optimizer that no loop has in use."""

    buffers: Mapping[str, torch.Tensor]

    def state(self) -> dict[str, torch.Tensor]:
        """See `OptimizerState.state`."""
        return dict(self.buffers)


@dataclass(frozen=True)
class Updates:
    """Updates of one run that were made, an entry for each in every array: what they measured, and beside it …"""

    losses: NDArray[np.float64]
    hits: NDArray[np.int64]
    norms: NDArray[np.float64]
    images: NDArray[np.int64]  # in its batch
    rates: NDArray[np.float64]  # learning rate
    seconds: NDArray[np.float64]  # of training when it was done


class RunState:
    """One run on `device`, before its first update."""

    def __init__(self, config: RunConfig, dataset: Dataset, device: torch.device) -> None:
        self.config = config
        self.dataset = dataset
        self.device = device
        self.total_steps = config.total_steps
        self.model = build_model(config).to(device)
        parts = split(dataset, config)
        self.loaders = {
            name: BatchLoader(config, part.images, part.labels, device)
            for name in SPLITS
            if len(part := getattr(parts, name))
        }
        self.optimizer: OptimizerState | None = None  # that of the loop which trains it; None before there was one
        self.chunk_size = chunk_size(
            config, room_of(device)
        )  # images of a batch that go through its network at once, at most
        self.stack_size = (
            1  # runs that trained as one network with it, itself included, when it last trained with others
        )
        self.widest_stack = 1  # the greatest that `stack_size` ever was

        self.step = 0
        self.seconds = 0.0
        self.outcome: Outcome | None = None
        self.base_rate = config.learning_rate
        self.events: list[Event] = []
        self.window: list[tuple[float, float, float]] = []  # loss, accuracy, gradient norm of its steps
        self.epochs: list[list[float]] = []  # running loss and accuracy of finished epochs, as sums: loss, hits, images
        self.open_epoch = [0.0, 0.0, 0.0]
        self.last_finite_loss = math.nan
        self.weights_before: list[torch.Tensor] | None = None  # all weights before the update that is evaluated next

        self.evaluated_step = -1  # the last that was evaluated
        self.evaluations: list[NDArray[np.void]] = []  # first and last
        self.best: dict[str, float] = {}  # the best validation accuracy seen: step, accuracy, loss, test_accuracy
        self.best_weights: dict[str, torch.Tensor] = {}
        self.lowest: dict[str, float] = {}  # step and loss of the lowest validation loss seen
        self.lowest_epoch: dict[str, float] = {}  # the same among the ends of epochs: what early stopping goes by
        self.on_evaluation: Callable[[], None] = lambda: None  # called at each, with the weights as they are then

        self._window_size = schedule.window(config)
        self._clear_records()

    def _clear_records(self) -> None:
        self._new_steps: list[tuple[float, ...]] = []
        self._new_evaluations: list[NDArray[np.void]] = []
        self._new_events: list[Event] = []
        self._new_layers: list[NDArray[np.void]] = []
        self._new_sharpness: list[NDArray[np.void]] = []

    # ---- where it is -------------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return self.outcome is not None

    @property
    def epoch(self) -> float:
        """Epochs done so far, with fractions."""
        return self.step / self.config.steps_per_epoch

    @property
    def ends_epoch(self) -> bool:
        """Whether its last update was the last of an epoch."""
        return self.step > 0 and self.step % self.config.steps_per_epoch == 0

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.base_rate * schedule.factor(self.config, min(self.step, self.total_steps - 1))

    def set_learning_rate(self, value: float) -> None:
        """Another base rate from the next step on; the schedule goes on scaling it."""
        self.base_rate = self.config.replace(learning_rate=value).learning_rate
        self._add_event("learning_rate", self.base_rate)

    def join_stack(self, size: int) -> None:
        """It trains as one network with others, `size` runs in all."""
        self.stack_size = size
        self.widest_stack = max(self.widest_stack, size)

    def leave_stack(self) -> None:
        """The runs that it trained with go on without it, from this step on."""
        self._add_event("alone", self.stack_size)
        self.stack_size = 1

    def _add_event(self, kind: Any, value: float | None = None, step: int | None = None) -> None:
        event = Event(self.step if step is None else step, kind, value)
        self.events.append(event)
        self._new_events.append(event)

    # ---- weights and optimizer ---------------------------------------------------------------------------------

    def optimizer_state(self) -> dict[str, torch.Tensor]:
        """The optimizer's buffers by name; none before the first step."""
        return self.optimizer.state() if self.optimizer is not None and self.step else {}

    def take_own_memory(self) -> None:
        """Move weights and buffers out of the memory that they share with those of other runs."""
        for parameter in self.model.parameters():
            parameter.data = parameter.data.clone()
        self.optimizer = SavedBuffers(self.optimizer_state())

    def remember_weights(self) -> None:
        """The next update is followed by an evaluation, which will tell how far it went."""
        self.weights_before = [value.detach().clone() for value in self.model.parameters()]

    # ---- updates -----------------------------------------------------------------------------------------------

    def learning_rates(self, count: int) -> NDArray[np.float64]:
        """The rates of the next `count` steps."""
        if self.config.schedule == "constant":
            return np.full(count, self.base_rate)
        steps = range(self.step, self.step + count)
        return np.array([self.base_rate * schedule.factor(self.config, step) for step in steps])

    def closes_window(self, count: int) -> NDArray[np.bool_]:
        """Which of the next `count` steps are the last of their window: those whose gradient is measured."""
        numbers = np.arange(1, count + 1)
        closes: NDArray[np.bool_] = (len(self.window) + numbers) % self._window_size == 0
        closes |= self.step + numbers == self.total_steps
        return closes

    def record_updates(self, updates: Updates) -> None:
        """Updates of one epoch have been made. Only the last of them may have ended the run by its numbers."""
        self.step += len(updates.losses)
        sums = updates.losses * updates.images, updates.hits, updates.images
        # One after the other, so that it is of no consequence in how many blocks they were made.
        self.open_epoch = [
            float(np.add.accumulate([total, *values])[-1]) for total, values in zip(self.open_epoch, sums, strict=True)
        ]
        if self.ends_epoch:
            self.epochs.append(self.open_epoch)
            self.open_epoch = [0.0, 0.0, 0.0]
        self._record_finite(updates)
        self._close_windows(updates)

    def _record_finite(self, updates: Updates) -> None:
        finite = np.isfinite(updates.losses) & np.isfinite(updates.norms)
        before = updates.losses[: len(finite) if finite.all() else int(finite.argmin())]
        if len(before):
            self.last_finite_loss = float(before[-1])
        if len(before) < len(finite):
            self._record_not_finite(self.step - len(finite) + len(before) + 1)
            if finite.any():  # it goes on with its NaN, and has come to numbers again
                self.last_finite_loss = float(updates.losses[finite][-1])

    def _record_not_finite(self, step: int) -> None:
        if self._first_not_finite() is None:
            self._add_event("not_finite", self.last_finite_loss, step)
        if self.config.stop_when_not_finite:
            self.outcome = "diverged"

    def _first_not_finite(self) -> Event | None:
        return next((event for event in self.events if event.kind == "not_finite"), None)

    def _close_windows(self, updates: Updates) -> None:
        """Record the windows that are full, and the open one where no step is to come."""
        made, size = len(updates.losses), self._window_size
        rows = np.column_stack([updates.losses, updates.hits / updates.images, updates.norms])
        rows = np.concatenate([np.array(self.window).reshape(-1, 3), rows])
        full = len(rows) // size
        closed, rest = [rows[: full * size].reshape(full, size, 3)], rows[full * size :]
        if len(rest) and (self.finished or self.step == self.total_steps):
            closed, rest = [*closed, rest[None]], rest[:0]
        self.window = [(row[0], row[1], row[2]) for row in rest.tolist()]
        before = made - len(rows)  # the place of the next row among the updates; below 0 for those of earlier blocks
        for windows in closed:
            count, length, _columns = windows.shape
            last = before + length * np.arange(1, count + 1) - 1
            self._record_windows(windows, self.step - made + 1 + last, updates.seconds[last], updates.rates[last])
            before += count * length

    def _record_windows(
        self,
        windows: NDArray[np.float64],
        steps: NDArray[np.int64],
        seconds: NDArray[np.float64],
        rates: NDArray[np.float64],
    ) -> None:
        """`windows`: windows × updates × (loss, accuracy, norm); the rest is of the last update of each."""
        columns = [column.tolist() for column in (steps, steps / self.config.steps_per_epoch, seconds, rates)]
        for step, epoch, second, rate, figures in zip(*columns, window_statistics(windows).tolist(), strict=True):
            self._new_steps.append((step, windows.shape[1], epoch, second, *figures, rate))

    # ---- evaluations -------------------------------------------------------------------------------------------

    def record_evaluation(self, row: NDArray[np.void], layers: NDArray[np.void], sharpness: NDArray[np.void]) -> None:
        """The network as it is now was evaluated: a row of EVALUATION_DTYPE, and rows of LAYER_DTYPE and SHARPNESS_DTYPE."""
        self.evaluated_step = self.step
        self.evaluations = [*self.evaluations[:1], row]
        self._new_evaluations.append(row)
        self._new_layers.append(layers)
        self._new_sharpness.append(sharpness)
        self.weights_before = None
        if not math.isfinite(row["train_loss"]):
            self._record_not_finite(self.step)
        self.record_validation(row)
        if self.patience_is_over and not self.finished:
            self._add_event("early_stop", self.lowest_epoch.get("step", 0))
            self.end()
        self.on_evaluation()

    def is_best(self, row: NDArray[np.void]) -> bool:
        """Whether the network as it is now is the best so far on the validation images, as `row` has them."""
        loss, accuracy = float(row["validation_loss"]), float(row["validation_accuracy"])
        if not math.isfinite(loss):
            return False
        # Of equal accuracies the one with the lower loss is the better; of equal losses the earlier.
        return not self.best or (accuracy, -loss) > (self.best["accuracy"], -self.best["loss"])

    def record_validation(self, row: NDArray[np.void]) -> None:
        """Keep what is best; `row` has the validation columns of the network as it is now, and the test accuracy of the best."""
        loss = float(row["validation_loss"])
        if not math.isfinite(loss):
            return
        here = {"step": self.step, "loss": loss}
        if not self.lowest or loss < self.lowest["loss"]:
            self.lowest = here
        if self.ends_epoch and (not self.lowest_epoch or loss < self.lowest_epoch["loss"]):
            self.lowest_epoch = here
        if self.is_best(row):
            accuracy = {"accuracy": float(row["validation_accuracy"]), "test_accuracy": float(row["test_accuracy"])}
            self.best = here | accuracy
            self._keep_best_weights()

    def settle_best(self, best: dict[str, float], last: dict[str, float]) -> None:
        """The figures of the best network on all images, and those of the last, which takes its place where it is better.

        A network whose loss is not finite answers the first class to all images, and may be right more often than a guess.
        """
        if math.isfinite(best["loss"]):
            self.best |= best
        if math.isfinite(last["loss"]) and (
            not math.isfinite(best["loss"]) or (last["accuracy"], -last["loss"]) > (best["accuracy"], -best["loss"])
        ):
            self.best = {"step": self.step} | last
            self._keep_best_weights()

    def write_weights(self, weights: Mapping[str, torch.Tensor]) -> None:
        """Give the network these weights, in their places."""
        with torch.no_grad():
            for name, value in self.model.state_dict().items():
                value.copy_(weights[name])

    def _keep_best_weights(self) -> None:
        now = {name: value.detach() for name, value in self.model.state_dict().items()}
        if not self.best_weights:
            self.best_weights = {name: torch.empty_like(value) for name, value in now.items()}
        for name, kept in self.best_weights.items():
            kept.copy_(now[name])  # in their place: of a large network there is no second copy for a moment

    @property
    def patience_is_over(self) -> bool:
        """Whether early stopping ends the run here: so many epochs have not come below the lowest validation loss."""
        patience = self.config.early_stopping * self.config.steps_per_epoch
        if not patience or not self.ends_epoch or self.step == self.total_steps:
            return False
        return self.step - self.lowest_epoch.get("step", 0) >= patience

    # ---- the end, and what came of it --------------------------------------------------------------------------

    def end(self) -> None:
        """The run is over: decide what came of it."""
        self.flush()
        if self.outcome is None:
            first, last = self.evaluations[0], self.evaluations[-1]
            not_finite = self._first_not_finite() is not None
            self.outcome = classify(self.config, _as_dict(first), _as_dict(last), not_finite=not_finite)

    def flush(self) -> None:
        """Record the open window now, short as it is: the run is not going on."""
        if self.window:
            now = np.array([self.step]), np.array([self.seconds]), np.array([self.learning_rate])
            self._record_windows(np.array([self.window]), *now)
            self.window = []

    def take_records(self) -> Curves:
        """What is new since the last call."""
        curves = Curves(
            np.array(self._new_steps, STEP_DTYPE),
            np.array([row.item() for row in self._new_evaluations], EVALUATION_DTYPE),
            tuple(self._new_events),
            np.concatenate([np.empty(0, LAYER_DTYPE), *self._new_layers]),
            np.concatenate([np.empty(0, SHARPNESS_DTYPE), *self._new_sharpness]),
        )
        self._clear_records()
        return curves

    def result(self) -> dict[str, Any]:
        """The run's figures so far, JSON-ready; see `single_run.RESULT_KEYS`."""
        last = _as_dict(self.evaluations[-1]) if self.evaluations else {}
        figures: dict[str, Any] = {
            f"{name}_{kind}": last.get(f"{name}_{kind}")
            for name in SPLITS
            for kind in ("accuracy", "loss")
            if name in self.loaders
        }
        not_finite = self._first_not_finite()
        return figures | {
            "outcome": self.outcome,
            "test_images": len(self.loaders["test"]),
            "evaluated_step": self.evaluated_step,
            "best_step": int(self.best["step"]) if self.best else None,
            "best_validation_loss": self.lowest.get("loss"),
            "best_validation_accuracy": self.best.get("accuracy"),
            "test_accuracy_at_best": self.best.get("test_accuracy"),
            "dead_units": last.get("dead_units"),
            "steps": self.step,
            "epochs": self.epoch,
            "seconds": self.seconds,
            "seconds_per_epoch": self.seconds / self.epoch if self.step else None,
            "parameters": describe(self.config).parameters,
            "device": self.device.type,
            "threads": torch.get_num_threads(),
            "trained_together": self.widest_stack,
            "not_finite_step": not_finite.step if not_finite else None,
            "last_finite_loss": not_finite.value if not_finite else None,
        }


def window_statistics(windows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Of each of `windows` (windows × updates × (loss, accuracy, norm)) mean, minimum and maximum of the loss, mean accuracy,
    mean and maximum of the norms that were measured (NaN where none was)."""
    losses, accuracies, norms = (np.ascontiguousarray(windows[:, :, column]) for column in range(3))
    measured = norms != UNMEASURED
    # NaN takes over mean, minimum and maximum: a broken window must not look whole.
    with np.errstate(all="ignore"):
        norm_mean = np.where(measured, norms, 0.0).sum(1) / measured.sum(1)
        norm_maximum = np.where(measured.any(1), np.where(measured, norms, -np.inf).max(1), np.nan)
        return np.stack(
            [losses.mean(1), losses.min(1), losses.max(1), accuracies.mean(1), norm_mean, norm_maximum], axis=1
        )


def _as_dict(row: NDArray[np.void]) -> dict[str, float]:
    return {name: float(row[name]) for name in EVALUATION_DTYPE.names or ()}
