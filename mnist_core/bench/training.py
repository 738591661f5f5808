"""How fast training is, beside its floor and beside others: `python -m mnist_core bench training`.

Every contestant is a process that stays; in each round every one does its work once, in turns. Ratios are of times of
the same round, given as their median, with minimum and maximum.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import TypeVar

from mnist_core.bench import contests
from mnist_core.bench.contestant import CONTESTANTS
from mnist_core.bench.contests import Contest
from mnist_core.bench.process import Entry, Process
from mnist_core.bench.report import Figure, Report, busy, median
from mnist_core.bench.work import Work
from mnist_core.config import RunConfig
from mnist_core.data import load_dataset
from mnist_core.errors import MnistLabError
from mnist_core.presets import PRESETS

Item = TypeVar("Item")
WIDTHS = (16, 32, 64, 128, 256, 512, 1_024, 2_048)
BATCH_SIZES = (1, 10, 100, 1_000, 10_000)
SEEDS = 5  # of lenet-fast


@dataclass
class Measurement:
    """The figures of one contest, or of several."""

    figures: list[Figure] = field(default_factory=list)
    samples: dict[str, list[float]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)

    def add(self, other: Measurement) -> None:
        """Add those of another."""
        self.figures += other.figures
        self.samples |= other.samples
        self.versions |= other.versions


def measure(*, only: Sequence[str] = (), rounds: int = 5, data: Path | None = None) -> Report:
    """Measure the contests named in `only` (default: all of CONTESTS). Raises DataError where there is no MNIST."""
    folder = load_dataset("mnist", data).source.resolve()  # contestants have a working directory of their own
    load = busy()
    if load is not None and load > 0.5:
        _say(f"Others use this machine (load {load:.1f}): the figures will be worse and spread wider than it could.")
    measurement = Measurement()
    for name in only or CONTESTS:
        measurement.add(CONTESTS[name](rounds, folder))
    return Report(measurement.figures, measurement.samples, measurement.versions)


def round_order(items: Sequence[Item], number: int) -> list[Item]:
    """The order of the round `number`: every second is backwards, so that a machine that slows down harms all alike."""
    return list(items) if number % 2 == 0 else list(reversed(items))


def compare(contest: Contest, rounds: int, folder: Path) -> Measurement:
    """All contestants of a contest in turns."""
    with ExitStack() as stack:
        processes = [stack.enter_context(Process(works, folder)) for works in _shared(contest.works)]
        for process in processes:
            process.wait_ready()
        places = [(process, index) for process in processes for index in range(len(process.entries))]
        for number in range(rounds):
            for process, index in round_order(places, number):
                _work(process, index, number, f"{contest.title}, round {number + 1} of {rounds}")
        by_contestant = {entry.work.contestant: entry for process in processes for entry in process.entries}
    entries = {work.contestant: by_contestant[work.contestant] for work in contest.works}
    return Measurement(
        [replace(figure, group=contest.title) for figure in contest.figures(entries)],
        {f"{contest.title}: {name}": _seconds(entry) for name, entry in entries.items()},
        _versions(entries.values()),
    )


def _shared(works: Sequence[Work]) -> list[list[Work]]:
    """The works of each process: ours and the floor together, every other alone."""
    ours = [work for work in works if CONTESTANTS[work.contestant].ours]
    return [ours, *([work] for work in works if work not in ours)] if ours else [[work] for work in works]


def _work(process: Process, index: int, number: int, where: str) -> None:
    entry = process.entries[index]
    if entry.absent:
        return
    process.ask(index, number)
    answer = process.answer(index)
    outcome = entry.absent if answer is None else f"{answer.seconds:.2f} s"
    _say(f"{where}: {CONTESTANTS[entry.work.contestant].title}, {outcome}")


def _seconds(entry: Entry) -> list[float]:
    return [answer.seconds for answer in entry.answers]


def _versions(entries: Iterable[Entry]) -> dict[str, str]:
    versions: dict[str, str] = {}
    for entry in entries:
        versions |= entry.versions
    return versions


def side_by_side(rounds: int, folder: Path, config: RunConfig | None = None) -> Measurement:
    """Two runs in two processes, as the app's workers have them: one after the other, and both at once."""
    title = "two runs of two-layer-net side by side"
    work = Work("ours-run", config or PRESETS["two-layer-net"].config)
    methods = {"one after the other": _apart, "side by side": _together}
    samples: dict[str, list[float]] = {name: [] for name in methods}
    with Process([work], folder) as first, Process([work], folder) as second:
        for process in (first, second):
            process.wait_ready()
        for number in range(rounds):
            for name, method in round_order(list(methods.items()), number):
                samples[name].append(method((first, second), number))
                _say(f"{title}, round {number + 1} of {rounds}: {name}, {samples[name][-1]:.2f} s")
        versions = first.entries[0].versions
    gains = [apart / together for apart, together in zip(*samples.values(), strict=True)]
    figures = [median(name, values, "s", group=title) for name, values in samples.items()]
    figures.append(median("throughput side by side / one after the other", gains, "×", minimum=1.6, group=title))
    return Measurement(figures, {f"{title}: {name}": values for name, values in samples.items()}, versions)


def _apart(processes: Sequence[Process], number: int) -> float:
    """Seconds of one after the other."""
    return sum(_together([process], number) for process in processes)


def _together(processes: Sequence[Process], number: int) -> float:
    """Seconds until the last of them is done, all told to begin at once."""
    start = time.perf_counter()
    for process in processes:
        process.ask(0, number)
    for process in processes:
        if process.answer(0) is None:
            raise MnistLabError("A run could not be measured ({reason}).", reason=process.entries[0].absent)
    return time.perf_counter() - start


def scaling(rounds: int, folder: Path) -> Measurement:
    """Time of an update and memory of a process by width and by batch size, each in a new process."""
    base = PRESETS["two-layer-net"].config.replace(sampling="shuffle", epochs=1_000)
    measurement = Measurement()
    widths = [(width, base.replace(hidden_layers=(width,))) for width in WIDTHS]
    sizes = [(size, base.replace(train_size=50_000, hidden_layers=(128,), batch_size=size)) for size in BATCH_SIZES]
    measurement.add(_grow("width of the hidden layer, batches of 100", widths, rounds, folder))
    measurement.add(_grow("batch size, 128 hidden units", sizes, rounds, folder))
    return measurement


def _grow(quantity: str, points: Sequence[tuple[int, RunConfig]], rounds: int, folder: Path) -> Measurement:
    times: list[Figure] = []
    memory: list[Figure] = []
    samples: dict[str, list[float]] = {}
    versions: dict[str, str] = {}
    for size, config in points:
        with Process([Work("ours-updates", _some_steps(config))], folder) as process:
            process.wait_ready()
            for number in range(rounds):
                _work(process, 0, number, f"{quantity}: {size:,}, round {number + 1} of {rounds}")
            entry = process.entries[0]
        milliseconds = [answer.per_update * 1e3 for answer in entry.answers]
        megabytes = [answer.bytes / 1e6 for answer in entry.answers]
        samples[f"{quantity}: {size}"] = milliseconds
        versions |= entry.versions
        times.append(median(f"{size:,}", milliseconds, "ms", group=f"Time of a step by {quantity}", at=size))
        memory.append(median(f"{size:,}", megabytes, "MB", group=f"Memory of a worker by {quantity}", at=size))
    return Measurement([*times, growth(times), *memory], samples, versions)


def _some_steps(config: RunConfig) -> RunConfig:
    """As many images as make 200 steps, or all of them."""
    return config.replace(train_size=min(50_000, 200 * config.batch_size))


def growth(times: Sequence[Figure]) -> Figure:
    """How much faster than the work the time grows, at worst from one size to the next: 1 is in proportion."""
    ratios = [
        (after.value / before.value) / (after.at / before.at)
        for before, after in pairwise(times)
        if before.value and after.value and before.at and after.at
    ]
    name = "growth of time / growth of work, greatest step"
    return Figure(name, max(ratios, default=None), "×", most=1.3, group=times[0].group)


def _first_look(rounds: int, folder: Path) -> Measurement:
    measurement = Measurement()
    for optimizer, rate in (("sgd", 0.1), ("rmsprop", 0.001), ("adam", 0.001)):
        measurement.add(compare(contests.first_look(optimizer, rate), rounds, folder))
    return measurement


def _two_layer(rounds: int, folder: Path) -> Measurement:
    return compare(contests.two_layer(), rounds, folder)


def _sweep(rounds: int, folder: Path) -> Measurement:
    measurement = compare(contests.sweep(8), rounds, folder)
    measurement.add(compare(contests.sweep(16), rounds, folder))
    return measurement


def _lenet(rounds: int, folder: Path) -> Measurement:
    measurement = compare(contests.lenet(), rounds, folder)
    measurement.add(compare(contests.lenet_fast(PRESETS["lenet-fast"].config), SEEDS, folder))
    return measurement


def _laboratory(rounds: int, folder: Path) -> Measurement:
    return compare(contests.laboratory(), rounds, folder)


CONTESTS: Mapping[str, Callable[[int, Path], Measurement]] = {
    "keras-first-look": _first_look,
    "two-layer-net": _two_layer,
    "sweep": _sweep,
    "lenet": _lenet,
    "laboratory": _laboratory,
    "side-by-side": side_by_side,
    "scaling": scaling,
}


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
