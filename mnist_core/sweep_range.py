"""Which learning rates a sweep tries, what it expects of the machine, and what is wrong with a range."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from mnist_core import typed_numbers
from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError, Problem
from mnist_core.messages import N_, Message, TypedText, message, number_text

MINIMUM, MAXIMUM = 1e-5, 100.0
FEWEST, MOST = 2, 32  # rates
MOST_SEEDS = 5
NARROWEST = 1.001  # what neighboring rates must differ by, as a factor
LONGEST_TEXT = 30  # characters of what was typed that a sentence repeats
LONG_SECONDS = 300.0  # a sweep that takes longer is announced as one


@dataclass(frozen=True)
class Plan:
    """`count` rates from `lowest` to `highest`, evenly spaced on a log scale, each with so many `seeds`.

    Raises ConfigError with every problem found.
    """

    lowest: float
    highest: float
    count: int = 12  # FEWEST to MOST
    seeds: int = 1  # 1 to MOST_SEEDS

    def __post_init__(self) -> None:
        problems = [
            *_number_problems("lowest", self.lowest),
            *_number_problems("highest", self.highest),
            *_count_problems(
                "count", N_("A sweep needs {fewest} to {most} learning rates, not {value}."), self.count, FEWEST, MOST
            ),
            *_count_problems(
                "seeds", N_("A sweep needs {fewest} to {most} seeds, not {value}."), self.seeds, 1, MOST_SEEDS
            ),
        ]
        problems = problems or _range_problems(self)
        if problems:
            raise ConfigError(problems)

    @classmethod
    def parse(cls, lowest: str, highest: str, count: int, seeds: int = 1) -> Plan:
        """The plan with the ends of its range as they were typed. Raises ConfigError with every problem found."""
        texts = {"lowest": lowest, "highest": highest}
        ends = {name: _parse(text) for name, text in texts.items()}
        try:
            return cls(**ends, count=count, seeds=seeds)
        except ConfigError as error:
            problems = [
                _not_a_number(problem.field, texts[problem.field])
                if math.isnan(ends.get(problem.field, 0.0))
                else problem
                for problem in error.problems
            ]
            raise ConfigError(problems) from None

    @property
    def rates(self) -> tuple[float, ...]:
        """The rates, ascending, rounded so that they can be read: 0.1, 0.178, 0.316, …"""
        return spaced(self.lowest, self.highest, self.count)

    @property
    def runs(self) -> int:
        """How many runs it makes."""
        return self.count * self.seeds

    def configs(self, config: RunConfig) -> list[RunConfig]:
        """Its runs: `config` with each rate, seed after seed; all of a seed start from the same weights, and all see
        the same batches."""
        seeds = [(config.seed + number) % 2**31 for number in range(self.seeds)]
        return variants(config, self.rates, seeds if self.seeds > 1 else ())


def spaced(lowest: float, highest: float, count: int) -> tuple[float, ...]:
    """`count` rates from `lowest` to `highest` at equal ratios, with three digits or as few more as tell them apart."""
    ratio = (highest / lowest) ** (1 / (count - 1))
    exact = [lowest * ratio**number for number in range(1, count - 1)]
    # Rounding moves a rate by no more than a twentieth of the way to its neighbor.
    digits = max(3, math.ceil(1 - math.log10(math.log(ratio) / 10)))
    return (lowest, *(float(f"{rate:.{digits}g}") for rate in exact), highest)


def variants(config: RunConfig, learning_rates: Sequence[float], seeds: Sequence[int] = ()) -> list[RunConfig]:
    """The configurations of a sweep, seed after seed. Raises ConfigError where there is none, or one that cannot be."""
    if not learning_rates:
        raise ConfigError(
            [Problem("learning_rate", message(N_("A sweep needs at least one learning rate, such as 0.1,0.5.")))]
        )
    batches = config.seed if seeds and config.batch_seed is None else config.batch_seed
    return [
        config.replace(learning_rate=rate, seed=seed, batch_seed=batches)
        for seed in seeds or (config.seed,)
        for rate in learning_rates
    ]


def usual_range(config: RunConfig) -> tuple[float, float]:
    """(lowest, highest) between which networks like this one go from too slow to broken, as measured.

    By what an update is made of: a multiple of the gradient (sgd); the sum of about 1/(1 − momentum) gradients, which
    makes slow rates faster but moves the edge little (2(1 + momentum)/curvature); or about the rate itself, where gradients
    are divided by their own size. Raw pixels are 255 times scaled ones, and the curvature grows with their square.
    """
    raw = config.preprocessing == "raw"
    if config.optimizer in ("momentum", "nesterov"):
        return (MINIMUM, 0.1) if raw else (float(f"{0.01 * max(0.1, 1 - config.momentum):.1g}"), 2.0)
    if config.optimizer == "sgd":
        return (MINIMUM, 0.1) if raw else (0.01, 3.0)
    if config.optimizer == "adagrad":
        return (1e-4, 10.0)
    return (MINIMUM, 1.0)


def announcement(config: RunConfig, runs: int, seconds: float, together: bool, duration: str) -> Message | None:
    """What to say before a sweep of so many `runs` that will take long; None where it will not.

    `together`: its runs train as one network. `duration`: `seconds` in words.
    """
    if seconds < LONG_SECONDS:
        return None
    if together:
        template = N_(
            "This takes about {time}: {n} networks are trained together as one. You can keep using the page or close it. To shorten it, use fewer learning rates, epochs or training images."
        )
    else:
        template = N_(
            "This takes about {time}: {n} networks are queued and trained one after another. You can keep using the page or close it. To shorten it, use fewer learning rates, epochs or training images."
        )
    return message(template, time=duration, n=runs)


def _parse(text: str) -> float:
    """The number, NaN where it is none."""
    try:
        return typed_numbers.number(text)
    except ValueError:
        return math.nan


_NAMES = {"lowest": N_("lowest learning rate"), "highest": N_("highest learning rate")}


def _number_problems(name: str, value: float) -> list[Problem]:
    if math.isnan(value):
        return [_not_a_number(name, "NaN")]
    if value <= 0:
        template = N_(
            "The {name} must be above 0, not {value}; otherwise no weight moves downhill. Choose one such as 0.001."
        )
        return [_problem(name, template, value=number_text(value))]
    if not MINIMUM <= value <= MAXIMUM:
        template = N_("The {name} must be from {minimum} to {maximum}, not {value}.")
        return [
            _problem(
                name, template, minimum=number_text(MINIMUM), maximum=number_text(MAXIMUM), value=number_text(value)
            )
        ]
    return []


def _not_a_number(name: str, text: str) -> Problem:
    if not text.strip():
        return _problem(name, N_("The {name} is missing. Enter a number such as 0.01 or 3e-4."))
    text = text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"
    return _problem(name, N_("The {name} must be a number such as 0.01 or 3e-4, not {value}."), value=TypedText(text))


def _problem(name: str, template: str, **values: str) -> Problem:
    return Problem(name, message(template, name=message(_NAMES[name]), **values))


def _count_problems(name: str, template: str, value: int, fewest: int, most: int) -> list[Problem]:
    if fewest <= value <= most:
        return []
    return [Problem(name, message(template, fewest=fewest, most=most, value=value))]


def _range_problems(plan: Plan) -> list[Problem]:
    values = {"lowest": number_text(plan.lowest), "highest": number_text(plan.highest)}
    if plan.lowest > plan.highest:
        template = N_("The lowest learning rate {lowest} is above the highest {highest}. Swap them.")
    elif plan.lowest == plan.highest:
        template = N_(
            "The lowest and the highest learning rate are both {lowest}, but a sweep needs two different rates. Change one of them."
        )
    elif (plan.highest / plan.lowest) ** (1 / (plan.count - 1)) < NARROWEST:
        template = N_(
            "{count} learning rates between {lowest} and {highest} are too close together to tell apart. Choose fewer rates or a wider range."
        )
        values["count"] = str(plan.count)
    else:
        return []
    return [Problem("highest", message(template, **values))]
