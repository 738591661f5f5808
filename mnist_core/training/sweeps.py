"""Many learning rates from the same weights and batches, trained together where that is possible."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset
from mnist_core.errors import ConfigError, Problem
from mnist_core.estimate import useful_threads
from mnist_core.messages import N_, message
from mnist_core.records import Curves
from mnist_core.training.batches import order_seed
from mnist_core.training.result import Result, result_of
from mnist_core.training.stack import Stack, key
from mnist_core.training.trainer import Trainer

WIDEST = 32  # runs in one stack
OnProgress = Callable[[Sequence[Trainer]], None]


@dataclass(frozen=True)
class Sweep:
    """Finished runs, in the order they were asked for, and the seconds that training and evaluating them took."""

    runs: list[Result]
    seconds: float

    def table(self) -> pd.DataFrame:
        """One row a run: learning rate, seed, outcome, and the figures of `result.RESULT_KEYS`."""
        return pd.DataFrame(
            [{"learning_rate": run.config.learning_rate, "seed": run.config.seed, **run.result} for run in self.runs]
        )


def sweep(
    config: RunConfig,
    learning_rates: Sequence[float],
    *,
    seeds: Sequence[int] = (),
    dataset: Dataset | None = None,
    data: Path | str | None = None,
    threads: int | None = None,
    on_progress: OnProgress | None = None,
) -> Sweep:
    """Train `config` with each of the learning rates, and each of the seeds for the weights (default: its own).

    All see the same batches. `dataset`, or the one that the configuration names, from folder `data`. `threads`: as
    many as are of use by default. `on_progress(trainers)` about five times a second. Raises ConfigError, DataError.
    """
    configs = variants(config, learning_rates, seeds)
    dataset = dataset or load_dataset(config.dataset, data)
    results: dict[int, Result] = {}
    seconds = 0.0
    for places in groups(configs):
        together = [configs[place] for place in places]
        trainers, parts = _train(together, dataset, threads, on_progress)
        seconds += max(trainer.seconds for trainer in trainers)
        for place, trainer, records in zip(places, trainers, parts, strict=True):
            results[place] = result_of(trainer, records)
    return Sweep([results[place] for place in range(len(configs))], seconds)


def variants(config: RunConfig, learning_rates: Sequence[float], seeds: Sequence[int] = ()) -> list[RunConfig]:
    """The configurations of a sweep, seed after seed. Raises ConfigError where there is none, or one that cannot be."""
    if not learning_rates:
        raise ConfigError(
            [Problem("learning_rate", message(N_("A sweep needs at least one learning rate, such as 0.1,0.5.")))]
        )
    batches = order_seed(config) if seeds else config.batch_seed
    return [
        config.replace(learning_rate=rate, seed=seed, batch_seed=batches)
        for seed in seeds or (config.seed,)
        for rate in learning_rates
    ]


def groups(configs: Sequence[RunConfig]) -> list[list[int]]:
    """Places of the configurations that train together, each group in one stack of at most `WIDEST`."""
    alike: dict[Hashable, list[int]] = {}
    for place, config in enumerate(configs):
        of_its_own = ("alone", place)
        alike.setdefault(key(config) or of_its_own, []).append(place)
    return [places[start : start + WIDEST] for places in alike.values() for start in range(0, len(places), WIDEST)]


def _train(
    configs: Sequence[RunConfig], dataset: Dataset, threads: int | None, on_progress: OnProgress | None
) -> tuple[list[Trainer], list[list[Curves]]]:
    threads = threads or useful_threads(configs[0], settings.cpu_count(), len(configs))
    trainers = [Trainer(config, dataset, threads=threads) for config in configs]
    stack = Stack(trainers)
    parts: list[list[Curves]] = [[] for _trainer in trainers]
    while stack.trainers:
        stack.advance(seconds=0.2 if on_progress else math.inf)
        for trainer, records in zip(trainers, parts, strict=True):
            records.append(trainer.take_records())
        if on_progress is not None:
            on_progress(trainers)
    return trainers, parts
