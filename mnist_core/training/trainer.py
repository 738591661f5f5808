"""A run: what it is and has come to, and its records. `Stack` has the loop. Knows neither store nor Dask."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

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
from mnist_core.training.batches import Feeder
from mnist_core.training.chunks import chunk_size
from mnist_core.training.devices import device_for
from mnist_core.training.evaluation import TRAIN_EVALUATED, Score
from mnist_core.training.layer_probe import probe
from mnist_core.training.sharpness import sharpness
from mnist_core.training.stack import Stack
from mnist_core.training.step import Made, Stop, never

Look = tuple[NDArray[np.void], NDArray[np.void]]  # rows of LAYER_DTYPE; one of SHARPNESS_DTYPE, or none
UNMEASURED = -1.0  # stands in a window for the norm of a gradient that was not measured


class Trainer:
    """One run in this process, that can be advanced, commanded, saved and gone on with.

    `threads`: torch's threads for this process (default: as they are). Sums depend on it in the last digits, so a run
    that goes on elsewhere needs the same number for the same curve. `device`: see `devices.device_for`.
    """

    def __init__(
        self, config: RunConfig, dataset: Dataset, *, threads: int | None = None, device: str | None = None
    ) -> None:
        if threads is not None and threads != torch.get_num_threads():
            torch.set_num_threads(threads)
        self.config = config
        self.total_steps = config.total_steps
        self.step = 0
        self.seconds = 0.0
        self.outcome: Outcome | None = None
        self.base_rate = config.learning_rate
        self.events: list[Event] = []
        self.device = device_for(config, device)
        self.model = build_model(config).to(self.device)
        self.window: list[tuple[float, float, float]] = []  # loss, accuracy, gradient norm of its steps
        self.evaluated = -1  # last step that was evaluated
        self.evaluations: list[NDArray[np.void]] = []  # first and last
        self.best: dict[str, float] = {}  # the best validation accuracy seen: step, accuracy, loss, test_accuracy
        self.best_weights: dict[str, torch.Tensor] = {}
        self.lowest: dict[str, float] = {}  # step and loss of the lowest validation loss seen
        self.lowest_epoch: dict[str, float] = {}  # the same among the ends of epochs: what early stopping goes by
        self.epochs: list[list[float]] = []  # running loss and accuracy of finished epochs, as sums: loss, hits, images
        self.open_epoch = [0.0, 0.0, 0.0]
        self.last_finite_loss = math.nan
        self.before: list[torch.Tensor] | None = None  # all weights before the update that is evaluated next
        self.together = 1  # runs that trained as one network with it, itself included, when it last trained with others
        self.stacked = False  # it has trained with others; its sums are ever after added up as there (`DenseStep`)
        self.chunk = chunk_size(config)  # images of a batch that go through its network at once, at most
        self.on_evaluation: Callable[[], None] = _nothing  # told of each evaluation, with the weights as they are then
        parts = split(dataset, config)
        self._dataset = dataset
        self.feeders = {
            name: Feeder(config, part.images, part.labels, self.device)
            for name in SPLITS
            if len(part := getattr(parts, name))
        }
        self._window_size = schedule.window(config)
        self._records: tuple[list[Any], list[Any], list[Event]] = ([], [], [])
        self._looks: tuple[list[NDArray[np.void]], list[NDArray[np.void]]] = ([], [])  # of layers, of the sharpness
        self.stack: Stack
        self._place = 0
        Stack([self])

    def joined(self, stack: Stack, place: int) -> None:
        """This run is number `place` of `stack` from now on."""
        self.stack, self._place = stack, place

    # ---- state -------------------------------------------------------------------------------------------------

    @property
    def finished(self) -> bool:
        """Whether the run has come to its end."""
        return self.outcome is not None

    @property
    def epoch(self) -> float:
        """Epochs done so far, with fractions."""
        return self.step / self.config.steps_per_epoch

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.base_rate * schedule.factor(self.config, min(self.step, self.total_steps - 1))

    def set_learning_rate(self, value: float) -> None:
        """Another base rate from the next step on; the schedule goes on scaling it."""
        self.base_rate = self.config.replace(learning_rate=value).learning_rate
        self._happened("learning_rate", self.base_rate)

    def goes_on_alone(self) -> None:
        """It has left the runs that it trained with, which may go on."""
        self._happened("alone", self.together)
        self.together = 1

    def _happened(self, kind: Any, value: float | None = None) -> None:
        event = Event(self.step, kind, value)
        self.events.append(event)
        self._records[2].append(event)

    # ---- the loop ----------------------------------------------------------------------------------------------

    def advance(self, stop: Stop = never, *, seconds: float = math.inf, steps: int | None = None) -> Curves:
        """Train on, until the end, or `stop()`, or for about `seconds`, or for `steps` updates. Returns new records."""
        self.stack.advance(stop, seconds=seconds, steps=steps)
        return self.take_records()

    def flush(self) -> None:
        """Record the open window now, short as it is: the run is not going on."""
        if self.window:
            self._close_window(self.learning_rate)

    def take_records(self) -> Curves:
        """What is new since the last call."""
        steps, evaluations, events = self._records
        self._records = ([], [], [])
        layers, sharpness = self._looks
        self._looks = ([], [])
        return Curves(
            np.array(steps, STEP_DTYPE),
            np.array([row.item() for row in evaluations], EVALUATION_DTYPE),
            tuple(events),
            np.concatenate([np.empty(0, LAYER_DTYPE), *layers]),
            np.concatenate([np.empty(0, SHARPNESS_DTYPE), *sharpness]),
        )

    # ---- for the stack -----------------------------------------------------------------------------------------

    def optimizer_state(self) -> dict[str, torch.Tensor]:
        """The optimizer's buffers by name; none before the first step."""
        return self.stack.step.state(self._place) if self.step else {}

    def restore_optimizer(self, state: Mapping[str, torch.Tensor]) -> None:
        """Take what `optimizer_state` gave."""
        if state:
            self.stack.step.restore(self._place, state)

    @property
    def closes_window(self) -> bool:
        """Whether the next step is the last of its window: the one whose gradient is measured."""
        return len(self.window) + 1 == self._window_size or self.step + 1 == self.total_steps

    def record(self, made: Made, images: int, rate: float) -> None:
        """An update on so many images, with this learning rate, has been made."""
        self.step += 1
        loss, hits, norm = made
        self.window.append((loss, hits / images, UNMEASURED if norm is None else norm))
        for place, value in enumerate((loss * images, hits, images)):
            self.open_epoch[place] += value
        if self.step % self.config.steps_per_epoch == 0:
            self.epochs.append(self.open_epoch)
            self.open_epoch = [0.0, 0.0, 0.0]
        if math.isfinite(loss) and (norm is None or math.isfinite(norm)):
            self.last_finite_loss = loss
        else:
            self._broken()
        if len(self.window) == self._window_size or self.step == self.total_steps or self.finished:
            self._close_window(rate)

    def _broken(self) -> None:
        if not any(event.kind == "not_finite" for event in self.events):
            self._happened("not_finite", self.last_finite_loss)
        if self.config.stop_when_not_finite:
            self.outcome = "diverged"

    def _close_window(self, rate: float) -> None:
        losses, accuracies, norms = np.array(self.window).T
        norms = norms[norms != UNMEASURED]
        # NaN takes over mean, least and greatest: a broken window must not look whole.
        with np.errstate(all="ignore"):
            record = (
                *(losses.mean(), losses.min(), losses.max(), accuracies.mean()),
                *((norms.mean(), norms.max()) if len(norms) else (math.nan, math.nan)),
            )
        self._records[0].append((self.step, len(losses), self.epoch, self.seconds, *record, rate))
        self.window = []

    def keep_weights(self) -> None:
        """The next update is followed by an evaluation, which will tell how far it went."""
        self.before = [value.detach().clone() for value in self.model.parameters()]

    def look_inside(self, stop: Stop = never) -> Look | None:
        """What goes on inside the network as it is now; None where `stop()` said so, and nothing has changed."""
        layers = probe(self.config, self.model, self.feeders["train"], self.before, stop)
        if layers is None:
            return None
        where = (self.step, self.epoch, self.seconds)
        for name, value in zip(("step", "epoch", "seconds"), where, strict=True):
            layers[name] = value
        curvature = np.empty(0, SHARPNESS_DTYPE)
        if self.config.sharpness:
            found = sharpness(self.config, self.model, self.feeders["train"], stop=stop)
            if found is None:
                return None
            curvature = np.array([(*where, found, self.learning_rate)], SHARPNESS_DTYPE)
        return layers, curvature

    def record_evaluation(self, row: NDArray[np.void], look: Look) -> None:
        """The network as it is now has been evaluated (records.EVALUATION_DTYPE) and looked into."""
        self.evaluated = self.step
        self.evaluations = [*self.evaluations[:1], row]
        self._records[1].append(row)
        for records, of_look in zip(self._looks, look, strict=True):
            records.append(of_look)
        self.before = None
        if not math.isfinite(row["train_loss"]):
            self._broken()
        self.see_validation(row)
        if self.patience_is_over and not self.finished:
            self._happened("early_stop", self.lowest_epoch.get("step", 0))
            self.end()
        self.on_evaluation()

    def is_best(self, row: NDArray[np.void]) -> bool:
        """Whether the network as it is now is the best so far on the validation images, as `row` has them."""
        loss, accuracy = float(row["validation_loss"]), float(row["validation_accuracy"])
        if not math.isfinite(loss):
            return False
        # Of equal accuracies the one with the lower loss is the better; of equal losses the earlier.
        return not self.best or (accuracy, -loss) > (self.best["accuracy"], -self.best["loss"])

    def see_validation(self, row: NDArray[np.void]) -> None:
        """Keep what is best; `row` has the validation columns of the network as it is now, and the test accuracy of the best."""
        loss = float(row["validation_loss"])
        if not math.isfinite(loss):
            return
        here = {"step": self.step, "loss": loss}
        if not self.lowest or loss < self.lowest["loss"]:
            self.lowest = here
        if self._ends_epoch and (not self.lowest_epoch or loss < self.lowest_epoch["loss"]):
            self.lowest_epoch = here
        if self.is_best(row):
            accuracy = {"accuracy": float(row["validation_accuracy"]), "test_accuracy": float(row["test_accuracy"])}
            self.best = here | accuracy
            self._keep_best_weights()

    def _keep_best_weights(self) -> None:
        now = {name: value.detach() for name, value in self.model.state_dict().items()}
        if not self.best_weights:
            self.best_weights = {name: torch.empty_like(value) for name, value in now.items()}
        for name, kept in self.best_weights.items():
            kept.copy_(now[name])  # in their place: of a large network there is no second copy for a moment

    @property
    def _ends_epoch(self) -> bool:
        return self.step > 0 and self.step % self.config.steps_per_epoch == 0

    @property
    def patience_is_over(self) -> bool:
        """Whether early stopping ends the run here: so many epochs have not come below the lowest validation loss."""
        patience = self.config.early_stopping * self.config.steps_per_epoch
        if not patience or not self._ends_epoch or self.step == self.total_steps:
            return False
        return self.step - self.lowest_epoch.get("step", 0) >= patience

    def end(self) -> None:
        """The run is over: decide what came of it."""
        self.flush()
        if self.outcome is None:
            first, last = self.evaluations[0], self.evaluations[-1]
            broken = any(event.kind == "not_finite" for event in self.events)
            self.outcome = classify(self.config, _plain(first), _plain(last), not_finite=broken)

    # ---- figures -----------------------------------------------------------------------------------------------

    def whole(self, stop: Stop = never) -> dict[str, float]:
        """Loss and accuracy as they are now on all images of validation and test, and of training up to 10,000.

        Empty where the curve was measured on all of them anyway, or where `stop()` said so.
        """
        if schedule.evaluated_images(self.config) >= max(len(feeder) for feeder in self.feeders.values()):
            return {}
        found: dict[str, float] = {}
        for name, feeder in self.feeders.items():
            got = self._score(feeder, stop, TRAIN_EVALUATED if name == "train" else None)
            if got is None:
                return {}
            found |= {f"{name}_loss": got.loss, f"{name}_accuracy": got.accuracy}
        return found

    def files_accuracy(self) -> float:
        """Accuracy on all 60,000 images of the training files, with their true labels."""
        found = self._score(
            Feeder(self.config, self._dataset.train_images, self._dataset.train_labels, self.device), never, None
        )
        return found.accuracy if found else math.nan

    def _score(self, feeder: Feeder, stop: Stop, count: int | None) -> Score | None:
        if self.stack.trainers != [self]:
            Stack([self])  # what follows is about this run alone
        found = self.stack.score(feeder, stop, count)
        if self.finished:
            self.stack.step.spare()  # thirty runs of one stack may come to this together
        return found[0] if found else None

    def result(self) -> dict[str, Any]:
        """The run's figures so far, JSON-ready; see `training.result.RESULT_KEYS`."""
        last = _plain(self.evaluations[-1]) if self.evaluations else {}
        figures: dict[str, Any] = {
            f"{name}_{kind}": last.get(f"{name}_{kind}")
            for name in SPLITS
            for kind in ("accuracy", "loss")
            if name in self.feeders
        }
        broken = next((event for event in self.events if event.kind == "not_finite"), None)
        return figures | {
            "outcome": self.outcome,
            "evaluated_step": self.evaluated,
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
            "not_finite_step": broken.step if broken else None,
            "last_finite_loss": broken.value if broken else None,
        }


def _nothing() -> None:
    """Nobody listens."""


def _plain(row: NDArray[np.void]) -> dict[str, float]:
    return {name: float(row[name]) for name in EVALUATION_DTYPE.names or ()}
