"""One run in this process, as a notebook and a worker use it: advance, look, command, save, go on."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Self

import torch

from mnist_core import schedule
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.estimate import Speed
from mnist_core.records import Curves, Event, Outcome, Split
from mnist_core.schedule import TRAIN_EVALUATED
from mnist_core.training import checkpoint
from mnist_core.training.batches import BatchLoader
from mnist_core.training.devices import device_for
from mnist_core.training.evaluation import Score
from mnist_core.training.loop import TrainingLoop
from mnist_core.training.run_state import RunState
from mnist_core.training.step import Stop, never


class Trainer:
    """One run, that can be advanced, commanded, saved and gone on with.

    `threads`: torch's threads for this process (default: as they are). Sums depend on it in the last digits, so a run
    that goes on elsewhere needs the same number for the same curve. `device`, `speed`: see `devices.device_for`.

    `state` is what the run has come to, `loop` what trains it; several runs may share one (`train_together`).
    """

    state: RunState
    loop: TrainingLoop

    def __init__(
        self,
        config: RunConfig,
        dataset: Dataset,
        *,
        threads: int | None = None,
        device: str | None = None,
        speed: Speed | None = None,
    ) -> None:
        _use_threads(threads)
        self._begin(RunState(config, dataset, device_for(config, device, speed)))

    def _begin(self, state: RunState) -> None:
        self.state = state
        self._at_end: dict[Split, Score] = {}  # on all validation and all test images, once it is over
        self.train_alone()

    @classmethod
    def load(cls, path: Path, config: RunConfig, dataset: Dataset, *, threads: int | None = None) -> Self:
        """The run as `save` left it. Raises CheckpointError where the file is missing, damaged or another run's."""
        _use_threads(threads)
        trainer = cls.__new__(cls)
        trainer._begin(checkpoint.load(path, config, dataset))
        return trainer

    def save(self, path: Path) -> None:
        """Write the run to `path`, to go on with. Raises OSError where that cannot be done; an older file stays then."""
        checkpoint.save(self.state, path)

    # ---- training ----------------------------------------------------------------------------------------------

    def advance(self, stop: Stop = never, *, seconds: float = math.inf, steps: int | None = None) -> Curves:
        """Train on, until the end, or `stop()`, or for about `seconds`, or for `steps` updates. Returns new records."""
        if not self.finished:
            self.loop.advance(stop, seconds=seconds, steps=steps)
        return self.take_records()

    def train_alone(self) -> None:
        """Leave those that it trains together with; it goes on by itself."""
        self.loop = TrainingLoop([self.state])

    def set_learning_rate(self, value: float) -> None:
        """Another base rate from the next step on; the schedule goes on scaling it. Raises ConfigError."""
        self.state.set_learning_rate(value)

    def flush(self) -> None:
        """Record the open window now, short as it is: the run is not going on."""
        self.state.flush()

    def take_records(self) -> Curves:
        """What is new since the last call."""
        return self.state.take_records()

    # ---- where it is -------------------------------------------------------------------------------------------

    @property
    def config(self) -> RunConfig:
        """What it began with."""
        return self.state.config

    @property
    def model(self) -> torch.nn.Sequential:
        """The network; its weights may be read and written, not replaced."""
        return self.state.model

    @property
    def step(self) -> int:
        """Updates made so far."""
        return self.state.step

    @property
    def total_steps(self) -> int:
        """Updates that it makes if nothing ends it before."""
        return self.state.total_steps

    @property
    def epoch(self) -> float:
        """Epochs done so far, with fractions."""
        return self.state.epoch

    @property
    def seconds(self) -> float:
        """Time that its training and evaluations took."""
        return self.state.seconds

    @property
    def learning_rate(self) -> float:
        """The rate of the next step."""
        return self.state.learning_rate

    @property
    def events(self) -> list[Event]:
        """What happened to it so far."""
        return self.state.events

    @property
    def outcome(self) -> Outcome | None:
        """What came of it; None before its end."""
        return self.state.outcome

    @property
    def finished(self) -> bool:
        """Whether it has come to its end."""
        return self.state.finished

    # ---- figures -----------------------------------------------------------------------------------------------

    def result(self) -> dict[str, Any]:
        """Its figures so far, JSON-ready; see `single_run.RESULT_KEYS`."""
        return self.state.result()

    def result_on_all_images(self, stop: Stop = never) -> dict[str, float]:
        """Loss and accuracy as they are now on all images of validation and test, and of training up to 10,000.

        Empty where the curve was measured on all of them anyway. Where `stop()` said so, what `settle_best` has measured.
        """
        loaders = self.state.loaders
        if self._curve_has_all_images:
            return {}
        scores = dict(self._at_end)
        for name, loader in loaders.items():
            if name in scores:
                continue
            score = self._score(loader, stop, TRAIN_EVALUATED if name == "train" else None)
            if score is None:
                scores = self._at_end
                break
            scores[name] = score
        return {f"{name}_{figure}": getattr(scores[name], figure) for name in scores for figure in ("loss", "accuracy")}

    @property
    def _curve_has_all_images(self) -> bool:
        most = max(len(loader) for loader in self.state.loaders.values())
        return schedule.evaluated_images(self.config) >= most

    def settle_best(self, stop: Stop = never) -> bool:
        """At a run's end, measure the network of the best evaluation on all validation and test images, and the last one; the
        better there is the best from now on, so that no figure of the end is above it.

        Nothing where the curve was measured on all of them anyway. False where `stop()` said so, which changes nothing.
        """
        state = self.state
        if not self.finished or not state.best or self._curve_has_all_images:
            return True
        last = self._on_images_kept_apart(stop)
        best = last
        if last is not None and state.best["step"] != state.step:
            now = {name: value.detach().clone() for name, value in state.model.state_dict().items()}
            try:
                state.write_weights(state.best_weights)
                best = self._on_images_kept_apart(stop)
            finally:
                state.write_weights(now)
        if last is None or best is None:
            return False
        self._at_end = last
        state.settle_best(_best_of(best), _best_of(last))
        return True

    def _on_images_kept_apart(self, stop: Stop) -> dict[Split, Score] | None:
        """Scores of the network as it is now on all validation and all test images; None where `stop()` said so."""
        scores: dict[Split, Score] = {}
        kept_apart: tuple[Split, ...] = ("validation", "test")
        for name in kept_apart:
            score = self._score(self.state.loaders[name], stop, None)
            if score is None:
                return None
            scores[name] = score
        return scores

    def train_files_accuracy(self) -> float:
        """Accuracy on all images of the training files, with their true labels."""
        dataset = self.state.dataset
        loader = BatchLoader(self.config, dataset.train_images, dataset.train_labels, self.state.device)
        score = self._score(loader, never, None)
        return score.accuracy if score else math.nan

    def _score(self, loader: BatchLoader, stop: Stop, count: int | None) -> Score | None:
        if self.loop.runs != [self.state]:
            self.train_alone()  # what follows is about this run alone
        scores = self.loop.score(loader, stop, count)
        if self.finished:
            self.loop.step.release_buffers()  # thirty runs of one stack may come to this together
        return scores[0] if scores else None


def _best_of(scores: Mapping[Split, Score]) -> dict[str, float]:
    """What `RunState.best` has of a network."""
    validation, test = scores["validation"], scores["test"]
    return {"loss": validation.loss, "accuracy": validation.accuracy, "test_accuracy": test.accuracy}


def train_together(trainers: Sequence[Trainer]) -> TrainingLoop:
    """The loop in which these runs, of equal `stacks.key` and at the same step, train as one network from now on."""
    loop = TrainingLoop([trainer.state for trainer in trainers])
    for trainer in trainers:
        trainer.loop = loop
    return loop


def _use_threads(threads: int | None) -> None:
    if threads is not None and threads != torch.get_num_threads():
        torch.set_num_threads(threads)
