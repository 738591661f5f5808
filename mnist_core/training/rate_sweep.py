"""Many learning rates from the same weights and batches, trained together where that is possible."""

from __future__ import annotations

import multiprocessing
import signal
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from mnist_core import notebook, settings
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset
from mnist_core.errors import TrainingError
from mnist_core.estimate import Speed, estimate_seconds, useful_threads
from mnist_core.messages import N_
from mnist_core.networks.models import build_model
from mnist_core.notebook import SweepChart
from mnist_core.records import Curves
from mnist_core.stacks import groups
from mnist_core.sweep_range import variants
from mnist_core.training.devices import device_for
from mnist_core.training.single_run import Result, result_of
from mnist_core.training.speed import speed_to_choose_by
from mnist_core.training.trainer import Trainer, train_together

if TYPE_CHECKING:
    import pandas as pd

WORTH_A_PROCESS = 1.0  # seconds of training
OnProgress = Callable[[float], None]


@dataclass(frozen=True)
class Sweep:
    """Finished runs, in the order they were asked for, and the seconds that training and evaluating them took."""

    runs: list[Result]
    seconds: float

    def figure(self, chart: SweepChart = "loss", *, dark: bool = False) -> Any:
        """Where the runs ended against their rates, as a Plotly figure: "loss" or "accuracy"."""
        return notebook.sweep_figure(self._pairs(), chart, dark=dark)

    def _repr_html_(self) -> str:
        return notebook.sweep_html(self._pairs())

    def _pairs(self) -> notebook.Pairs:
        return [(notebook.run_of(run.config, run.outcome, run.result), run.curves) for run in self.runs]

    def table(self) -> pd.DataFrame:
        """One row a run: learning rate, seed, outcome, and the figures of `single_run.RESULT_KEYS`."""
        import pandas as pd

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
    device: str | None = None,
    on_progress: OnProgress | None = None,
    progress: bool = False,
) -> Sweep:
    """Train `config` with each of the learning rates, and each of the seeds for the weights (default: its own).

    All see the same batches. `dataset`, or the one that the configuration names, from folder `data`. `threads`: by
    default as many as are of use; on Linux runs that share their batches are dealt out to that many processes, since
    several small steps side by side take less time than one whose threads wait for each other. `device`: auto (default),
    cpu, cuda or mps; on CUDA convolutional networks train together, too, on MPS one run trains after the other. `on_progress(share)` about five times a
    second with the share of all steps that is done. `progress`: show a bar (of tqdm's). Raises ConfigError, DataError,
    DeviceError, and TrainingError for a bar without tqdm.
    """
    configs = variants(config, learning_rates, seeds)
    if progress:
        on_progress = notebook.progress_bar(sum(one.total_steps for one in configs), on_progress)
    dataset = dataset or load_dataset(config.dataset, data)
    results: dict[int, Result] = {}
    seconds = 0.0
    done = 0

    def report(fraction: float) -> None:
        if on_progress is not None:
            on_progress((done + fraction * len(places)) / len(configs))

    kind = device_for(config, device, speed_to_choose_by(device)).type
    for places in groups(configs, kind):
        group = [configs[place] for place in places]
        of_group = _train_group(group, dataset, threads, kind, report)
        seconds += max(result.seconds for result in of_group)
        done += len(places)
        results |= dict(zip(places, of_group, strict=True))
    return Sweep([results[place] for place in range(len(configs))], seconds)


def _train_group(
    configs: Sequence[RunConfig],
    dataset: Dataset,
    threads: int | None,
    device: str,
    on_progress: OnProgress,
) -> list[Result]:
    """Train the runs of one group: in this process, or on the CPU dealt out to as many as there are cores."""
    seconds = len(configs) * estimate_seconds(configs[0], Speed())
    processes = min(threads or settings.cpu_count(), len(configs), max(1, int(seconds / WORTH_A_PROCESS)))
    if processes == 1 or device != "cpu" or not sys.platform.startswith("linux"):
        threads = threads or useful_threads(configs[0], settings.cpu_count(), len(configs))
        return _train([Trainer(config, dataset, threads=threads, device=device) for config in configs], on_progress)
    parts = [list(configs[start::processes]) for start in range(processes)]
    results = _train_in_processes(parts, dataset, on_progress)
    # Run number i is in part i modulo the number of parts.
    return [results[number % processes][number // processes] for number in range(len(configs))]


def _train(trainers: Sequence[Trainer], on_progress: OnProgress) -> list[Result]:
    loop = train_together(trainers)
    parts: list[list[Curves]] = [[] for _trainer in trainers]
    total = sum(trainer.total_steps for trainer in trainers)
    while loop.runs:
        loop.advance(seconds=0.2)
        for trainer, records in zip(trainers, parts, strict=True):
            records.append(trainer.take_records())
        # What a run that ended early did not need is done, too.
        on_progress(sum(trainer.total_steps if trainer.finished else trainer.step for trainer in trainers) / total)
    results = [result_of(trainer, records) for trainer, records in zip(trainers, parts, strict=True)]
    for trainer in trainers:
        trainer.model.to("cpu")
    return results


# ---- several processes ---------------------------------------------------------------------------------------------


def _train_in_processes(
    parts: Sequence[list[RunConfig]], dataset: Dataset, on_progress: OnProgress
) -> list[list[Result]]:
    """The results of each part, trained in a process of its own with one thread."""
    with _children(parts, dataset) as connections:
        fractions = [0.0] * len(parts)
        results: dict[int, list[Result]] = {}
        while len(results) < len(parts):
            for number in range(len(parts)):
                if number in results or not connections[number].poll(0.05):
                    continue
                try:
                    message = connections[number].recv()
                except EOFError:
                    raise TrainingError(
                        N_(
                            "A process that was training part of the sweep ended unexpectedly, perhaps because memory ran out. Try fewer learning rates."
                        )
                    ) from None
                if isinstance(message, float):
                    fractions[number] = message
                else:
                    results[number] = [_with_model(result, weights) for result, weights in message]
            on_progress(sum(fractions) / len(fractions))
    return [results[number] for number in range(len(parts))]


@contextmanager
def _children(parts: Sequence[list[RunConfig]], dataset: Dataset) -> Iterator[list[Connection]]:
    """A forked process for each part, and what it says; none is left afterwards."""
    # Forked, a child has torch and the images at once. It makes no use of threads, which would not outlive a fork.
    context = multiprocessing.get_context("fork")
    processes, connections = [], []
    for configs in parts:
        mine, theirs = context.Pipe(duplex=False)
        process = context.Process(target=_train_part, args=(configs, dataset, theirs), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, about threads
            process.start()
        theirs.close()
        processes.append(process)
        connections.append(mine)
    try:
        yield connections
    finally:
        for process, connection in zip(processes, connections, strict=True):
            connection.close()
            process.kill()
            process.join()
            process.close()


def _train_part(configs: list[RunConfig], dataset: Dataset, connection: Connection) -> None:
    """In a child: train and tell, first fractions, then the results."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, which Ctrl+C reaches as well, ends it
    results = _train([Trainer(config, dataset, threads=1, device="cpu") for config in configs], connection.send)
    connection.send([_without_model(result) for result in results])


def _without_model(result: Result) -> tuple[Result, dict[str, Any]]:
    """A result without its model, and the model's weights as arrays."""
    weights = {name: value.numpy() for name, value in result.model.state_dict().items()}
    return replace(result, model=torch.nn.Sequential()), weights


def _with_model(result: Result, weights: dict[str, Any]) -> Result:
    model = build_model(result.config)
    model.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    return replace(result, model=model)
