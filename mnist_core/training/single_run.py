"""train(): one run from Python, without Streamlit, Dask or a store."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from mnist_core import notebook, settings
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset
from mnist_core.diagnostics import at_end, with_test_images
from mnist_core.estimate import useful_threads
from mnist_core.notebook import RunChart
from mnist_core.records import DTYPES, Curves, Event, Outcome, Run
from mnist_core.training.speed import speed_to_choose_by
from mnist_core.training.trainer import Trainer

if TYPE_CHECKING:
    import pandas as pd

# What `Trainer.result()` and `Result.result` hold; figures that do not exist are None or left out.
RESULT_KEYS = (
    "outcome",
    "train_accuracy",  # of all images at the end of a run; of the first 10,000 training images, in evaluation mode, with the labels trained on
    "train_loss",
    "validation_accuracy",
    "validation_loss",
    "test_accuracy",
    "test_loss",
    "test_images",  # how many there are
    "train_files_accuracy",  # of all 60,000 images of the training files; only from train()
    "evaluated_step",  # step of the evaluation that the figures above are from, for a run that was stopped
    "best_step",  # step of the evaluation with the best validation accuracy; of equal ones that with the lower loss
    "best_validation_accuracy",  # there; as the next, of the images that the curve is measured on, and at the end of all
    "test_accuracy_at_best",
    "best_validation_loss",  # the lowest on the curve, which may be that of another step
    "dead_units",
    "steps",
    "epochs",
    "seconds",  # training with its evaluations
    "seconds_per_epoch",
    "parameters",
    "device",  # how it trained, on which the last digits depend: "cpu", "cuda", "mps",
    "threads",  # torch's threads when it trained last,
    "trained_together",  # and how many runs trained as one network with it at most, itself included
    "not_finite_step",  # step of the first NaN or infinity
    "last_finite_loss",
    "verdict",  # of the health check (diagnostics.verdict.Kind), once the run is over
)
OnProgress = Callable[[Trainer], None]


@dataclass(frozen=True)
class Result:
    """A finished run.

    `steps` and `evaluations` are the records (records.STEP_DTYPE, EVALUATION_DTYPE) as DataFrames; `epochs` the
    running mean loss and accuracy of each epoch, over its mini-batches before their updates, as Keras prints them.
    """

    config: RunConfig
    outcome: Outcome
    steps: pd.DataFrame
    evaluations: pd.DataFrame
    epochs: pd.DataFrame
    events: tuple[Event, ...]
    model: torch.nn.Sequential
    seconds: float
    result: dict[str, Any] = field(default_factory=dict)

    @property
    def curves(self) -> Curves:
        """The records as charts are made of them; without those of layers and of sharpness."""
        steps, evaluations = (
            frame.to_records(index=False).astype(DTYPES[name])
            for name, frame in (("steps", self.steps), ("evaluations", self.evaluations))
        )
        return Curves(steps, evaluations, self.events)

    def figure(self, chart: RunChart = "loss", *, dark: bool = False) -> Any:
        """A chart as a Plotly figure: "loss", "accuracy", "gradient" or "rate"."""
        return notebook.run_figure(self._run(), self.curves, chart, dark=dark)

    def _repr_html_(self) -> str:
        return notebook.run_html(self._run(), self.curves)

    def _run(self) -> Run:
        return notebook.run_of(self.config, self.outcome, self.result)


def train(
    config: RunConfig,
    dataset: Dataset | None = None,
    *,
    data: Path | str | None = None,
    threads: int | None = None,
    device: str | None = None,
    on_progress: OnProgress | None = None,
    progress: bool = False,
    learning_rate_changes: Sequence[tuple[int, float]] = (),
) -> Result:
    """Train to the end and return everything.

    `threads`: as many as are of use by default. `device`: auto (default), cpu, cuda or mps; see `devices.device_for`.
    `dataset`, or the one that the configuration names, from folder `data`. `on_progress(trainer)` about five times a
    second. `progress`: show a bar (of tqdm's). `learning_rate_changes`: (updates made before it, base rate) for each change on
    the way, as by hand on a page. Raises DataError where the data cannot be had, DeviceError where there is no such device,
    ConfigError for a rate that cannot be, TrainingError for a bar without tqdm.
    """
    if progress:
        on_progress = _with_bar(config, on_progress)
    threads = threads or useful_threads(config, settings.cpu_count())
    trainer = Trainer(
        config,
        dataset or load_dataset(config.dataset, data),
        threads=threads,
        device=device,
        speed=speed_to_choose_by(device),
    )
    parts: list[Curves] = []
    changes = sorted(learning_rate_changes)
    while not trainer.finished:
        while changes and changes[0][0] <= trainer.step:
            trainer.set_learning_rate(changes.pop(0)[1])
        steps = changes[0][0] - trainer.step if changes else None
        parts.append(trainer.advance(seconds=0.2 if on_progress else math.inf, steps=steps))
        if on_progress is not None:
            on_progress(trainer)
    result = result_of(trainer, parts)
    accuracy = trainer.train_files_accuracy()
    trainer.model.to("cpu")  # the last that was asked of it as a run
    return replace(result, result=result.result | {"train_files_accuracy": accuracy})


def _with_bar(config: RunConfig, also: OnProgress | None) -> OnProgress:
    tell = notebook.progress_bar(config.total_steps)

    def told(trainer: Trainer) -> None:
        tell(1.0 if trainer.finished else trainer.step / trainer.total_steps)
        if also is not None:
            also(trainer)

    return told


def result_of(trainer: Trainer, parts: Sequence[Curves]) -> Result:
    """What a run that is over has come to; `parts` are its records in order."""
    import pandas as pd  # 70 MB, which no worker needs

    assert trainer.outcome is not None
    records = {name: np.concatenate([getattr(part, name) for part in parts]) for name in DTYPES}
    trainer.settle_best()
    figures = trainer.result() | trainer.result_on_all_images()
    kept = at_end(trainer.config, Curves(**records, events=tuple(trainer.events)), trainer.outcome, figures)
    verdict = with_test_images(trainer.config, figures, trainer.outcome, kept)
    return Result(
        trainer.config,
        trainer.outcome,
        pd.DataFrame(records["steps"]),
        pd.DataFrame(records["evaluations"]),
        _epochs(trainer),
        tuple(trainer.events),
        trainer.model,
        trainer.seconds,
        figures | {"verdict": verdict},
    )


def _epochs(trainer: Trainer) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"epoch": number, "loss": loss / images, "accuracy": hits / images}
        for number, (loss, hits, images) in enumerate(trainer.state.epochs, 1)
    ]
    return pd.DataFrame(rows, columns=["epoch", "loss", "accuracy"])
