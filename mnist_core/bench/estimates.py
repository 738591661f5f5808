"""How good the expected time is: runs of many kinds, alone on this machine, beside what was expected of them.

The machine is measured first, as a worker does it. A run is shortened, in whole epochs, to about `SECONDS`; the first one's loading of the
libraries is left out.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from mnist_core import settings
from mnist_core.bench.report import Figure, Report
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset
from mnist_core.estimate import Speed, estimate_seconds, useful_threads
from mnist_core.presets import PRESETS

SECONDS = 4.0
SHORTER, LONGER = 0.67, 1.5  # times what was expected
_MLP = RunConfig(stop_when_not_finite=False)
_CNN = _MLP.replace(model="cnn", filters=(16, 32), hidden_layers=(64,), train_size=20_000)
RUNS = {
    "keras-first-look": PRESETS["keras-first-look"].config,
    "two-layer-net": PRESETS["two-layer-net"].config,
    "overfit-and-stop": PRESETS["overfit-and-stop"].config,
    "edge-of-stability (sharpness)": PRESETS["edge-of-stability"].config,
    "MLP as it begins on Train": _MLP,
    "MLP 10, batch 1": _MLP.replace(hidden_layers=(10,), batch_size=1, train_size=5_000),
    "MLP 2048, batch 10": _MLP.replace(hidden_layers=(2_048,), batch_size=10, train_size=20_000),
    "MLP 512-512, Adam": _MLP.replace(hidden_layers=(512, 512), optimizer="adam"),
    "MLP 30 × 6, batch normalization": _MLP.replace(hidden_layers=(30,) * 6, batch_size=32, batch_norm=True),
    "MLP 100, dropout": _MLP.replace(dropout=0.5),
    "CNN 16/32": _CNN,
    "CNN 16/32, batch normalization": _CNN.replace(batch_norm=True),
    "CNN 16/32, tanh, average pooling": _CNN.replace(activation="tanh", pooling="average"),
    "CNN 32/64, batch 128 (lenet)": PRESETS["lenet"].config.replace(train_size=10_000),
    "CNN 4/8, batch 32": _CNN.replace(filters=(4, 8), hidden_layers=(32,), batch_size=32),
    "CNN 8, sharpness": _CNN.replace(filters=(8,), hidden_layers=(32,), sharpness=True),
}


def measure(data: Path | None = None) -> Report:
    """A figure for each of `RUNS`: what it took by what was expected. Raises DataError where there is no MNIST."""
    from mnist_core.training import measure_speed, warm_up

    dataset, cores = load_dataset("mnist", data), settings.cpu_count()
    warm_up(cores)
    speed = measure_speed(cores)
    return Report([figure(name, config, speed, dataset) for name, config in RUNS.items()])


def shortened(config: RunConfig, speed: Speed) -> RunConfig:
    """In whole epochs, at least one, to what takes about `SECONDS` by this speed."""
    one = config.replace(epochs=1, early_stopping=0)
    return one.replace(epochs=max(1, min(config.epochs, int(SECONDS / estimate_seconds(one, speed)))))


def figure(name: str, config: RunConfig, speed: Speed, dataset: Dataset) -> Figure:
    """What the shortened run takes by what is expected of it."""
    from mnist_core.training import Trainer

    config = shortened(config, speed)
    trainer = Trainer(config, dataset, threads=useful_threads(config, settings.cpu_count()), device="cpu")
    begun = time.perf_counter()
    trainer.advance()
    took, expected = time.perf_counter() - begun, estimate_seconds(config, speed)
    print(f"{name}: {took:.2f} s, {expected:.2f} s were expected", file=sys.stderr, flush=True)
    return Figure(name, took / expected, "×", most=LONGER, minimum=SHORTER, note=f"{took:.1f} s")
