"""How fast this machine trains, measured in about a second."""

from __future__ import annotations

import statistics
import time
from pathlib import Path

import numpy as np
import torch

from mnist_core.config import ModelName, RunConfig
from mnist_core.data import Dataset
from mnist_core.estimate import Rate, Speed
from mnist_core.models import describe
from mnist_core.training.stack import Stack
from mnist_core.training.trainer import Trainer

_IMAGES = 2_000


def measure_speed(threads: int | None = None) -> Speed:
    """Times a few steps of a tiny and of a larger network of each kind, on made-up images. Also warms torch up."""
    dataset = _noise()
    base = RunConfig(train_size=_IMAGES, validation_size=0, epochs=1000)
    mlp = base.replace(hidden_layers=(16,), batch_size=10)
    cnn = base.replace(model="cnn", filters=(2,), hidden_layers=(), batch_size=4)
    return Speed(
        _rate(mlp, mlp.replace(hidden_layers=(512,), batch_size=128), dataset, threads),
        _rate(cnn, cnn.replace(filters=(16, 32), hidden_layers=(64,), batch_size=64), dataset, threads),
        True,
    )


def warm_up(threads: int | None = None) -> None:
    """Let torch set itself up (kernels, thread pool), so that the first run does not wait for it."""
    models: tuple[ModelName, ...] = ("mlp", "cnn")
    for model in models:
        config = RunConfig(model=model, train_size=_IMAGES, validation_size=0, filters=(2,), batch_size=10)
        Trainer(config, _noise(), threads=threads).advance(steps=2)


def _rate(small: RunConfig, large: RunConfig, dataset: Dataset, threads: int | None) -> Rate:
    overhead = _seconds_per_step(small, dataset, threads)
    seconds = max(1e-6, _seconds_per_step(large, dataset, threads) - overhead)
    return Rate(overhead, large.batch_size * 3 * describe(large).multiplications / seconds)


def _seconds_per_step(config: RunConfig, dataset: Dataset, threads: int | None) -> float:
    if threads is not None:
        torch.set_num_threads(threads)
    stack = Stack([Trainer(config, dataset)])
    for _warm in range(5):
        stack.update()
    times: list[float] = []
    while len(times) < 30 and sum(times) < 0.2:
        begun = time.perf_counter()
        stack.update()
        times.append(time.perf_counter() - begun)
    return statistics.median(times)


def _noise() -> Dataset:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (_IMAGES, 28, 28), np.uint8)
    labels = generator.integers(0, 10, _IMAGES, np.uint8)
    return Dataset("built-in", Path(), images, labels, images[:100], labels[:100])
