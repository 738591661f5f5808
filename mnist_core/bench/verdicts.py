"""How often the health check is right: drawn configurations, labeled by what else is found out about them.

The rules (diagnostics.verdict) see a run's own records: its training images with the labels that they have, its validation
images, its dead units. The labels (`labels`) see none of these, and share no formula with them. They know what a student
who reads a verdict does not:
- the **test images** with their true labels, at forty places of the run, whatever its own evaluations were;
- the same run with **two other seeds**, for **four times as many epochs**, and at **a third of its rate**;
- what a plain **reference network** gets from the same training images with their true labels;
- the **gradient** of the first layer's weights at the end, beside that at the beginning, and which units pass one on for none of the
  test images.
Where two labels are equally true by the margins written at `labels`, both count as right, and the case as ambiguous.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.bench import sampled
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.diagnostics import Kind, judge
from mnist_core.errors import ConfigError
from mnist_core.records import Curves, Outcome
from mnist_core.sweep_range import usual_range

LONGER = 4  # times the epochs
REPEATED = 2  # other seeds
LOOKS, LOOKED_AT, CNN_LOOKED_AT = 40, 2_000, 500  # places of a run at which so many test images are looked at
MOST_STEPS, FEWEST = 1_000, 20
HEART = (
    0.1  # training accuracy above test accuracy, both with true labels: from there on a network may be said to overfit
)
REFERENCE_STEPS = 1_500
GUESS = 0.1
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
    """What the labels look at, of one run: test images with their true labels, at `LOOKS` places."""

    finite: bool  # whether its numbers stayed numbers
    losses: tuple[float, ...]  # of test images; the first before the first update
    accuracies: tuple[float, ...]
    trained: float  # accuracy on its training images at the end, with their true labels
    gradient: float  # gradient norm of the first layer at the end by that at the beginning
    dead: (
        float  # most of any hidden layer: the share of its units that pass no gradient on, whatever test image they see
    )

    @property
    def loss(self) -> float:
        """Test loss at the end, infinite where it is none."""
        return self.losses[-1] if math.isfinite(self.losses[-1]) else math.inf

    @property
    def lowest(self) -> float:
        """Lowest test loss."""
        return min((loss for loss in self.losses if math.isfinite(loss)), default=math.inf)

    @property
    def accuracy(self) -> float:
        """Test accuracy at the end: the mean of the last three looks."""
        return float(np.mean(self.accuracies[-3:]))

    @property
    def best_accuracy(self) -> float:
        """Highest test accuracy."""
        return max(self.accuracies)

    @property
    def risen(self) -> float:
        """Test loss at the end by its lowest; 1 where it has none."""
        return self.loss / self.lowest if 0 < self.lowest < math.inf else 1.0

    @property
    def falls(self) -> int:
        """Looks of the later half at which 20 points or more of the best accuracy so far were lost."""
        accuracy = np.array(self.accuracies)
        lost = np.maximum.accumulate(accuracy) - accuracy
        return int((lost[len(lost) // 2 :] >= 0.2).sum())

    @property
    def jumps(self) -> int:
        """Looks of the later half at which the loss stood at 1.4 times the lowest before it, and lost a quarter of that later."""
        loss = np.nan_to_num(np.array(self.losses), nan=math.inf, posinf=math.inf)
        before = np.minimum.accumulate(loss)[:-1]
        after = np.minimum.accumulate(loss[::-1])[::-1][1:]
        up = (loss[1:-1] > 1.4 * before[:-1]) & (after[1:] < 0.75 * loss[1:-1])
        return int(up[len(loss) // 2 - 1 :].sum())


@dataclass(frozen=True)
class Evidence:
    """All that a case is labeled by."""

    steps: int
    run: Ending
    repeated: tuple[Ending, ...]
    longer: Ending
    lower: Ending  # at a third of the rate
    reference: float  # test accuracy of the reference network
    wrong: float = 0.0  # share of the training labels that are wrong

    @property
    def later(self) -> Ending:
        """The longer run, after as many updates as the run itself."""
        start = len(self.longer.losses) // LONGER
        return replace(self.longer, losses=self.longer.losses[start:], accuracies=self.longer.accuracies[start:])

    def fraction(self, accuracy: float) -> float:
        """Where an accuracy stands between a guess (0) and the reference network (1)."""
        return (accuracy - GUESS) / max(0.01, self.reference - GUESS)


@dataclass(frozen=True)
class JudgedCase:
    """A case: its verdict, and what that was made from."""

    evidence: Evidence
    verdict: Kind
    curves: Curves
    outcome: Outcome


# ---- cases -------------------------------------------------------------------------------------------------------


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

    size = one_of(100, 500, 1_000, 3_000, 6_000)
    cnn = bool(random.random() < 0.1)
    depth = one_of(0, 1) if cnn else one_of(0, 1, 1, 2, 3, 4)
    config = RunConfig(
        model="cnn" if cnn else "mlp",
        filters=one_of((4,), (4, 8)),
        kernel_size=3,
        hidden_layers=(one_of(4, 16, 50, 100),) * depth,
        activation=one_of("relu", "relu", "tanh", "sigmoid", "leaky-relu", "gelu"),
        initialization=one_of("glorot", "he", "normal"),
        optimizer=one_of("sgd", "sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"),
        loss=one_of("cross-entropy", "cross-entropy", "cross-entropy", "squared-error"),
        preprocessing=one_of("scaled", "scaled", "scaled", "centered", "standardized", "raw"),
        train_size=size,
        validation_size=one_of(0, 100, 500, 2_000, 2_000),
        batch_size=min(one_of(32, 100) if cnn else one_of(1, 10, 32, 100, 100, 500), size),
        dropout=one_of(0.0, 0.0, 0.0, 0.3) if depth else 0.0,
        label_noise=one_of(*(0.0,) * 7, 0.3, 0.3, 0.8, 1.0),
        seed=int(random.integers(1_000)),
    )
    low, high = (math.log10(rate) for rate in usual_range(config))
    rate = 10 ** random.uniform(max(-5.0, low - 1), min(2.0, high + 0.7))
    most = MOST_STEPS / 5 if cnn else MOST_STEPS
    steps = 10 ** random.uniform(math.log10(FEWEST), math.log10(most))
    epochs = max(1, min(200, round(steps / config.steps_per_epoch)))
    config = config.replace(learning_rate=float(f"{rate:.3g}"), epochs=epochs)
    return config if config.total_steps <= 3 * most else _drawn(random)


def make_case(config: RunConfig, dataset: Dataset, references: dict[int, float]) -> JudgedCase:
    """Train it and what it is compared with, and judge it; `references`: see `_reference`."""
    run, curves, outcome = _watched(config, dataset)
    again = tuple(_watched(config.replace(seed=config.seed + 1 + n), dataset)[0] for n in range(REPEATED))
    longer, _curves, _outcome = _watched(config.replace(epochs=config.epochs * LONGER), dataset)
    third = max(1e-6, config.learning_rate / 3)
    lower, _curves, _outcome = _watched(config.replace(learning_rate=third), dataset)
    reference = _reference(config.train_size, dataset, references)
    evidence = Evidence(config.total_steps, run, again, longer, lower, reference, config.label_noise)
    return JudgedCase(evidence, judge(config, curves, outcome)[0], curves, outcome)


def _watched(config: RunConfig, dataset: Dataset) -> tuple[Ending, Curves, Outcome]:
    from mnist_core.training import Trainer

    trainer = Trainer(config, dataset, threads=1, device="cpu")
    places = sorted({round(place) for place in np.linspace(0, config.total_steps, LOOKS)})
    looks, gradients, parts = [_look(trainer)], [_gradient(trainer)], []
    for start, stop in pairwise(places):
        parts.append(trainer.advance(steps=stop - start))
        looks.append(_look(trainer))
    parts.append(trainer.advance())  # what its end has to say
    gradients.append(_gradient(trainer))
    assert trainer.outcome is not None
    curves = Curves()
    for part in parts:
        curves = curves.followed_by(Curves(part.steps, part.evaluations, (), part.layers))
    losses, accuracies = zip(*looks, strict=True)
    finite = not any(event.kind == "not_finite" for event in trainer.events)
    fraction = gradients[1] / gradients[0] if gradients[0] > 0 else 1.0
    curves = curves.followed_by(Curves(events=tuple(trainer.events)))
    return (
        Ending(finite, losses, accuracies, _trained(trainer, dataset), fraction, _dead(trainer)),
        curves,
        trainer.outcome,
    )


def _look(trainer: Any) -> tuple[float, float]:
    """(loss, accuracy) of test images, as the network is now."""
    import torch

    from mnist_core.training.evaluation import loss_of

    count = LOOKED_AT if trainer.config.model == "mlp" else CNN_LOOKED_AT
    x, labels = trainer.state.loaders["test"].rows(slice(0, count))
    trainer.model.eval()
    with torch.no_grad():
        outputs = trainer.model(x)
    return float(loss_of(trainer.config, outputs, labels)), float((outputs.argmax(1) == labels).float().mean())


def _trained(trainer: Any, dataset: Dataset) -> float:
    """Accuracy on the training images, with their true labels."""
    import torch

    size = min(CNN_LOOKED_AT, trainer.config.train_size)
    x, _labels = trainer.state.loaders["train"].rows(slice(0, size))
    with torch.no_grad():
        answers = trainer.model(x).argmax(1).numpy()
    return float((answers == dataset.train_labels[:size]).mean())


def _gradient(trainer: Any) -> float:
    """Gradient norm of the first layer's weights, over test images."""
    import torch

    from mnist_core.training.evaluation import loss_of

    x, labels = trainer.state.loaders["test"].rows(slice(0, CNN_LOOKED_AT))
    trainer.model.eval()
    first = next(iter(trainer.model.parameters()))
    with torch.enable_grad():
        loss = loss_of(trainer.config, trainer.model(x), labels)
        (gradient,) = torch.autograd.grad(loss, [first])
    return float(gradient.norm())


def _dead(trainer: Any) -> float:
    """See `Ending.dead`; 0 without hidden layers, and for leaky ReLU, which passes one on everywhere."""
    import torch

    from mnist_core.training.evaluation import alive
    from mnist_core.training.signals import detached, forward

    if trainer.config.activation == "leaky-relu":
        return 0.0
    x, _labels = trainer.state.loaders["test"].rows(slice(0, CNN_LOOKED_AT))
    trainer.model.eval()
    with torch.no_grad():
        _outputs, signals = forward(trainer.model, detached(trainer.model), x)
    lives = [alive(trainer.config, signal.z, signal.a).transpose(0, 1).flatten(1) for signal in signals[:-1]]
    return max((1 - float(of_layer.any(1).float().mean()) for of_layer in lives), default=0.0)


def _reference(size: int, dataset: Dataset, references: dict[int, float]) -> float:
    """Test accuracy of a plain network that learns the same images with their true labels.

    `references` keeps it by the number of images.
    """
    if size in references:
        return references[size]
    config = RunConfig(
        hidden_layers=(200,),
        optimizer="adam",
        learning_rate=0.001,
        train_size=size,
        validation_size=0,
        batch_size=min(50, size),
    )
    config = config.replace(epochs=max(1, REFERENCE_STEPS // config.steps_per_epoch))
    references[size] = _watched(config, dataset)[0].accuracy
    return references[size]


# ---- labels ------------------------------------------------------------------------------------------------------


def labels(evidence: Evidence) -> tuple[Kind, ...]:
    """What may be said of the run, the likeliest first.

    Accuracies are of test images with true labels; `fraction` is 0 at a guess, 1 at the reference network.
    diverged         NaN or infinity; or the test loss ends at three times what it began with or more, and a third of the
                     rate ends below half of it, unless it knows its own images; possible from one and a third times on.
    collapsed        below 20 %, nine tenths of a layer's units dead for all test images, and so it stays: the longer run keeps below
                     30 %. Possible where half of them are dead, or the first layer's gradient is a hundredth of what it was.
    unstable         the run lost 20 points of accuracy at two looks of its later half or more, and so did a repetition, or
                     the longer run; or equal runs end more than 25 points apart though one had learned. Possible from one
                     such look on, from 12 points on, where the loss jumped up and came down at two looks of the later half, where it
                     ends above what it began with, and where the longer run diverges.
    overfitting      the test loss ends 20 % above its lowest in the middle one of the repetitions and in the longer run, of a network
                     that had learned (30 %, unless most labels are wrong); possible from 7 % on, where fewer test images are right than a guess gets, luck aside, where
                     all labels are wrong, so that whatever it answers of them it knows by heart, and where 10 points more of the training images are, with their true labels, than of the test images.
    learning-well    a fraction of 0.95; possible from 0.85 on, or where it answers 95 % of its training images with their
                     true labels, and then the next ones are, too.
    learning-slowly  four times the epochs add 0.1 to the fraction, or lower the test loss by 15 % of the way to none; possible from
                     0.03 and 3 % on. Wrong labels leave that much less of both.
    plateau          they do not, below 20 %; underfitting above 35 %, both between.
    too-early        may be said, besides, below 60 updates; and below 100 where four times the epochs change the run so.
    """
    kinds = tuple(dict.fromkeys(_labels(evidence)))
    early = evidence.steps < 60 or (evidence.steps < 100 and "learning-slowly" in _below(evidence)[:1])
    if early and kinds[0] not in ("diverged", "collapsed"):
        kinds = (*kinds, "too-early")
    return kinds


def _labels(evidence: Evidence) -> tuple[Kind, ...]:
    run = evidence.run
    if not run.finite:
        return ("diverged",)
    grown = run.loss / run.losses[0] if run.losses[0] > 0 else 1.0
    collapsed = _collapsed(evidence)
    knows_its_images = run.trained > 0.6 or evidence.wrong > 0  # of which it may know the wrong labels, too
    if grown >= 3 and evidence.lower.loss < run.loss / 2 and not knows_its_images:
        return ("diverged", *collapsed)
    diverged: tuple[Kind, ...] = ("diverged",) if grown > 4 / 3 else ()
    if run.dead >= 0.9 and collapsed:
        certain = evidence.later.best_accuracy < 0.3
        return ("collapsed", *diverged) if certain else ("collapsed", *diverged, *_alive(evidence))
    return (*_alive(evidence), *diverged, *collapsed)


def _collapsed(evidence: Evidence) -> tuple[Kind, ...]:
    run = evidence.run
    return ("collapsed",) if run.accuracy < 0.2 and (run.dead >= 0.5 or run.gradient < 1e-2) else ()


def _alive(evidence: Evidence) -> tuple[Kind, ...]:
    run, longer = evidence.run, evidence.longer
    endings = (run, *evidence.repeated)
    learned = max(ending.best_accuracy for ending in endings) > 0.6
    difference = max(ending.accuracy for ending in endings) - min(ending.accuracy for ending in endings)
    elsewhere = max(ending.falls for ending in (*evidence.repeated, longer)) >= 2
    if run.falls >= 2 and elsewhere:
        return ("unstable",)
    if learned and difference > 0.25:
        return ("unstable", *_stable(evidence))
    possible = run.falls >= 1 or elsewhere or (learned and difference > 0.12) or not longer.finite
    worse = run.loss > 1.02 * run.losses[0] and run.accuracy < 0.3
    return (*_stable(evidence), "unstable") if possible or run.jumps >= 2 or worse else _stable(evidence)


def _stable(evidence: Evidence) -> tuple[Kind, ...]:
    risen = float(np.median([ending.risen for ending in (evidence.run, *evidence.repeated)]))
    risen = min(risen, evidence.longer.risen)
    learned = evidence.run.best_accuracy >= 0.3 or evidence.wrong >= 0.5  # then test images do not show it
    if learned and risen > 1.2 and evidence.run.risen > 1.07:
        return ("overfitting",)
    misled = evidence.run.accuracy < 0.85 * GUESS  # two standard errors below: it has learned wrong labels
    by_heart = evidence.run.trained - evidence.run.accuracy >= HEART
    possible = misled or by_heart or evidence.wrong > 0.9 or (learned and max(risen, evidence.run.risen) > 1.07)
    overfits: tuple[Kind, ...] = ("overfitting",) if possible else ()
    fraction = evidence.fraction(evidence.run.accuracy)
    if fraction >= 0.95:
        return ("learning-well", *overfits)
    if fraction >= 0.85 or evidence.run.trained >= 0.95:
        return ("learning-well", *_below(evidence), *overfits)
    return (*_below(evidence), *overfits)


def _below(evidence: Evidence) -> tuple[Kind, ...]:
    """Of a run that has not learned well: does more training help, and is it better than a guess?"""
    run, later, taught = evidence.run, evidence.later, max(0.2, 1 - evidence.wrong)
    more = evidence.fraction(later.accuracy) - evidence.fraction(run.accuracy)
    gain = 1 - later.lowest / run.loss if 0 < run.loss < math.inf else 0.0
    flat: tuple[Kind, ...] = ("plateau",) if run.accuracy < 0.35 else ("underfitting",)
    if 0.2 < run.accuracy < 0.35:
        flat = (*flat, "underfitting")
    if more > 0.1 or gain > 0.15 * taught:
        return ("learning-slowly",)
    return (*flat, "learning-slowly") if more > 0.03 or gain > 0.03 * taught else flat


# ---- the report --------------------------------------------------------------------------------------------------


def run(count: int, seed: int, dataset: Dataset, file: Path | None = None) -> str:
    """Draw, try and count so many cases; the report as Markdown. `file`: see `sampled.cases`."""

    references: dict[int, float] = {}

    def make(number: int) -> sampled.Record:
        config = draw(np.random.default_rng([seed, number]))
        case = make_case(config, dataset, references)
        kinds = labels(case.evidence)
        return {
            "config": config.to_dict(),
            "said": case.verdict,
            "labels": list(kinds),
            "evidence": asdict(case.evidence),
        }

    return report(list(sampled.cases(count, seed, file, make)))


def report(cases: Sequence[sampled.Record]) -> str:
    """How many are right, and a table of verdicts against labels."""
    right = [case["said"] in case["labels"] for case in cases]
    sure = [is_right for case, is_right in zip(cases, right, strict=True) if len(case["labels"]) == 1]
    counts = Counter(
        (case["said"] if is_right else case["labels"][0], case["said"])
        for case, is_right in zip(cases, right, strict=True)
    )
    rows = [[kind, *(str(counts[kind, answer] or "") for answer in KINDS)] for kind in KINDS]
    lines = [
        f"Right: {sampled.proportion(sum(right), len(cases))}.",
        f"{len(cases) - len(sure)} cases have more than one label; of the {len(sure)} others {sum(sure)} are right.",
        "",
        *sampled.table(["true, said", *KINDS], rows),
    ]
    return "\n".join(lines)
