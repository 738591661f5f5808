"""The loop: runs that train together, step by step and evaluation by evaluation. Most often it is one run.

A step is: gather a batch, forward, loss, backward, gradient norm, update; `DenseStep` makes it for MLPs, `GeneralStep`
for all other networks. Large batches are cut into chunks whose gradients add up, so that memory stays bounded and a
request to stop is heard within a fraction of a second; nothing but rounding hangs on where they are cut. A step or an
evaluation that is interrupted changes nothing and is made again later.

MLPs of one shape that see the same batches may share a stack (`stacks.key`): what is common to them is done once. A run that
is over leaves it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_core import schedule
from mnist_core.records import EVALUATION_DTYPE, Split
from mnist_core.stacks import covers, key
from mnist_core.training.autograd_step import GeneralStep
from mnist_core.training.batches import Feeder, order
from mnist_core.training.chunks import chunk_size, even_size, pieces
from mnist_core.training.dense_step import DenseStep
from mnist_core.training.evaluation import TRAIN_EVALUATED, Score, dead_units, score
from mnist_core.training.step import Step, Stop, never

if TYPE_CHECKING:
    from mnist_core.training.trainer import Trainer

EVALUATED_AT_ONCE = 1_000  # images; more cost memory and time, since they leave the cache


class Stack:
    """The loop over `trainers`, all at the same step; if they are several, with equal keys and on the CPU."""

    def __init__(self, trainers: Sequence[Trainer]) -> None:
        assert len(trainers) == 1 or len({(trainer.step, key(trainer.config)) for trainer in trainers}) == 1
        self.trainers = list(trainers)  # those that are not over
        self._config = trainers[0].config  # for what all have in common
        self._feeders = trainers[0].feeders
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))
        self._evaluation_steps = schedule.evaluation_steps(self._config)
        self._single = len(trainers) == 1  # from the start, not by the end of others
        self._watched = -1  # last step at which early stopping was shown the validation loss
        self._join()

    def _join(self) -> None:
        """Build the step for those that are left, with what their optimizers know."""
        configs = [trainer.config for trainer in self.trainers]
        models = [trainer.model for trainer in self.trainers]
        states = [trainer.optimizer_state() for trainer in self.trainers]
        # A run keeps its chunks, as long as some are small enough for all: they say in which order its sums are added up.
        self.chunk = min(chunk_size(self._config, 1 / len(configs)), *(trainer.chunk for trainer in self.trainers))
        self._watched_steps = frozenset[int]().union(*(schedule.watched_steps(config) for config in configs))
        if not self._single:
            for trainer in self.trainers:
                trainer.together, trainer.stacked = len(configs), True
        feeder = self._feeders["train"]
        self.step: Step = (
            DenseStep(configs, models, feeder, stacked=self.trainers[0].stacked)
            if covers(configs[0]) and self.trainers[0].device.type == "cpu"
            else GeneralStep(configs[0], models[0], feeder)
        )
        for place, (trainer, state) in enumerate(zip(self.trainers, states, strict=True)):
            if trainer.step:
                self.step.restore(place, state)
            trainer.joined(self, place)
            trainer.chunk = self.chunk

    # ---- the loop ----------------------------------------------------------------------------------------------

    def advance(self, stop: Stop = never, *, seconds: float = math.inf, steps: int | None = None) -> None:
        """Train on, until all have ended, or `stop()`, or for about `seconds`, or for `steps` updates."""
        begun = time.perf_counter()
        trainers = self.trainers
        before = trainers[0].seconds if trainers else 0.0
        made = 0

        def passed() -> float:
            now = time.perf_counter() - begun
            for trainer in trainers:
                trainer.seconds = before + now
            return now

        while self.trainers:
            passed()
            if not self._evaluate_if_due(stop) or not self._watch_if_due(stop):
                break
            self._end_if_over(stop)
            if not self.trainers or made == steps or stop() or passed() >= seconds:
                break
            if not self.update(stop):
                break
            made += 1
            self._let_go(stop)
        passed()

    def update(self, stop: Stop = never) -> bool:
        """One update of all weights and its record; False if it was interrupted. `advance` calls it."""
        lead = self.trainers[0]
        if self._single and lead.together > 1:
            lead.goes_on_alone()
        indices = self._batch(lead.step)
        size = len(indices)
        chunks = (
            [indices] if size <= self.chunk else [indices[rows] for rows in pieces(size, even_size(size, self.chunk))]
        )
        rates = [trainer.learning_rate for trainer in self.trainers]
        if lead.step + 1 in self._evaluation_steps or lead.step + 1 in self._watched_steps:
            for trainer in self.trainers:
                trainer.keep_weights()
        made = self.step.make(lead.step, chunks, rates, stop, norms=lead.closes_window)
        if made is None:
            return False
        for trainer, of_run, rate in zip(self.trainers, made, rates, strict=True):
            trainer.record(of_run, len(indices), rate)
        return True

    def _batch(self, step: int) -> NDArray[np.int64]:
        epoch, place = divmod(step, self._config.steps_per_epoch)
        if self._order[0] != epoch:
            self._order = (epoch, order(self._config, epoch))
        start = place * self._config.batch_size
        return self._order[1][start : start + self._config.batch_size]

    def _end_if_over(self, stop: Stop) -> None:
        for trainer in self.trainers:
            if trainer.step >= trainer.total_steps:
                trainer.end()
        self._let_go(stop)

    def _let_go(self, stop: Stop) -> None:
        """Go on without the runs that are over; a network that broke is evaluated as it is, whatever `stop()` says."""
        over = [trainer for trainer in self.trainers if trainer.finished]
        if not over:
            return
        if broken := [trainer for trainer in over if trainer.evaluated < trainer.step]:
            self._evaluate(broken, lambda: stop() and False)  # asked all the same: a sign of life
        if len(self.trainers) == 1:
            self.trainers = []
            return
        for trainer in over:
            Stack([trainer])  # with its optimizer's buffers, as long as this stack knows them
        self.trainers = [trainer for trainer in self.trainers if not trainer.finished]
        if self.trainers:
            self._join()

    # ---- evaluation --------------------------------------------------------------------------------------------

    def _evaluate_if_due(self, stop: Stop) -> bool:
        """Record an evaluation where the schedule has one; False if it was interrupted, to be made again."""
        step = self.trainers[0].step
        if step not in self._evaluation_steps or self.trainers[0].evaluated >= step:
            return True
        if not self._evaluate(self.trainers, stop):
            return False
        self._let_go(stop)
        return True

    def _evaluate(self, which: Sequence[Trainer], stop: Stop) -> bool:
        """Record an evaluation of these runs as they are now; False if it was interrupted, which changes nothing."""
        rows = self._rows(stop)
        if rows is None:
            return False
        looks = [trainer.look_inside(stop) for trainer in which]
        of_trainer = dict(zip(self.trainers, rows, strict=True))
        if any(look is None for look in looks):
            return False
        for trainer, look in zip(which, looks, strict=True):
            assert look is not None
            trainer.record_evaluation(of_trainer[trainer], look)
        return True

    def _watch_if_due(self, stop: Stop) -> bool:
        """Let early stopping see the validation loss after an epoch without an evaluation; False if it was interrupted, to be
        made again, which changes nothing."""
        step = self.trainers[0].step if self.trainers else -1
        if step not in self._watched_steps or self._watched == step:
            return True
        rows = [_row(trainer) for trainer in self.trainers]
        if not self._fill(rows, "validation", stop):
            return False
        watching = [
            (trainer, row) for trainer, row in zip(self.trainers, rows, strict=True) if trainer.config.early_stopping
        ]
        if any(trainer.is_best(row) for trainer, row in watching) and not self._fill(rows, "test", stop):
            return False
        for trainer, row in watching:
            trainer.see_validation(row)
        if not self._end_where_patience_is_over(stop):
            return False
        self._watched = step
        for trainer in self.trainers:
            trainer.before = None
        self._let_go(stop)
        return True

    def _end_where_patience_is_over(self, stop: Stop) -> bool:
        """Evaluate the runs that early stopping ends here, and so end them; False if that was interrupted."""
        over = [trainer for trainer in self.trainers if trainer.patience_is_over]
        return not over or self._evaluate(over, stop)

    def _rows(self, stop: Stop) -> list[NDArray[np.void]] | None:
        """Every run's evaluation as it is now (records.EVALUATION_DTYPE); None where `stop()` said so."""
        rows = [_row(trainer) for trainer in self.trainers]
        if not all(self._fill(rows, name, stop) for name in self._feeders):
            return None
        dead = dead_units(self.step, self._config, self._feeders["train"], self._at_once, stop, runs=len(self.trainers))
        for row, fraction in zip(rows, dead or (), strict=dead is not None):
            row["dead_units"] = fraction
        return None if dead is None else rows

    def _fill(self, rows: Sequence[NDArray[np.void]], name: Split, stop: Stop) -> bool:
        """Loss and accuracy of every run on the part `name` into its row; False where `stop()` said so."""
        images = schedule.evaluated_images(self._config)
        found = self.score(self._feeders[name], stop, min(images, TRAIN_EVALUATED) if name == "train" else images)
        for row, of_run in zip(rows, found or (), strict=found is not None):
            row[f"{name}_loss"], row[f"{name}_accuracy"] = of_run.loss, of_run.accuracy
        return found is not None

    def score(self, feeder: Feeder, stop: Stop, count: int | None) -> list[Score] | None:
        """Every run's score on the first `count` images (None: all) of `feeder`; None when `stop()` said so."""
        return score(self.step, self._config, feeder, self._at_once, stop, count=count)

    @property
    def _at_once(self) -> int:
        return min(EVALUATED_AT_ONCE, self.chunk)


def _row(trainer: Trainer) -> NDArray[np.void]:
    row = np.zeros((), EVALUATION_DTYPE)
    for name in (EVALUATION_DTYPE.names or ())[1:]:  # all but the step, a whole number
        row[name] = np.nan
    row["step"], row["epoch"], row["seconds"] = trainer.step, trainer.epoch, trainer.seconds
    return row
