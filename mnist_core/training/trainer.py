"""The loop: a run that can be advanced, commanded, saved and gone on with. Knows neither store nor Dask.

A step is: gather a batch, forward, loss, backward, gradient norm, update; `DenseStep` makes it for MLPs, `GeneralStep`
for all other networks. Large batches are cut into chunks whose
gradients add up, so that memory stays bounded and a request to stop is heard within a fraction of a second; batch
normalisation then sees the statistics of a chunk. A step that is interrupted changes nothing and is made again later.
"""

from __future__ import annotations

import math
import time
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from mnist_core import schedule
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, split
from mnist_core.diagnostics import classify
from mnist_core.models import build_model, describe
from mnist_core.records import EVALUATION_DTYPE, SPLITS, STEP_DTYPE, Curves, Event, Outcome
from mnist_core.training.batches import Feeder, order
from mnist_core.training.dense import DenseStep, covers
from mnist_core.training.evaluate import TRAIN_EVALUATED, Score, dead_units, score
from mnist_core.training.general import GeneralStep
from mnist_core.training.step import Made, Step, Stop

CHUNK_BYTES = 64 * 2**20  # activations of a chunk
CHUNK_MULTIPLICATIONS = 2e9  # forward, for a chunk: a fraction of a second


def _never() -> bool:
    return False


class Trainer:
    """One run in this process.

    `threads`: torch's threads for this process (default: as they are). Sums depend on it in the last digits, so a run
    that goes on elsewhere needs the same number for the same curve.
    """

    def __init__(self, config: RunConfig, dataset: Dataset, *, threads: int | None = None) -> None:
        if threads is not None and threads != torch.get_num_threads():
            torch.set_num_threads(threads)
        self.config = config
        self.total_steps = config.total_steps
        self.step = 0
        self.seconds = 0.0
        self.outcome: Outcome | None = None
        self.base_rate = config.learning_rate
        self.events: list[Event] = []
        self.model = build_model(config)
        self.window: list[tuple[float, float, float]] = []  # loss, accuracy, gradient norm of its steps
        self.evaluated = -1  # last step that was evaluated
        self.evaluations: list[NDArray[np.void]] = []  # first and last
        self.best: dict[str, float] = {}  # step, loss and accuracy of the best validation loss
        self.best_weights: dict[str, torch.Tensor] = {}
        self.epochs: list[list[float]] = []  # running loss and accuracy of finished epochs, as sums: loss, hits, images
        self.open_epoch = [0.0, 0.0, 0.0]
        self.last_finite_loss = math.nan
        self._parts = split(dataset, config)
        self._dataset = dataset
        self._feeders = {
            name: Feeder(config, part.images, part.labels) for name in SPLITS if len(part := getattr(self._parts, name))
        }
        make_step = DenseStep if covers(config) else GeneralStep
        self.stepper: Step = make_step(config, self.model, self._feeders["train"])
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))
        self._chunk = _chunk_size(config)
        self._window_size = schedule.window(config)
        self._evaluation_steps = schedule.evaluation_steps(config)
        self._records: tuple[list[Any], list[Any], list[Event]] = ([], [], [])

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

    def _happened(self, kind: Any, value: float | None = None) -> None:
        event = Event(self.step, kind, value)
        self.events.append(event)
        self._records[2].append(event)

    # ---- the loop ----------------------------------------------------------------------------------------------

    def advance(self, stop: Stop = _never, *, seconds: float = math.inf, steps: int | None = None) -> Curves:
        """Train on, until the end, or `stop()`, or for about `seconds`, or for `steps` updates. Returns new records."""
        begun = time.perf_counter()
        before = self.seconds
        last = self.total_steps if steps is None else min(self.total_steps, self.step + steps)
        while not self.finished:
            self.seconds = before + time.perf_counter() - begun
            if self.step in self._evaluation_steps and self.evaluated < self.step and not self._evaluate(stop):
                break
            if self.finished or self.step >= self.total_steps:
                self._end()
                break
            if self.step >= last or stop() or time.perf_counter() - begun >= seconds:
                break
            if not self.update(stop):
                break
        if self.finished and self.evaluated < self.step:
            self._evaluate(_never)  # a network that broke is evaluated as it is
        self.seconds = before + time.perf_counter() - begun
        return self._take_records()

    def flush(self) -> None:
        """Record the open window now, short as it is: the run is not going on."""
        if self.window:
            self._close_window(self.learning_rate)

    def _take_records(self) -> Curves:
        steps, evaluations, events = self._records
        self._records = ([], [], [])
        return Curves(
            np.array(steps, STEP_DTYPE), np.array([row.item() for row in evaluations], EVALUATION_DTYPE), tuple(events)
        )

    def update(self, stop: Stop = _never) -> bool:
        """One update of the weights and its record; False if it was interrupted. `advance` calls it."""
        indices = self._batch()
        count = math.ceil(len(indices) / self._chunk)
        chunks = np.array_split(indices, count) if count > 1 else [indices]
        rate = self.learning_rate
        made = self.stepper.make(self.step, chunks, rate, stop)
        if made is None:
            return False
        self.step += 1
        self._record_step(made, len(indices), rate)
        return True

    def _batch(self) -> NDArray[np.int64]:
        epoch, place = divmod(self.step, self.config.steps_per_epoch)
        if self._order[0] != epoch:
            self._order = (epoch, order(self.config, epoch))
        start = place * self.config.batch_size
        return self._order[1][start : start + self.config.batch_size]

    def _record_step(self, made: Made, images: int, rate: float) -> None:
        loss, hits, norm = made
        self.window.append((loss, hits / images, norm))
        for place, value in enumerate((loss * images, hits, images)):
            self.open_epoch[place] += value
        if self.step % self.config.steps_per_epoch == 0:
            self.epochs.append(self.open_epoch)
            self.open_epoch = [0.0, 0.0, 0.0]
        finite = math.isfinite(loss) and math.isfinite(norm)
        if finite:
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
        values = np.array(self.window)
        # NaN takes over mean, least and greatest: a broken window must not look whole.
        with np.errstate(all="ignore"):
            mean, least, greatest = values.mean(axis=0), values.min(axis=0), values.max(axis=0)
        self._records[0].append(
            (
                self.step,
                len(values),
                self.epoch,
                self.seconds,
                mean[0],
                least[0],
                greatest[0],
                mean[1],
                mean[2],
                greatest[2],
                rate,
            )
        )
        self.window = []

    # ---- evaluation --------------------------------------------------------------------------------------------

    def _evaluate(self, stop: Stop) -> bool:
        """Record an evaluation; False if it was interrupted, to be made again."""
        images = schedule.evaluated_images(self.config)
        row = _empty_row()
        row["step"], row["epoch"], row["seconds"] = self.step, self.epoch, self.seconds
        self.model.eval()
        try:
            with torch.inference_mode():
                for name, feeder in self._feeders.items():
                    count = min(images, TRAIN_EVALUATED) if name == "train" else images
                    found = score(self.model, self.config, feeder, self._chunk, stop, count=count)
                    if found is None:
                        return False
                    row[f"{name}_loss"], row[f"{name}_accuracy"] = found.loss, found.accuracy
                row["dead_units"] = dead_units(self.model, self.config, self._feeders["train"])
        finally:
            self.model.train()
        self.evaluated = self.step
        self.evaluations = [*self.evaluations[:1], row]
        self._records[1].append(row)
        if not math.isfinite(row["train_loss"]):
            self._broken()
        self._watch_validation(row)
        return True

    def _watch_validation(self, row: NDArray[np.void]) -> None:
        loss = float(row["validation_loss"])
        if math.isfinite(loss) and (not self.best or loss < self.best["loss"]):
            self.best = {"step": self.step, "loss": loss, "accuracy": float(row["validation_accuracy"])}
            self.best_weights = {name: value.detach().clone() for name, value in self.model.state_dict().items()}
        patience = self.config.early_stopping
        if not patience or not self.best or self.step % self.config.steps_per_epoch:
            return
        if self.step - self.best["step"] >= patience * self.config.steps_per_epoch and not self.finished:
            self._happened("early_stop", self.best["step"])
            self._end()

    def _end(self) -> None:
        self.flush()
        if self.outcome is None:
            first, last = self.evaluations[0], self.evaluations[-1]
            broken = any(event.kind == "not_finite" for event in self.events)
            self.outcome = classify(self.config, _plain(first), _plain(last), not_finite=broken)

    def whole(self, stop: Stop = _never) -> dict[str, float]:
        """Loss and accuracy as they are now on all images of validation and test, and of training up to 10,000.

        Empty where the curve was measured on all of them anyway, or where `stop()` said so.
        """
        if schedule.evaluated_images(self.config) >= max(len(feeder) for feeder in self._feeders.values()):
            return {}
        found: dict[str, float] = {}
        for name, feeder in self._feeders.items():
            got = self._score(feeder, stop, TRAIN_EVALUATED if name == "train" else None)
            if got is None:
                return {}
            found |= {f"{name}_loss": got.loss, f"{name}_accuracy": got.accuracy}
        return found

    def files_accuracy(self) -> float:
        """Accuracy on all 60,000 images of the training files, with their true labels."""
        found = self._score(Feeder(self.config, self._dataset.train_images, self._dataset.train_labels), _never, None)
        return found.accuracy if found else math.nan

    def _score(self, feeder: Feeder, stop: Stop, count: int | None) -> Score | None:
        self.model.eval()
        try:
            with torch.inference_mode():
                return score(self.model, self.config, feeder, self._chunk, stop, count=count)
        finally:
            self.model.train()

    def result(self) -> dict[str, Any]:
        """The run's figures so far, JSON-ready; see `training.result.RESULT_KEYS`."""
        last = _plain(self.evaluations[-1]) if self.evaluations else {}
        figures: dict[str, Any] = {
            f"{name}_{kind}": last.get(f"{name}_{kind}")
            for name in SPLITS
            for kind in ("accuracy", "loss")
            if name in self._feeders
        }
        broken = next((event for event in self.events if event.kind == "not_finite"), None)
        return figures | {
            "outcome": self.outcome,
            "evaluated_step": self.evaluated,
            "best_step": int(self.best["step"]) if self.best else None,
            "best_validation_loss": self.best.get("loss"),
            "best_validation_accuracy": self.best.get("accuracy"),
            "dead_units": last.get("dead_units"),
            "steps": self.step,
            "epochs": self.epoch,
            "seconds": self.seconds,
            "seconds_per_epoch": self.seconds / self.epoch if self.step else None,
            "parameters": describe(self.config).parameters,
            "not_finite_step": broken.step if broken else None,
            "last_finite_loss": broken.value if broken else None,
        }


def _empty_row() -> NDArray[np.void]:
    row = np.zeros((), EVALUATION_DTYPE)
    for name in (EVALUATION_DTYPE.names or ())[1:]:  # all but the step, a whole number
        row[name] = np.nan
    return row


def _plain(row: NDArray[np.void]) -> dict[str, float]:
    return {name: float(row[name]) for name in EVALUATION_DTYPE.names or ()}


def _chunk_size(config: RunConfig) -> int:
    """Images that go through the network at once."""
    layers = describe(config).layers
    numbers = sum(math.prod(layer.output_shape) for layer in layers) * 4  # signals, gradients, work space
    multiplications = sum(layer.multiplications for layer in layers)
    return max(1, min(10_000, int(CHUNK_BYTES / 4 / numbers), int(CHUNK_MULTIPLICATIONS / multiplications)))
