"""What runs have in common and where they differ."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from mnist_core import config
from mnist_core.config import RunConfig
from mnist_core.messages import N_, Message, message
from mnist_core.records import Curves, Run

# Settings, and what was done to a run by hand, as they are called in a sentence and at the head of a column.
NAMES: Mapping[str, str] = {**config.NAMES, "rate_changes": N_("learning rate changes by hand")}
# Settings that are drawn on a log scale.
LOG_SCALED = {"learning_rate", "batch_size", "train_size", "weight_decay", "epsilon", "init_std"}
SEEDS = ("seed", "batch_seed")


# Settings that say nothing but where another one has one of these values.
_ONLY_WITH: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "init_std": ("initialization", ("normal",)),
    "filters": ("model", ("cnn",)),
    "kernel_size": ("model", ("cnn",)),
    "pooling": ("model", ("cnn",)),
    "momentum": ("optimizer", ("momentum", "nesterov")),
    "rho": ("optimizer", ("rmsprop",)),
    "beta1": ("optimizer", ("adam", "adamw")),
    "beta2": ("optimizer", ("adam", "adamw")),
    "epsilon": ("optimizer", ("adagrad", "rmsprop", "adam", "adamw")),
    "schedule_epochs": ("schedule", ("step", "warm-up")),
    "schedule_factor": ("schedule", ("step",)),
}


def in_use(config: RunConfig, name: str) -> Any:
    """The value of a setting; None where the run makes no use of it: an MLP has no filters, plain SGD no momentum."""
    if name in _ONLY_WITH:
        other, values = _ONLY_WITH[name]
        if getattr(config, other) not in values:
            return None
    return getattr(config, name)


def setting(run: Run, name: str) -> Any:
    """The value in `run` of a setting, or of what else is in NAMES; None where it makes no use of it."""
    return run.rate_changes if name == "rate_changes" else in_use(run.config, name)


def differing(runs: Iterable[Run], *, unused: bool = False) -> list[str]:
    """Names of the settings that are not the same in all, in their usual order.

    What some make no use of, since another setting of theirs differs (plain SGD has no momentum), is told with that one, and
    here only where it is not the same in those that do; `unused`: there as well, as for a table, where it is an empty cell.
    """
    run_list = list(runs)

    def differs(name: str) -> bool:
        with_it = [run for run in run_list if unused or name not in _ONLY_WITH or in_use(run.config, name) is not None]
        return len({setting(run, name) for run in with_it}) > 1

    return [name for name in NAMES if differs(name)]


def in_words(first: Run, second: Run, texts: Mapping[str, tuple[str, str]]) -> Message:
    """How the settings of two runs differ; `texts` has both values of each as they are to be read."""
    names = differing((first, second))
    if not names:
        return message(
            N_("The settings are identical. Over the steps that both runs trained, the curves differ only by rounding.")
        )
    parts = [
        message(N_("{name}: {one} → {other}"), name=message(NAMES[name]), one=texts[name][0], other=texts[name][1])
        for name in names
    ]
    listed: Message = parts[0]
    for part in parts[1:]:
        listed = Message("{listed}; {part}", {"listed": listed, "part": part})
    if len(names) == 1:
        return message(N_("Only one setting differs. {listed}."), listed=listed)
    return message(N_("{n} settings differ. {listed}."), n=len(names), listed=listed)


def grouped(runs: Sequence[Run], by: str) -> dict[Any, list[Run]]:
    """Runs that belong together, in the order of their first: those alike in all but the seeds (`by` = "seed"), or
    those with the same value of the setting `by`; runs of one rate from the beginning to the end."""
    groups: dict[Any, list[Run]] = {}
    for run in runs:
        if by == "seed":
            key: Any = tuple(setting(run, name) for name in NAMES if name not in SEEDS)
        else:
            key = setting(run, by)
            if by == "learning_rate" and run.rate_changes:
                key = (key, run.rate_changes)
        groups.setdefault(key, []).append(run)
    return groups


def places(runs: Sequence[Run], colors: int) -> list[int]:
    """Numbers of the runs in a chart of so many colors, each once: a color and, where the colors start again, another dash or sign.
    Runs have the color that their student chose; the others take the numbers that are left, in order."""
    taken: set[int] = set()
    chosen: dict[str, int] = {}
    for run in runs:
        if run.color is not None:
            chosen[run.id] = next(number for number in itertools.count(run.color, colors) if number not in taken)
            taken.add(chosen[run.id])
    free = (number for number in itertools.count() if number not in taken)
    return [chosen[run.id] if run.id in chosen else next(free) for run in runs]


def position(name: str, value: Any) -> float | None:
    """Where a setting's value stands on an axis of numbers; None for words and networks of several layers."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, int | float):
        return float(value)
    if name == "hidden_layers":
        return float(sum(value))
    return None


@dataclass(frozen=True)
class Reached:
    """Where a run first was as good as wanted: after how many updates, and seconds of training."""

    step: int
    seconds: float


def reached(curves: Curves, accuracy: float) -> Reached | None:
    """The first evaluation with at least this validation accuracy; None where there is none."""
    rows = np.flatnonzero(curves.evaluations["validation_accuracy"] >= accuracy)
    if not len(rows):
        return None
    row = curves.evaluations[rows[0]]
    return Reached(int(row["step"]), float(row["seconds"]))
