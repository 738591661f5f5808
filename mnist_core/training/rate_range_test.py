"""range_test(): a learning-rate range test from Python, without Streamlit, Dask or a store."""

from __future__ import annotations

from pathlib import Path

from mnist_core import settings
from mnist_core.config import RunConfig
from mnist_core.data import Dataset, load_dataset
from mnist_core.diagnostics.range_test import Reading, plan, read
from mnist_core.estimate import useful_threads
from mnist_core.training.speed import speed_to_choose_by
from mnist_core.training.trainer import Trainer


def range_test(
    config: RunConfig,
    dataset: Dataset | None = None,
    *,
    data: Path | str | None = None,
    highest: float | None = None,
    threads: int | None = None,
    device: str | None = None,
) -> Reading:
    """Train `config` afresh for some hundred updates while its rate rises by six decades; what that says.

    `highest`: the rate that it ends with (default: 10, or 1 for raw pixels).

    `dataset`, or the one that the configuration names, from folder `data`. `device`: auto (default), cpu, cuda or mps. After
    Smith 2015 (arXiv:1506.01186). Raises ConfigError, DataError, DeviceError.
    """
    rising = plan(config, highest)
    threads = threads or useful_threads(rising, settings.cpu_count())
    trainer = Trainer(
        rising,
        dataset or load_dataset(rising.dataset, data),
        threads=threads,
        device=device,
        speed=speed_to_choose_by(device),
    )
    steps = trainer.advance().steps
    return read(steps, rising)
