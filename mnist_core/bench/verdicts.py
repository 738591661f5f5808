"""How often the health check is right: drawn configurations, labelled by longer and repeated runs, not by its own rules.

For each case the run itself is trained, the same from two other seeds, and the same for four times as many epochs. The
labels (`labels`) look at how these ended: whether more training helps, whether the repetitions agree, whether validation
goes on rising. Only for *diverged* is the run's own outcome the label. Where two labels are equally true by the margins
written there, both count as right, and the case as ambiguous.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.bench.report import cannot_write
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.diagnostics import Kind, chance_loss, judge
from mnist_core.diagnostics.course import Course
from mnist_core.errors import ConfigError
from mnist_core.rates import usual_range
from mnist_core.records import Curves, Outcome

LONGER = 4  # times the epochs
REPEATED = 2  # other seeds
MOST_STEPS, FEWEST = 1_500, 20
KINDS: tuple[Kind, ...] = (
    "learning-well",
    "learning-slowly",
    "plateau",
    "unstable",
    "diverged",
    "collapsed",
    "overfitting",
    "underfitting",
    "too-early",
)


@dataclass(frozen=True)
class Ending:
    """What the labels look at, of one run."""

    outcome: Outcome
    loss: float  # of training, at the end
    least: float  # least training loss after the first update
    accuracy: float  # of training, at the end
    best_accuracy: float
    risen: float  # validation loss at the end by its least
    falls: int  # evaluations of the later half at least 20 points of accuracy below the best before them


@dataclass(frozen=True)
class Case:
    """A configuration, what was said of it, and what may be said."""

    config: dict[str, Any]
    said: Kind
    labels: tuple[Kind, ...]
    run: Ending
    repeated: tuple[Ending, ...]
    longer: Ending
    course: Course | None = None  # what it was judged by

    @property
    def right(self) -> bool:
        """Whether what was said may be said."""
        return self.said in self.labels


def draw(random: np.random.Generator) -> RunConfig:
    """A configuration from the grid; again where it cannot be."""
    while True:
        try:
            return _drawn(random)
        except ConfigError:
            continue


def _drawn(random: np.random.Generator) -> RunConfig:
    def one_of(*choices: Any) -> Any:
        return choices[int(random.integers(len(choices)))]

    size = one_of(500, 1_000, 3_000, 10_000)
    batch = one_of(1, 10, 32, 100, 100, 500, 1_000)
    depth = one_of(0, 1, 1, 2, 3, 4)
    optimizer = one_of("sgd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw")
    preprocessing = one_of("scaled", "scaled", "scaled", "centred", "standardised", "raw")
    config = RunConfig(
        hidden_layers=(one_of(4, 16, 50, 200),) * depth,
        activation=one_of("relu", "relu", "tanh", "sigmoid", "leaky-relu", "gelu"),
        initialisation=one_of("glorot", "he", "normal"),
        optimizer=optimizer,
        preprocessing=preprocessing,
        train_size=size,
        validation_size=2_000,
        batch_size=min(batch, size),
        dropout=one_of(0.0, 0.0, 0.0, 0.3) if depth else 0.0,
        label_noise=one_of(0.0, 0.0, 0.0, 0.0, 0.3),
        seed=int(random.integers(1_000)),
    )
    low, high = (math.log10(rate) for rate in usual_range(config))
    rate = 10 ** random.uniform(max(-5.0, low - 1), min(2.0, high + 0.7))
    steps = 10 ** random.uniform(math.log10(FEWEST), math.log10(MOST_STEPS))
    epochs = max(1, min(60, round(steps / config.steps_per_epoch)))
    config = config.replace(learning_rate=float(f"{rate:.3g}"), epochs=epochs)
    return config if config.total_steps <= 3 * MOST_STEPS else _drawn(random)


def tried(config: RunConfig, dataset: Dataset) -> Case:
    """Train it, label it, judge it."""
    from mnist_core.training import Trainer

    def curves_of(changed: RunConfig) -> tuple[Curves, Outcome]:
        trainer = Trainer(changed, dataset, threads=1, device="cpu")
        curves = trainer.advance()
        assert trainer.outcome is not None
        return curves, trainer.outcome

    curves, outcome = curves_of(config)
    run = _ending(curves, outcome)
    again = tuple(_ending(*curves_of(config.replace(seed=config.seed + 1 + n))) for n in range(REPEATED))
    longer = _ending(*curves_of(config.replace(epochs=config.epochs * LONGER)))
    said, course = judge(config, curves, outcome)
    return Case(config.to_dict(), said, labels(config, run, again, longer), run, again, longer, course)


def _ending(curves: Curves, outcome: Outcome) -> Ending:
    rows = curves.evaluations[1:] if len(curves.evaluations) > 1 else curves.evaluations
    accuracy = rows["train_accuracy"].astype(float)
    validation = rows["validation_loss"].astype(float)
    before = np.maximum.accumulate(accuracy)
    late = rows["step"] > rows["step"][-1] / 2
    least = float(np.nanmin(validation)) if np.isfinite(validation).any() else math.nan
    return Ending(
        outcome,
        float(rows["train_loss"][-1]),
        float(np.nanmin(rows["train_loss"])) if np.isfinite(rows["train_loss"]).any() else math.nan,
        float(accuracy[-1]),
        float(accuracy.max()),
        float(validation[-1] / least) if least > 0 else math.nan,
        int((late & (accuracy < before - 0.2)).sum()),
    )


def labels(config: RunConfig, run: Ending, again: Sequence[Ending], longer: Ending) -> tuple[Kind, ...]:
    """What may be said of `run`, the likeliest first; `again` are its repetitions, `longer` goes on where it ended.

    diverged         its outcome.
    collapsed        its outcome, and the longer run never came above 30 %.
    unstable         it or the longer run fell back by 20 points of accuracy in its later half, or equal runs from other
                     seeds end more than 25 points apart though one of them had learned; possible from one fall or
                     12 points on, where the training loss ends a quarter above its least, or the longer run diverges.
    overfitting      validation loss ends more than 15 % above its least in the middle one of the repetitions, and in the
                     longer run more than that; possible from 5 % on, and where the training loss ends a quarter above its
                     least the next ones are possible, too.
    learning-well    90 % of the reachable training accuracy; possible from 88 %, and up to 92 % the next ones are, too.
    learning-slowly  four times the epochs lower the loss by 15 %; possible from 3 % on.
    plateau          they do not, and the loss is above 90 % of chance (possible from 85 %); underfitting otherwise (up to 93 %).
    too-early        below 50 updates of a run that has not learned well (the definition).
    """
    found = _labels(config, run, again, longer)
    if config.total_steps < 50 and found[0] not in ("diverged", "collapsed"):
        found = ("learning-well", "too-early") if "learning-well" in found else ("too-early",)
    return tuple(dict.fromkeys(found))


def _labels(config: RunConfig, run: Ending, again: Sequence[Ending], longer: Ending) -> tuple[Kind, ...]:
    if run.outcome == "diverged":
        return ("diverged",)
    if run.outcome == "collapsed":
        return ("collapsed",) if longer.best_accuracy < 0.3 else ("collapsed", "unstable")
    reachable = 1 - 0.9 * config.label_noise
    all_of = (run, *again)
    found: list[Kind] = []
    apart = max(one.accuracy for one in all_of) - min(one.accuracy for one in all_of)
    learned = max(one.best_accuracy for one in all_of) > 0.6
    falls = run.falls + longer.falls
    if (run.falls >= 1 and falls >= 2) or (learned and apart > 0.25):
        return ("unstable", *_calm(config, run, again, longer, reachable)) if run.falls == 0 else ("unstable",)
    rough = run.loss > 1.25 * run.least or longer.outcome == "diverged"
    maybe = ("unstable",) if falls >= 1 or (learned and apart > 0.12) or rough else ()
    found += [*_calm(config, run, again, longer, reachable), *maybe]
    return tuple(found)


def _calm(
    config: RunConfig, run: Ending, again: Sequence[Ending], longer: Ending, reachable: float
) -> tuple[Kind, ...]:
    risen = float(np.median([one.risen for one in (run, *again)]))
    if risen > 1.15 and longer.risen > 1.15:
        rough = run.loss > 1.25 * run.least
        return ("overfitting", *_below(config, run, longer)) if rough else ("overfitting",)
    overfits: tuple[Kind, ...] = ("overfitting",) if risen > 1.05 else ()
    share = run.accuracy / reachable
    below = _below(config, run, longer)
    if share >= 0.9:
        return ("learning-well", *overfits, *(below if share < 0.92 else ()))
    well: tuple[Kind, ...] = ("learning-well",) if share >= 0.88 else ()
    return (*below, *well, *overfits)


def _below(config: RunConfig, run: Ending, longer: Ending) -> tuple[Kind, ...]:
    """Of a run that has not learned well: does more training help, and how near is it to a guess?"""
    gain = 1 - longer.least / run.loss if run.loss > 0 else 0.0
    level = run.loss / chance_loss(config)
    flat: tuple[Kind, ...] = ("plateau",) if level > 0.9 else ("underfitting",)
    if 0.85 < level < 0.93:
        flat = (*flat, "underfitting" if flat == ("plateau",) else "plateau")
    if gain > 0.15:
        return ("learning-slowly",)
    if gain > 0.10:
        return ("learning-slowly", *flat)
    return flat if gain < 0.03 else (*flat, "learning-slowly")


# ---- the report ------------------------------------------------------------------------------------------------


def run(count: int, seed: int, dataset: Dataset, file: Path | None = None) -> str:
    """Draw, try and count so many cases; the report as Markdown. `file` gets all cases as JSON."""
    random = np.random.default_rng(seed)
    cases = [tried(draw(random), dataset) for _number in range(count)]
    if file is not None:
        try:
            file.write_text(json.dumps([asdict(case) for case in cases]), encoding="utf-8")
        except OSError as error:
            raise cannot_write(file, error) from error
    return report(cases)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [head, ["---"] * len(head), *rows]
    return ["| " + " | ".join(line) + " |" for line in lines]


def report(cases: Sequence[Case]) -> str:
    """Accuracy with its 95 % interval (Wilson 1927), and what was said against what is true."""
    right = sum(case.right for case in cases)
    low, high = interval(right, len(cases))
    ambiguous = sum(len(case.labels) > 1 for case in cases)
    sure = [case for case in cases if len(case.labels) == 1]
    counts = Counter((case.said if case.right else case.labels[0], case.said) for case in cases)
    rows = [[kind, *(str(counts[kind, said] or "") for said in KINDS)] for kind in KINDS]
    lines = [
        f"{right} of {len(cases)} right: {right / len(cases):.1%} (95 % interval {low:.1%} to {high:.1%}).",
        f"{ambiguous} cases have more than one label; of the {len(sure)} others "
        f"{sum(case.right for case in sure)} are right.",
        "",
        *_table(["true, said", *KINDS], rows),
    ]
    return "\n".join(lines)


def interval(right: int, count: int) -> tuple[float, float]:
    """Wilson's interval for a share, 95 %."""
    z = 1.96
    share = right / count
    middle = (share + z**2 / (2 * count)) / (1 + z**2 / count)
    half = z * math.sqrt(share * (1 - share) / count + z**2 / (4 * count**2)) / (1 + z**2 / count)
    return middle - half, middle + half
