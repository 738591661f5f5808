"""The loop: runs that train together, step by step and evaluation by evaluation. Most often it is one run.

A step is: gather a batch, forward, loss, backward, gradient norm, update; `DenseStep` makes it for MLPs, `DeviceStep` on a
graphics processor that can replay it, `AutogradStep` for all other networks. Large batches are cut into chunks whose gradients add up, so that memory stays bounded and a
request to stop is heard within a fraction of a second; nothing but rounding hangs on where they are cut. A step or an
evaluation that is interrupted changes nothing and is made again later.

MLPs of one shape (on CUDA: other networks, too) that see the same batches may share a loop as one stack (`stacks.key`): what is common to them is done once.
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
from mnist_core.schedule import TRAIN_EVALUATED
from mnist_core.stacks import covers, key
from mnist_core.training.autograd_step import AutogradStep
from mnist_core.training.batches import BatchLoader, order
from mnist_core.training.chunks import chunk_size, even_size, pieces, room_of
from mnist_core.training.dense_step import DenseStep
from mnist_core.training.device_step import DeviceStep, captures
from mnist_core.training.evaluation import Score, score
from mnist_core.training.layer_probe import Probed, probe_layers
from mnist_core.training.run_state import RunState, Updates
from mnist_core.training.sharpness import sharpness
from mnist_core.training.step import Block, Chunks, Step, Stop, never

BLOCK_SECONDS = 0.1  # of updates that are made in one call; pause, stop and a changed rate are heard between two
EVALUATED_AT_ONCE = 1_000  # images; more cost memory and time on a CPU, since they leave the cache
EVALUATED_ON_A_DEVICE = 10_000


class TrainingLoop:
    """The loop over `runs`, all at the same step; if they are several, with equal keys and on one device.

    Their weights and their optimizers' buffers move into its step: of all loops that were made of a run, only the last
    trains it.
    """

    def __init__(self, runs: Sequence[RunState]) -> None:
        assert len(runs) == 1 or len({(run.step, key(run.config, run.device.type)) for run in runs}) == 1
        self.runs = list(runs)  # those that are not over
        self._config = runs[0].config  # for what all have in common
        self._device = runs[0].device
        self._loaders = runs[0].loaders
        self._order: tuple[int, NDArray[np.int64]] = (-1, np.empty(0, np.int64))  # an epoch, and its images' order
        self._evaluation_steps = schedule.evaluation_steps(self._config)
        self._single = len(runs) == 1  # from the start, not by the end of others
        self._seconds_per_update, self._longest = 0.0, 1  # of the last block; twice as many as were made in any
        self._watched_step = -1  # the last at which early stopping was shown the validation loss
        self._take_in()

    def _take_in(self) -> None:
        """Build the step for the runs that are left, with what their optimizers know."""
        configs = [run.config for run in self.runs]
        states = [run.optimizer_state() for run in self.runs]
        # A run keeps its chunks, as long as some are small enough for all: they say in which order its sums are added up.
        room = room_of(self.runs[0].device) / len(configs)
        self.chunk_size = min(chunk_size(self._config, room), *(run.chunk_size for run in self.runs))
        self._watched_steps = frozenset[int]().union(*(schedule.watched_steps(config) for config in configs))
        # After these updates something is to be done.
        self._due = sorted({*self._evaluation_steps, *self._watched_steps, self._config.total_steps})
        if not self._single:
            for run in self.runs:
                run.join_stack(len(configs))
        self.step = self._new_step()
        for run, optimizer, state in zip(self.runs, self.step.optimizers, states, strict=True):
            if state:
                optimizer.restore(state)
            run.optimizer = optimizer
            run.chunk_size = self.chunk_size

    def _new_step(self) -> Step:
        first, loader = self.runs[0], self._loaders["train"]
        configs, models = [run.config for run in self.runs], [run.model for run in self.runs]
        if captures(first.device) and not (self._config.batch_norm and self._config.batch_size > self.chunk_size):
            return DeviceStep(configs, models, loader)
        if first.device.type == "cpu" and covers(self._config):
            return DenseStep(configs, models, loader)
        return AutogradStep(self._config, first.model, loader)

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

        self._let_go(stop)  # who comes from a checkpoint of its end is over, and nothing more is measured of it
        while self.runs:
            elapsed()
            if not self._evaluate_if_due(stop) or not self._watch_if_due(stop):
                break
            self._end_if_over(stop)
            if not self.runs or updates == steps or stop() or (passed := elapsed()) >= seconds:
                break
            made = self.make_updates(stop, at_most=None if steps is None else steps - updates, seconds=seconds - passed)
            if not made:
                break
            updates += made
            self._let_go(stop)
        elapsed()

    def update(self, stop: Stop = never, *, count: int = 1) -> bool:
        """So many updates of all weights, and their records; False if one was interrupted."""
        while count and (made := self.make_updates(stop, at_most=count)):
            count -= made
        return count == 0

    def make_updates(self, stop: Stop = never, *, at_most: int | None = None, seconds: float = math.inf) -> int:
        """A block of updates of all weights, with their records: up to what is to be done between two of them, and no longer
        than `BLOCK_SECONDS`, since nothing is heard meanwhile. How many were made: 0 if the first was interrupted."""
        lead = self.runs[0]
        if self._single and lead.stack_size > 1:
            lead.leave_stack()
        count = self._block_length(at_most, seconds)
        if lead.step + 1 in self._evaluation_steps or lead.step + 1 in self._watched_steps:
            for run in self.runs:
                run.remember_weights()
        batches = [self._chunks(step) for step in range(lead.step, lead.step + count)]
        rates = np.stack([run.learning_rates(count) for run in self.runs], axis=1)
        block = Block(lead.step, batches, rates, lead.closes_window(count))
        begun = time.perf_counter()
        result = self.step.make(block, stop)
        took = time.perf_counter() - begun
        if made := len(result):
            self._seconds_per_update, self._longest = took / made, max(self._longest, 2 * made)
            passed = took * np.arange(1, made + 1) / made
            for place, run in enumerate(self.runs):
                losses, hits, norms = result.losses[:, place], result.hits[:, place], result.norms[:, place]
                run.record_updates(
                    Updates(losses, hits, norms, block.images[:made], rates[:made, place], run.seconds + passed)
                )
        return made

    def _block_length(self, at_most: int | None, seconds: float) -> int:
        """Updates of the next block. One before which the weights are kept is made alone."""
        step = self.runs[0].step
        epoch_end = (step // self._config.steps_per_epoch + 1) * self._config.steps_per_epoch
        due = next(at for at in self._due if at > step) if self._due[-1] > step else step + 1
        free = min(max(1, due - 1 - step), epoch_end - step)
        timely = int(min(seconds, BLOCK_SECONDS) / self._seconds_per_update) if self._seconds_per_update else 1
        return max(1, min(free, timely, self._longest, free if at_most is None else at_most))

    def _chunks(self, step: int) -> Chunks:
        """The batch of update number `step`, cut so that memory stays bounded."""
        indices = self._batch(step)
        size = len(indices)
        if size <= self.chunk_size:
            return [indices]
        return [indices[rows] for rows in pieces(size, even_size(size, self.chunk_size))]

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
            self.evaluate(not_evaluated, lambda: stop() and False)  # asked all the same: a sign of life
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
        if not self.evaluate(self.runs, stop):
            return False
        self._let_go(stop)
        return True

    def evaluate(self, runs: Sequence[RunState], stop: Stop = never) -> bool:
        """Record an evaluation of these runs as they are now; False if it was interrupted, which changes nothing."""
        rows = self._evaluation_rows(stop)
        if rows is None:
            return False
        probed = [Probed(run.config, run.model, run.weights_before) for run in self.runs]
        layers = probe_layers(self.step, probed, self._loaders["train"], self._at_once, stop)
        if layers is None:
            return False
        measured = dict(zip(self.runs, zip(rows, layers, strict=True), strict=True))
        curvatures = []
        for run in runs:
            curvature = _sharpness(run, stop)
            if curvature is None:
                return False
            curvatures.append(curvature)
        for run, curvature in zip(runs, curvatures, strict=True):
            row, inside = measured[run]
            for name in ("step", "epoch", "seconds"):
                inside[name] = getattr(run, name)
            run.record_evaluation(row, inside, curvature)
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
        return not over or self.evaluate(over, stop)

    def _evaluation_rows(self, stop: Stop) -> list[NDArray[np.void]] | None:
        """Every run's evaluation as it is now (records.EVALUATION_DTYPE); None where `stop()` said so."""
        rows = [_empty_row(run) for run in self.runs]
        return rows if all(self._fill(rows, name, stop, probed=name == "train") for name in self._loaders) else None

    def _fill(self, rows: Sequence[NDArray[np.void]], name: Split, stop: Stop, *, probed: bool = False) -> bool:
        """Loss and accuracy of every run on the part `name` into its row, and dead units if `probed`; False where `stop()` said
        so."""
        images = schedule.evaluated_images(self._config)
        count = min(images, TRAIN_EVALUATED) if name == "train" else images
        scores = self.score(self._loaders[name], stop, count, probed=probed)
        for row, of_run in zip(rows, scores or (), strict=scores is not None):
            row[f"{name}_loss"], row[f"{name}_accuracy"] = of_run.loss, of_run.accuracy
            if probed:
                row["dead_units"] = of_run.dead_units
        return scores is not None

    def score(self, loader: BatchLoader, stop: Stop, count: int | None, *, probed: bool = False) -> list[Score] | None:
        """Every run's score on the first `count` images (None: all) of `loader`; None when `stop()` said so."""
        return score(self.step, self._config, loader, self._at_once, stop, count=count, probed=probed)

    @property
    def _at_once(self) -> int:
        most = EVALUATED_AT_ONCE if self._device.type == "cpu" else EVALUATED_ON_A_DEVICE
        return min(most, self.chunk_size)


def _empty_row(run: RunState) -> NDArray[np.void]:
    row = np.zeros((), EVALUATION_DTYPE)
    for name in (EVALUATION_DTYPE.names or ())[1:]:  # all but the step, a whole number
        row[name] = np.nan
    row["step"], row["epoch"], row["seconds"] = run.step, run.epoch, run.seconds
    return row


def _sharpness(run: RunState, stop: Stop) -> NDArray[np.void] | None:
    """A row of SHARPNESS_DTYPE of the network as it is now, where it is asked for; None where `stop()` said so."""
    rows: list[tuple[float, ...]] = []
    if run.config.sharpness:
        curvature = sharpness(run.config, run.model, run.loaders["train"], stop=stop)
        if curvature is None:
            return None
        rows.append((run.step, run.epoch, run.seconds, curvature, run.learning_rate))
    return np.array(rows, SHARPNESS_DTYPE)
