"""How good the rates are that a range test suggests: each is trained at, beside twelve rates from the test's lowest to its highest.

A suggestion is right where, after equal steps, it comes to 90 % or more of the best test accuracy of the twelve. No rate is
good where none of the twelve gets 20 % of the test images right, twice what a guess gets: there it is right to suggest
none, and wrong to suggest any. Up to 30 % both may be done. So the training alone says what is right; the test knows nothing
of it. All runs of a case begin with the same weights and see the same batches. The accuracy of a run is the mean of three looks in its
last tenth: at a constant rate with small batches it goes up and down, and the best of twelve would be the luckiest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core.bench import sampled
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.diagnostics.range_test import SuggestionKind, highest
from mnist_core.schedule import RISE
from mnist_core.stacks import groups
from mnist_core.sweep_range import spaced, variants

RATES = 12
NEAR = 0.9  # of the best test accuracy
NONE, GOOD = 0.2, 0.3  # test accuracy: below the first no rate is good, above the second one is
LOOKS, LOOKED_AT = (0.9, 0.95, 1.0), 5_000  # of the steps, after which so many test images are looked at
STEPS, SMALL_STEPS, CNN_STEPS = 500, 1_500, 400  # updates: with batches of 10 and more, with smaller ones, of CNNs
KINDS: tuple[SuggestionKind, ...] = ("valley", "steepest", "tenth")


def draw(random: np.random.Generator) -> RunConfig:
    """A configuration from the grid; its rate is of no matter."""

    def one_of(*choices: Any) -> Any:
        return choices[int(random.integers(len(choices)))]

    cnn = bool(random.random() < 0.17)
    batch = one_of(10, 32) if cnn else one_of(1, 1, 4, 10, 32, 100, 100, 256)
    steps = CNN_STEPS if cnn else STEPS if batch >= 10 else SMALL_STEPS
    hidden = one_of((), (32,)) if cnn else (one_of(16, 50, 128),) * one_of(0, 1, 1, 2, 3, 4)
    config = RunConfig(
        model="cnn" if cnn else "mlp",
        filters=one_of((4,), (4, 8)),
        kernel_size=one_of(3, 5),
        hidden_layers=hidden,
        batch_norm=bool(batch >= 10 and random.random() < 0.1),
        dropout=one_of(0.0, 0.0, 0.0, 0.3) if hidden else 0.0,
        activation=one_of("relu", "relu", "relu", "tanh", "sigmoid", "leaky-relu", "gelu", "identity"),
        initialization=one_of(*("he", "glorot", "normal") * 4, "zeros"),
        optimizer=one_of("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam", "adamw"),
        momentum=one_of(0.5, 0.9, 0.9, 0.99),
        weight_decay=one_of(0.0, 0.0, 0.0, 1e-3),
        loss=one_of("cross-entropy", "cross-entropy", "squared-error"),
        preprocessing=one_of("raw", "scaled", "centered", "standardized"),
        label_noise=one_of(*(0.0,) * 9, 0.3, 0.3, 0.9),
        batch_size=batch,
        train_size=min(20_000, steps * batch),
        validation_size=0,
        seed=int(random.integers(10_000)),
    )
    return config.replace(epochs=max(1, math.ceil(steps / config.steps_per_epoch)))


def make_case(config: RunConfig, dataset: Dataset) -> sampled.Record:
    """What the test suggests, and what training at twelve rates and at the suggestions comes to."""
    from mnist_core.training import range_test

    reading = range_test(config, dataset, threads=1, device="cpu")
    suggested = {suggestion.kind: suggestion.rate for suggestion in reading.suggestions}
    top = highest(config)
    rates = spaced(top / RISE, top, RATES)
    results = accuracies(config, (*rates, *suggested.values()), dataset)
    return {
        "config": config.to_dict(),
        "rates": rates,
        "accuracies": results[:RATES],
        "suggested": suggested,
        "came_to": dict(zip(suggested, results[RATES:], strict=True)),
        "sentence": str(reading.said()),
    }


def accuracies(config: RunConfig, rates: Sequence[float], dataset: Dataset) -> list[float]:
    """Test accuracy of `config` trained at each of the rates, in the last tenth of its steps."""
    configs = variants(config, rates)
    by_place: dict[int, float] = {}
    for places in groups(configs):
        by_place |= dict(zip(places, _trained([configs[place] for place in places], dataset), strict=True))
    return [by_place[place] for place in range(len(configs))]


def _trained(configs: Sequence[RunConfig], dataset: Dataset) -> list[float]:
    from mnist_core.training import Trainer, train_together
    from mnist_core.training.step import never

    trainers = [Trainer(config, dataset, threads=1, device="cpu") for config in configs]
    loop = train_together(trainers)
    total, history = configs[0].total_steps, []
    looks = {round(fraction * total) for fraction in LOOKS}
    for step in range(1, total + 1):  # without the evaluations of a run: they would cost more than its training
        loop.update()
        if step in looks:
            scores = loop.score(trainers[0].state.loaders["test"], never, LOOKED_AT)
            assert scores is not None
            history.append([score.accuracy for score in scores])
    return [float(value) for value in np.mean(history, axis=0)]


# ---- the report --------------------------------------------------------------------------------------------------


def is_right(case: sampled.Record, kind: SuggestionKind = "valley") -> bool:
    """Whether the suggestion, or that there is none, is right."""
    best = max(case["accuracies"])
    if best < NONE or not case["suggested"]:
        return best < GOOD and not case["suggested"]
    return kind in case["came_to"] and case["came_to"][kind] >= NEAR * best


def run(count: int, seed: int, dataset: Dataset, file: Path | None = None) -> str:
    """Draw, try and count so many cases; the report as Markdown. `file`: see `sampled.cases`."""
    random = np.random.default_rng
    cases = sampled.cases(count, seed, file, lambda number: make_case(draw(random([seed, number])), dataset))
    return report(list(cases))


def report(cases: Sequence[sampled.Record]) -> str:
    """How many suggestions are right, and those that are wrong."""
    learn = [case for case in cases if max(case["accuracies"]) >= GOOD]
    none = [case for case in cases if max(case["accuracies"]) < NONE]
    lines = [f"*valley* right: {sampled.proportion(sum(map(is_right, cases)), len(cases))}."]
    lines += [
        f"*{kind}* where a rate is good: {sampled.proportion(sum(is_right(case, kind) for case in learn), len(learn))}."
        for kind in KINDS
        if learn
    ]
    if len(learn) + len(none) < len(cases):
        lines.append(f"Between {NONE:.0%} and {GOOD:.0%} at best: {len(cases) - len(learn) - len(none)}.")
    if none:
        lines.append(f"None suggested where none is good: {sum(map(is_right, none))} of {len(none)}.")
    wrong = [_row(case) for case in cases if not is_right(case)]
    if wrong:
        head = ("case", "network", "pixels, batch", "optimizer", "best of twelve", "valley", "comes to")
        lines += ["", *sampled.table(head, wrong)]
    return "\n".join(lines)


def _row(case: sampled.Record) -> list[str]:
    config = RunConfig.from_dict(case["config"])
    place = int(np.argmax(case["accuracies"]))
    valley = case["suggested"].get("valley")
    layers = "-".join(map(str, (*(config.filters if config.model == "cnn" else ()), *config.hidden_layers)))
    return [
        f"{case['seed']}/{case['number']}",
        f"{config.model} {layers or 'no hidden layer'}, {config.activation}, {config.initialization}, {config.loss}",
        f"{config.preprocessing}, {config.batch_size}",
        config.optimizer,
        f"{case['accuracies'][place]:.1%} at {case['rates'][place]:g}",
        "none" if valley is None else f"{valley:.2g}",
        "" if valley is None else f"{case['came_to']['valley']:.1%}",
    ]
