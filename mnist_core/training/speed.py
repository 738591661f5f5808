"""How fast this machine trains, measured in about a second; and how long an update takes at several batch sizes."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from mnist_core import settings, workload
from mnist_core.config import ModelName, RunConfig
from mnist_core.data import Dataset
from mnist_core.estimate import Card, Rate, Speed
from mnist_core.training.chunks import Progress, nothing
from mnist_core.training.devices import agrees, there
from mnist_core.training.trainer import Trainer

_IMAGES = 2_000
TIMED_SECONDS = 0.15  # for which each kind of step is timed
_SHARED = 1_000_000  # numbers, more than torch gives to one thread


def measure_speed(threads: int | None = None, alive: Callable[[], object] = lambda: None) -> Speed:
    """Times a few steps of a tiny and of a larger network of each kind, on made-up images. Also warms torch up.

    The larger one with all of `threads` (default: torch's) and with one, as where others compute; the tiny one with one: two would
    wait for each other. `alive` is called between blocks of updates, outside of their time.
    """
    dataset, cores = _noise(), threads or torch.get_num_threads()
    base = RunConfig(train_size=_IMAGES, validation_size=0, epochs=1000)
    mlp = base.replace(hidden_layers=(16,), batch_size=10)
    cnn = base.replace(model="cnn", filters=(2,), hidden_layers=(), batch_size=4)
    large_mlp = mlp.replace(hidden_layers=(512,), batch_size=128)
    large_cnn = cnn.replace(filters=(16, 32), hidden_layers=(64,), batch_size=64)

    def rates(device: str) -> tuple[Rate, Rate]:
        timed = partial(_seconds_per_step, dataset=dataset, device=device, alive=alive)
        several = cores if device == "cpu" else 1
        return _rate(mlp, large_mlp, timed, several), _rate(cnn, large_cnn, timed, several)

    device = there()
    card = Card(device, *rates(device)) if device and agrees(device) else None
    speed = Speed(*rates("cpu"), True, card)
    torch.set_num_threads(cores)
    return speed


def speed_to_choose_by(device: str | None) -> Speed | None:
    """What `device_for` needs for this name: measured once in this process, where there is a card to choose; that takes seconds."""
    return _measured() if (device or settings.device()) == "auto" and there() else None


@functools.cache
def _measured() -> Speed:
    return measure_speed()


def warm_up(threads: int) -> None:
    """Let torch set itself up (kernels, thread pool), so that the first run does not wait for it.

    The kernels by one thread: where others compute (workers start side by side), two wait for each other most of the time.
    """
    models: tuple[ModelName, ...] = ("mlp", "cnn")
    for model in models:
        config = RunConfig(model=model, train_size=_IMAGES, validation_size=0, filters=(2,), batch_size=10)
        Trainer(config, _noise(), threads=1, device="cpu").advance(steps=2)
    torch.set_num_threads(threads)
    torch.ones(_SHARED).sum()


def _rate(small: RunConfig, large: RunConfig, timed: Callable[[RunConfig, int], float], threads: int) -> Rate:
    """What a step of both says: `timed` gives the seconds of one, with so many threads."""
    tiny, by_one = timed(small, 1), timed(large, 1)
    more = workload.overhead(large) / workload.overhead(small)
    # Of a large step no more than half is overhead, whatever else the machine did while the small one was timed.
    of_one = (workload.update(large) - more * workload.update(small)) / max(by_one - more * tiny, by_one / 2)
    of_tiny = max(tiny - workload.update(small) / of_one, tiny / 2) / workload.overhead(small)
    overhead = min(of_tiny, by_one / 2 / workload.overhead(large))
    if threads == 1:
        return Rate(overhead, of_one, of_one)
    by_all = timed(large, threads)
    of_all = workload.update(large) / max(by_all - workload.overhead(large) * overhead, by_all / 2)
    return Rate(overhead, max(of_one, of_all), of_one)


def _seconds_per_step(
    config: RunConfig, threads: int, dataset: Dataset, device: str, alive: Callable[[], object]
) -> float:
    """That of the fastest: others on the machine only ever make one slower."""
    times = update_times(config, dataset, seconds=TIMED_SECONDS, threads=threads, device=device, alive=alive)
    return min(islice(times, 300))


def update_times(
    config: RunConfig,
    dataset: Dataset,
    *,
    seconds: float,
    threads: int | None = None,
    device: str = "cpu",
    warm: int = 5,
    alive: Callable[[], object] = lambda: None,
) -> Iterator[float]:
    """Seconds of one update of a fresh run after the other, at least three, for about `seconds`; the first `warm` are not told.

    `alive` is called between updates and between the chunks of one, outside of their time, and may raise to end it.
    """
    loop = Trainer(config, dataset, threads=threads, device=device).loop
    aside = 0.0

    def between() -> bool:
        nonlocal aside
        begun = time.perf_counter()
        alive()
        aside += time.perf_counter() - begun
        return False

    for _warm in range(warm):
        loop.update(between)
        alive()
    passed, updates = 0.0, 0
    while updates < 3 or passed < seconds:
        begun, aside = time.perf_counter(), 0.0
        made = loop.make_updates(between, seconds=seconds - passed)  # a block, as in a run
        took = time.perf_counter() - begun - aside
        passed, updates = passed + took, updates + made
        yield from [took / made] * made
        alive()


def batch_times(
    config: RunConfig,
    dataset: Dataset,
    sizes: Sequence[int],
    *,
    seconds: float = 0.4,
    threads: Callable[[RunConfig], int] = lambda config: 1,
    progress: Progress = nothing,
) -> list[tuple[float, int]]:
    """(seconds of one update on average, updates timed) at each batch size; each is timed for about `seconds`.

    Updates as a run makes them, with their records, without evaluations. `threads` for a configuration; `progress` is told
    the share that is done, and may raise to end it.
    """
    times = []
    for place, size in enumerate(sizes):
        sized = config.replace(batch_size=size)
        took: list[float] = []

        def report(place: int = place, took: list[float] = took) -> None:
            progress((place + min(1.0, sum(took) / seconds)) / len(sizes))

        report()
        for update in update_times(sized, dataset, seconds=seconds, threads=threads(sized), warm=2, alive=report):
            took.append(update)
            report()
        times.append((sum(took) / len(took), len(took)))
    return times


def _noise() -> Dataset:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 256, (_IMAGES, 28, 28), np.uint8)
    labels = generator.integers(0, 10, _IMAGES, np.uint8)
    return Dataset("built-in", Path(), images, labels, images[:100], labels[:100])
