"""What is measured against what: networks, data and work of each contest, and the targets.

All have the same network, first weights of the same size, optimizer, batch size and images, scaled 0 to 1. Where
evaluations are inside, the line says so: in ours those of the run's curve (parts of training, validation and test), in
NumPy's those of a tutorial (training and test images, once in an epoch). No other peer evaluates.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from mnist_core.bench.contestant import CONTESTANTS
from mnist_core.bench.process import Entry
from mnist_core.bench.report import Figure, median
from mnist_core.bench.work import Work
from mnist_core.config import RunConfig
from mnist_core.presets import PRESETS

Entries = Mapping[str, Entry]  # by contestant
Judge = Callable[[Entries], Figure]


@dataclass(frozen=True)
class Contest:
    """Contestants in turns. Times are seconds per update × `factor`, in `unit`."""

    title: str
    works: tuple[Work, ...]
    unit: str
    factor: float
    judges: tuple[Judge, ...]

    def figures(self, entries: Entries) -> list[Figure]:
        """The median time of each, then what the judges say."""
        return [self._time(name, entry) for name, entry in entries.items()] + [judge(entries) for judge in self.judges]

    def _time(self, name: str, entry: Entry) -> Figure:
        samples = [answer.per_update * self.factor for answer in entry.answers]
        return median(CONTESTANTS[name].title, samples, self.unit, note=entry.absent or _accuracy(entry))


def _accuracy(entry: Entry) -> str:
    accuracies = [answer.accuracy for answer in entry.answers if answer.accuracy is not None]
    return f"test accuracy {accuracies[-1]:.3f} at the end" if accuracies else ""


def ratio(
    name: str, over: Sequence[str], under: str, *, most: float | None = None, minimum: float | None = None
) -> Judge:
    """Judges, round by round, the time of the fastest of `over` by that of `under`."""

    def judge(entries: Entries) -> Figure:
        present = [entries[contestant] for contestant in over if entries[contestant].answers]
        absent = [CONTESTANTS[contestant].title for contestant in over if not entries[contestant].answers]
        rounds = zip(entries[under].answers, *(entry.answers for entry in present), strict=False)
        ratios = [min(other.per_update for other in others) / own.per_update for own, *others in rounds if others]
        note = f"without {', '.join(absent)}" if absent else ""
        return median(name, ratios, "×", most=most, minimum=minimum, note=note)

    return judge


def shares() -> tuple[Judge, Judge]:
    """How much of a run its evaluations take, and how much of it what is said of its layers."""
    return (
        ratio("evaluations, with the looks inside the layers / run", ["ours-evaluations"], "ours-run", most=0.10),
        ratio("looks inside the layers / run", ["ours-probes"], "ours-run"),
    )


def first_look(optimizer: str, rate: float) -> Contest:
    """An epoch of keras-first-look with one of the optimizers."""
    config = PRESETS["keras-first-look"].config.replace(optimizer=optimizer, learning_rate=rate)
    peers = ["torch-tutorial", "torch-loader", "torch-sliced", "keras-tensorflow", "keras-jax"]
    peers += ["scikit-learn"] if optimizer != "rmsprop" else []  # it has none
    epoch = config.replace(epochs=1)
    return Contest(
        f"keras-first-look, {NAMES[optimizer]}",
        (
            Work("floor", epoch),
            Work("ours-updates", config),
            Work("ours-run", config),
            Work("ours-evaluations", config),
            Work("ours-probes", config),
            *(Work(peer, epoch) for peer in peers),
        ),
        "s per epoch",
        config.steps_per_epoch,
        (
            ratio("ours / floor", ["ours-updates"], "floor", most=1.2 if optimizer == "sgd" else 1.3),
            ratio("fastest peer / ours", peers, "ours-updates", minimum=1.05),
            ratio("what evaluations add: with / without", ["ours-run"], "ours-updates"),
            *shares(),
        ),
    )


NAMES = {"sgd": "SGD", "rmsprop": "RMSprop", "adam": "Adam"}


def two_layer() -> Contest:
    """The whole preset two-layer-net, 10,000 iterations."""
    config = PRESETS["two-layer-net"].config
    numpy = ("numpy-float64", "numpy-float64-bare", "numpy-float32", "numpy-float32-bare")
    names = ("floor", "floor-one-thread", "ours-run", "ours-evaluations", "ours-probes", "torch-sliced", *numpy)
    return Contest(
        "two-layer-net",
        tuple(Work(name, config) for name in names),
        "ms per iteration",
        1e3,
        (
            ratio("NumPy float64 / ours", ["numpy-float64"], "ours-run", minimum=4.0),
            ratio("NumPy float32 / ours", ["numpy-float32"], "ours-run", minimum=2.0),
            ratio("NumPy float64 without evaluations / ours with", ["numpy-float64-bare"], "ours-run"),
            ratio("NumPy float32 without evaluations / ours with", ["numpy-float32-bare"], "ours-run", minimum=1.8),
            ratio("ours, which uses one thread / floor on one", ["ours-run"], "floor-one-thread", most=2.0),
            ratio("ours / floor", ["ours-run"], "floor"),
            *shares(),
        ),
    )


def sweep(count: int) -> Contest:
    """Rates of two-layer-net, all at once and one after the other.

    Runs one after the other take as long as they are many, so every fourth rate is run; NumPy runs 2,000 of the 10,000
    iterations. Times are per iteration of one rate.
    """
    config = PRESETS["two-layer-net"].config
    rates = tuple(round(0.8 * (number + 1) / count, 4) for number in range(count))
    return Contest(
        f"sweep of {count} rates of two-layer-net",
        (
            Work("floor", config, rates),
            Work("ours-sweep", config, rates),
            Work("ours-run", config, rates[::4]),
            Work("numpy-float64", config.replace(epochs=20), rates[::4]),
            Work("numpy-float64-bare", config.replace(epochs=20), rates[::4]),
        ),
        "ms per iteration of one rate",
        1e3,
        (
            ratio("sweep / floor", ["ours-sweep"], "floor", most=1.25),
            ratio("our single runs / sweep", ["ours-run"], "ours-sweep", minimum=2.0),
            ratio("NumPy float64 / sweep", ["numpy-float64"], "ours-sweep", minimum=10.0),
            ratio("NumPy float64 without evaluations / sweep with", ["numpy-float64-bare"], "ours-sweep"),
        ),
    )


def laboratory() -> Contest:
    """What a student of two-layer-net waits for in the laboratory, without the way through the queue."""
    config = PRESETS["two-layer-net"].config.replace(epochs=20)
    return Contest(
        "the laboratory, two-layer-net",
        (Work("range-test", config), Work("landscape", config), Work("sharpness", config)),
        "s",
        config.total_steps,
        (
            _within("range test, 1,000 steps", "range-test", 5.0),
            _within("landscape, 31 × 31 points", "landscape", 5.0),
            _within("sharpness, 1,000 images", "sharpness", 0.5),
        ),
    )


def _within(name: str, contestant: str, most: float) -> Judge:
    """Judges the median time of one contestant."""

    def judge(entries: Entries) -> Figure:
        return median(name, [answer.seconds for answer in entries[contestant].answers], "s", most=most)

    return judge


def lenet() -> Contest:
    """An epoch of a LeNet with 16 and 32 filters."""
    config = PRESETS["lenet"].config.replace(filters=(16, 32))
    return Contest(
        "LeNet with 16 and 32 filters",
        (Work("ours-updates", config), Work("torch-sliced", config.replace(epochs=1))),
        "s per epoch",
        config.steps_per_epoch,
        (ratio("plain PyTorch / ours", ["torch-sliced"], "ours-updates", minimum=1.35),),
    )


def lenet_fast(config: RunConfig) -> Contest:
    """The preset lenet-fast to its end, with its evaluations; each round has a seed of its own."""
    return Contest(
        "lenet-fast",
        (Work("ours-run", config),),
        "s",
        config.total_steps,
        (
            _mean("time, mean over seeds", "s", lambda answer: answer.seconds, most=20.0),
            _mean("test accuracy, mean over seeds", "", lambda answer: answer.accuracy or 0.0, minimum=0.99),
        ),
    )


def _mean(
    name: str, unit: str, of: Callable[..., float], *, most: float | None = None, minimum: float | None = None
) -> Judge:
    def judge(entries: Entries) -> Figure:
        values = [of(answer) for answer in entries["ours-run"].answers]
        if not values:
            return Figure(name, None, unit, most, minimum)
        note = f"{len(values)} seeds"
        return Figure(name, statistics.fmean(values), unit, most, minimum, (min(values), max(values)), note)

    return judge
