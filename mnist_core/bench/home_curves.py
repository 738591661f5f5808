"""Trains what the Home page shows and writes it to `mnist_core/home_page/recorded.json`: half a minute, seldom.

One thread, so that the curves do not depend on the number of cores.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mnist_core.data import Dataset, load_dataset
from mnist_core.diagnostics import Scale, zones
from mnist_core.home_page.recorded import CONFIG, RATES, Line, RateCurve, Recording
from mnist_core.presets import preset
from mnist_core.records import STEP_DTYPE, Curves

if TYPE_CHECKING:
    from mnist_core.training import Result

POINTS = 100  # of a curve
SMALL_POINTS = 40  # of a curve in a small picture
BREAKING_EPOCHS = 10  # drawn of the experiment that breaks
ABOUT = (
    "Written by `python -m mnist_core bench home-curves`: trained by this project's engine on the {n:,} training and "
    "10,000 validation images of real MNIST, one seed, one thread."
)


def record(data: Path | None, file: Path) -> Recording:
    """Train, write `file` and return what it holds. Raises DataError without real MNIST, which folder `data` may have."""
    dataset = load_dataset("mnist", data)
    steps, curves = _rates(dataset)
    recording = Recording(ABOUT.format(n=CONFIG.train_size), CONFIG.to_query(), steps, curves, _experiments(dataset))
    recording.write(file)
    return recording


def _rates(dataset: Dataset) -> tuple[tuple[int, ...], tuple[RateCurve, ...]]:
    """The moving picture: the steps that are drawn, and a curve for each of RATES."""
    from mnist_core.training import sweep

    runs = sweep(CONFIG, RATES, dataset=dataset, threads=1).runs
    reading = zones.read([_trial(run) for run in runs], Scale.of(CONFIG))
    curves = []
    for run, point in zip(runs, reading.points, strict=True):
        assert point.zone is not None  # every run came to its end
        first = float(run.evaluations["train_accuracy"].iloc[0])
        windows = _means(run.steps["accuracy"].to_numpy(), POINTS)
        accuracy = (first, *windows)
        curves.append(RateCurve(point.rate, point.zone, _short(run.result["validation_accuracy"]), _shorts(accuracy)))
    return (0, *_ends(runs[0], POINTS)), tuple(curves)


def _trial(run: Result) -> zones.Trial:
    steps = run.steps.to_records(index=False).astype(STEP_DTYPE)
    unstable = zones.unstable(Curves(steps=steps), Scale.of(run.config), run.config.batch_size)
    return zones.Trial(run.config.learning_rate, run.config.seed, run.outcome, run.result["train_loss"], unstable)


def _experiments(dataset: Dataset) -> dict[str, tuple[Line, ...]]:
    """The small pictures: of each experiment the curves that show what it is about."""
    from mnist_core.training import train

    learns = train(preset("keras-first-look").config, dataset, threads=1)
    broken = preset("two-layer-net-rate-1.5").config.replace(epochs=BREAKING_EPOCHS)
    pair = [train(config, dataset, threads=1) for config in (broken, broken.replace(learning_rate=0.5))]
    overfits = train(preset("overfit-and-stop").variant("to the end"), dataset, threads=1)
    return {
        "keras-first-look": (_batches("train", learns, "accuracy"), _evaluated("test", learns, "accuracy")),
        "two-layer-net-rate-1.5": tuple(_batches(f"{run.config.learning_rate:g}", run, "accuracy") for run in pair),
        "overfit-and-stop": (_batches("train", overfits, "loss"), _evaluated("validation", overfits, "loss")),
    }


def _batches(name: str, run: Result, metric: str) -> Line:
    """A curve over mini-batches, each point the mean of what it stands for."""
    return Line(name, _ends(run, SMALL_POINTS), _shorts(_means(run.steps[metric].to_numpy(), SMALL_POINTS)))


def _evaluated(split: str, run: Result, metric: str) -> Line:
    """A curve over evaluations, the untrained network left out."""
    rows = run.evaluations.iloc[1:]
    return Line(split, tuple(map(int, rows["step"])), _shorts(rows[f"{split}_{metric}"]))


def _ends(run: Result, count: int) -> tuple[int, ...]:
    """The last step of each of `count` equal stretches of the run."""
    return tuple(int(part[-1]) for part in np.array_split(run.steps["step"].to_numpy(), count))


def _means(values: NDArray[np.floating], count: int) -> list[float]:
    return [float(part.mean()) for part in np.array_split(values, count)]


def _short(value: float) -> float:
    return round(float(value), 3)


def _shorts(values: Iterable[float]) -> tuple[float, ...]:
    return tuple(map(_short, values))
