"""The loop: runs that train together, step by step and evaluation by evaluation. Most often it is one run.

A step is: gather a batch, forward, loss, backward, gradient norm, update; `DenseStep` makes it for MLPs, `AutogradStep`
for all other networks. Large batches are cut into chunks whose gradients add up, so that memory stays bounded and a
request to stop is heard within a fraction of a second; nothing but rounding hangs on where they are cut. A step or an
evaluation that is interrupted changes nothing and is made again later.

MLPs of one shape that see the same batches may share a loop as one stack (`stacks.key`): what is common to them is done once.
A run that is over leaves it.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mnist_core import schedule
from mnist_core.records import EVALUATION_DTYPE, SHARPNESS_DTYPE, Split
from mnist_core.stacks import covers, key
from mnist_core.training.autograd_step import AutogradStep
from mnist_core.training.batches import BatchLoader, order
from mnist_core.training.chunks import chunk_size, even_size, pieces
from mnist_core.training.dense_step import DenseStep
from mnist_core.training.evaluation import TRAIN_EVALUATED, Score, dead_units, score
from mnist_core.training.layer_probe import probe_layers
from mnist_core.training.run_state import RunState
from mnist_core.training.sharpness import sharpness
from mnist_core.training.step import Step, Stop, never

EVALUATED_AT_ONCE = 1_000  # images; more cost memory and time, since they leave the cache


class TrainingLoop:
    """The loop over `runs`, all at the same step; if they are several, with equal keys and on the CPU.

    Their weights and their optimizers' buffers move into its step: of all loops that were made of a run, only the last
    trains it.
    """

    def __init__(self, runs: Sequence[RunState]) -> None:
        assert len(runs) == 1 or len({(run.step, key(run.config)) for run in runs}) == 1
        self.runs = list(runs)  # those that are not over
        self._config = runs[0].config  # for what all have in common
        self._loaders = runs[0].loaders
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))  # an epoch, and its images' order
        self._evaluation_steps = schedule.evaluation_steps(self._config)
        self._single = len(runs) == 1  # from the start, not by the end of others
        self._watched_step = -1  # the last at which early stopping was shown the validation loss
        self._take_in()

    def _take_in(self) -> None:
        """Build the step for the runs that are left, with what their optimizers know."""
        configs = [run.config for run in self.runs]
        states = [run.optimizer_state() for run in self.runs]
        # A run keeps its chunks, as long as some are small enough for all: they say in which order its sums are added up.
        self.chunk_size = min(chunk_size(self._config, 1 / len(configs)), *(run.chunk_size for run in self.runs))
        self._watched_steps = frozenset[int]().union(*(schedule.watched_steps(config) for config in configs))
        if not self._single:
            for run in self.runs:
                run.stack_size, run.was_stacked = len(configs), True
        self.step = self._new_step()
        for run, optimizer, state in zip(self.runs, self.step.optimizers, states, strict=True):
            if state:
                optimizer.restore(state)
            run.optimizer = optimizer
            run.chunk_size = self.chunk_size

    def _new_step(self) -> Step:
        first, loader = self.runs[0], self._loaders["train"]
        if not covers(self._config) or first.device.type != "cpu":
            return AutogradStep(self._config, first.model, loader)
        configs, models = [run.config for run in self.runs], [run.model for run in self.runs]
        return DenseStep(configs, models, loader, stacked=first.was_stacked)

    # ---- the loop ----------------------------------------------------------------------------------------------

    def advance(self, stop: Stop = never, *, seconds: float = math.inf, steps: int | None = None) -> None:
        """Train on, until all have ended, or `stop()`, or for about `seconds`, or for `steps` updates."""
        assert not self.runs or [run.optimizer for run in self.runs] == list(self.step.optimizers), "of another loop"
        start = time.perf_counter()
        runs = self.runs
        seconds_before = runs[0].seconds if runs else 0.0
        updates = 0

        def elapsed() -> float:
            passed = time.perf_counter() - start
            for run in runs:
                run.seconds = seconds_before + passed
            return passed

        while self.runs:
            elapsed()
            if not self._evaluate_if_due(stop) or not self._watch_if_due(stop):
                break
            self._end_if_over(stop)
            if not self.runs or updates == steps or stop() or elapsed() >= seconds:
                break
            if not self.update(stop):
                break
            updates += 1
            self._let_go(stop)
        elapsed()

    def update(self, stop: Stop = never) -> bool:
        """One update of all weights and its record; False if it was interrupted. `advance` calls it."""
        lead = self.runs[0]
        if self._single and lead.stack_size > 1:
            lead.leave_stack()
        indices = self._batch(lead.step)
        size = len(indices)
        chunks = (
            [indices]
            if size <= self.chunk_size
            else [indices[rows] for rows in pieces(size, even_size(size, self.chunk_size))]
        )
        rates = [run.learning_rate for run in self.runs]
        if lead.step + 1 in self._evaluation_steps or lead.step + 1 in self._watched_steps:
            for run in self.runs:
                run.remember_weights()
        results = self.step.update(lead.step, chunks, rates, stop, measure_norms=lead.closes_window)
        if results is None:
            return False
        for run, result, rate in zip(self.runs, results, rates, strict=True):
            run.record_update(result, size, rate)
        return True

    def _batch(self, step: int) -> NDArray[np.int64]:
        epoch, place = divmod(step, self._config.steps_per_epoch)
        if self._order[0] != epoch:
            self._order = (epoch, order(self._config, epoch))
        start = place * self._config.batch_size
        return self._order[1][start : start + self._config.batch_size]

    def _end_if_over(self, stop: Stop) -> None:
        for run in self.runs:
            if run.step >= run.total_steps:
                run.end()
        self._let_go(stop)

    def _let_go(self, stop: Stop) -> None:
        """Go on without the runs that are over; a network that broke is evaluated as it is, whatever `stop()` says."""
        over = [run for run in self.runs if run.finished]
        if not over:
            return
        if not_evaluated := [run for run in over if run.evaluated_step < run.step]:
            self._evaluate(not_evaluated, lambda: stop() and False)  # asked all the same: a sign of life
        if len(self.runs) == 1:
            self.runs = []
            return
        for run in over:
            run.take_own_memory()
        self.runs = [run for run in self.runs if not run.finished]
        if self.runs:
            self._take_in()

    # ---- evaluation --------------------------------------------------------------------------------------------

    def _evaluate_if_due(self, stop: Stop) -> bool:
        """Record an evaluation where the schedule has one; False if it was interrupted, to be made again."""
        step = self.runs[0].step
        if step not in self._evaluation_steps or self.runs[0].evaluated_step >= step:
            return True
        if not self._evaluate(self.runs, stop):
            return False
        self._let_go(stop)
        return True

    def _evaluate(self, runs: Sequence[RunState], stop: Stop) -> bool:
        """Record an evaluation of these runs as they are now; False if it was interrupted, which changes nothing."""
        rows = self._evaluation_rows(stop)
        if rows is None:
            return False
        row_of = dict(zip(self.runs, rows, strict=True))
        measured = []
        for run in runs:
            if (inside := _measure_inside(run, stop)) is None:
                return False
            measured.append(inside)
        for run, inside in zip(runs, measured, strict=True):
            run.record_evaluation(row_of[run], *inside)
        return True

    def _watch_if_due(self, stop: Stop) -> bool:
        """Let early stopping see the validation loss after an epoch without an evaluation; False if it was interrupted, to be
        made again, which changes nothing."""
        step = self.runs[0].step if self.runs else -1
        if step not in self._watched_steps or self._watched_step == step:
            return True
        rows = [_empty_row(run) for run in self.runs]
        if not self._fill(rows, "validation", stop):
            return False
        watching = [(run, row) for run, row in zip(self.runs, rows, strict=True) if run.config.early_stopping]
        if any(run.is_best(row) for run, row in watching) and not self._fill(rows, "test", stop):
            return False
        for run, row in watching:
            run.record_validation(row)
        if not self._end_where_patience_is_over(stop):
            return False
        self._watched_step = step
        for run in self.runs:
            run.weights_before = None
        self._let_go(stop)
        return True

    def _end_where_patience_is_over(self, stop: Stop) -> bool:
        """Evaluate the runs that early stopping ends here, and so end them; False if that was interrupted."""
        over = [run for run in self.runs if run.patience_is_over]
        return not over or self._evaluate(over, stop)

    def _evaluation_rows(self, stop: Stop) -> list[NDArray[np.void]] | None:
        """Every run's evaluation as it is now (records.EVALUATION_DTYPE); None where `stop()` said so."""
        rows = [_empty_row(run) for run in self.runs]
        if not all(self._fill(rows, name, stop) for name in self._loaders):
            return None
        dead = dead_units(self.step, self._config, self._loaders["train"], self._at_once, stop, runs=len(self.runs))
        for row, fraction in zip(rows, dead or (), strict=dead is not None):
            row["dead_units"] = fraction
        return None if dead is None else rows

    def _fill(self, rows: Sequence[NDArray[np.void]], name: Split, stop: Stop) -> bool:
        """Loss and accuracy of every run on the part `name` into its row; False where `stop()` said so."""
        images = schedule.evaluated_images(self._config)
        scores = self.score(self._loaders[name], stop, min(images, TRAIN_EVALUATED) if name == "train" else images)
        for row, of_run in zip(rows, scores or (), strict=scores is not None):
            row[f"{name}_loss"], row[f"{name}_accuracy"] = of_run.loss, of_run.accuracy
        return scores is not None

    def score(self, loader: BatchLoader, stop: Stop, count: int | None) -> list[Score] | None:
        """Every run's score on the first `count` images (None: all) of `loader`; None when `stop()` said so."""
        return score(self.step, self._config, loader, self._at_once, stop, count=count)

    @property
    def _at_once(self) -> int:
        return min(EVALUATED_AT_ONCE, self.chunk_size)


def _empty_row(run: RunState) -> NDArray[np.void]:
    row = np.zeros((), EVALUATION_DTYPE)
    for name in (EVALUATION_DTYPE.names or ())[1:]:  # all but the step, a whole number
        row[name] = np.nan
    row["step"], row["epoch"], row["seconds"] = run.step, run.epoch, run.seconds
    return row


def _measure_inside(run: RunState, stop: Stop) -> tuple[NDArray[np.void], NDArray[np.void] | None] | None:
    """(a row of LAYER_DTYPE for each layer, one of SHARPNESS_DTYPE where it is asked for) of the network as it is now.

    None where `stop()` said so; nothing has changed then.
    """
    layers = probe_layers(run.config, run.model, run.loaders["train"], run.weights_before, stop)
    if layers is None:
        return None
    here = {"step": run.step, "epoch": run.epoch, "seconds": run.seconds}
    for name, value in here.items():
        layers[name] = value
    if not run.config.sharpness:
        return layers, None
    curvature = sharpness(run.config, run.model, run.loaders["train"], stop=stop)
    if curvature is None:
        return None
    return layers, np.array([(*here.values(), curvature, run.learning_rate)], SHARPNESS_DTYPE)
