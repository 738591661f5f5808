"""A round: what a class does now, which settings of it are free and within what, and what is refused.

The store checks by this what students start, the pages draw by it what they may move; nothing here knows either.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any, Literal, get_args

from mnist_core.config import FIELDS, NAMES, RANGES, SETTINGS, RunConfig, choices
from mnist_core.errors import ConfigError, RoundError
from mnist_core.escape import NOTHING, UserText
from mnist_core.messages import N_, Message, SettingWord, message, number_text
from mnist_core.records import Curves, Prediction, Run
from mnist_core.sweep_range import usual_range

RoundKind = Literal["run", "sweep", "range-test", "idea", "lesson"]
RoundState = Literal["draft", "open", "closed"]
# What students predict of each run, or sweep, before they train it; edge: the rate at which training begins to break.
Question = Literal["none", "outcome", "accuracy", "edge"]
KINDS: tuple[RoundKind, ...] = get_args(RoundKind)
QUESTIONS: tuple[Question, ...] = get_args(Question)
QUESTIONS_OF: Mapping[RoundKind, tuple[Question, ...]] = {
    "run": ("none", "outcome", "accuracy"),
    "sweep": ("none", "edge", "accuracy"),  # one of its runs learns, another breaks
    "range-test": ("none",),
    "idea": ("none",),
    "lesson": ("none",),
}
Free = Mapping[str, tuple[Any, ...]]
LAYERS = ("hidden_layers", "filters")
TITLE_LETTERS, INSTRUCTION_LETTERS = 80, 2_000
MOST_RUNS = 200  # that a student may be given
# Numbers of which one may be bounded by another (config_validation).
OF_ONE_ANOTHER = ("train_size", "validation_size", "batch_size", "early_stopping")
# Besides the rate itself, what a range test sets by itself of the settings that it tests (diagnostics.range_test.plan).
OF_A_RANGE_TEST = (
    "learning_rate",
    "schedule",
    "train_size",
    "batch_size",
    "epochs",
    "early_stopping",
    "stop_when_not_finite",
)


@dataclass(frozen=True)
class Plan:
    """What a teacher gives.

    `config`: all settings, of which `free` may be changed: of a number the least and greatest, of a choice the words, of layers
    the fewest and most and the least and greatest units, of a switch both; everything else is locked. `runs_each`: runs (or sweeps)
    of one student at most; None: any number. `same_seed`: all train with the seed of `config`; else each has his own.
    `test_sealed`: no student of the class sees test figures until it is opened for all. `idea`, `lesson`: the name of what
    is given; a lesson says itself what may be trained, and the round checks no settings.
    """

    title: UserText = NOTHING
    instruction: UserText = NOTHING
    kind: RoundKind = "run"
    config: RunConfig = field(default_factory=RunConfig)
    free: Free = field(default_factory=dict)
    preset: str | None = None
    variant: str | None = None
    idea: str = ""
    runs_each: int | None = None
    question: Question = "none"
    same_seed: bool = True
    test_sealed: bool = False
    lesson: str = ""

    @property
    def varied(self) -> Free:
        """What runs of the round may differ in: what is free, and of a sweep the rate."""
        return {"learning_rate": usual_range(self.config), **self.free} if self.kind == "sweep" else self.free

    @property
    def has_zones(self) -> bool:
        """Whether its rates have zones as those of a sweep have: where runs may differ in the rate alone."""
        return set(self.varied) == {"learning_rate"}

    def for_student(self, student: str, round_id: str) -> RunConfig:
        """The settings that a student begins with: with a seed of his own where each has one, and the same batches for all."""
        if self.same_seed or "seed" in self.free:
            return self.config
        digest = hashlib.sha256(f"{round_id} {student}".encode()).digest()
        order = self.config.seed if self.config.batch_seed is None else self.config.batch_seed
        return self.config.replace(seed=int.from_bytes(digest[:4], "big") >> 1, batch_seed=order)


@dataclass(frozen=True)
class Round:
    """A round as the store knows it."""

    id: str
    class_id: str
    number: int  # in its class, from 1
    state: RoundState
    version: int  # grows with every change
    plan: Plan
    board_shown: bool = False  # students may see the board
    uncovered: bool = False  # results stand beside predictions on the board


@dataclass(frozen=True)
class Assignment:
    """The round that is open in a student's class, and what of it is his."""

    round: Round
    base: RunConfig  # what he begins with, his seed in it
    round_only: bool  # nothing but the round trains while it is open
    started: int = 0  # runs (or sweeps) of it that he has started
    extra: int = 0  # that he was given beyond the others
    prediction: str | None = None  # of the one that he starts next
    predicted_of: str | None = None  # the settings that this is about (`settings_key`); None: of whatever he starts

    @property
    def left(self) -> int | None:
        """How many he may still start; None: any number."""
        each = self.round.plan.runs_each
        return None if each is None else max(0, each + self.extra - self.started)

    @property
    def must_predict(self) -> bool:
        """Whether he is to say first what he expects of the one that he starts next."""
        return self.round.plan.question != "none" and self.prediction is None

    def predicted_others(self, config: RunConfig) -> bool:
        """Whether what he has predicted is about other settings than these."""
        return self.prediction is not None and self.predicted_of not in (None, settings_key(config))


def settings_key(config: RunConfig) -> str:
    """A short text that is the same for the same settings."""
    return hashlib.sha256(config.to_json().encode()).hexdigest()[:32]


@dataclass(frozen=True, eq=False)
class RoundRun:
    """A run of a round with its evaluations (no steps), and whose it is: nickname, and a number among the round's students.

    `unstable`: what its steps say (`diagnostics.zones.unstable`), once it has completed a round that has zones.
    """

    run: Run
    curves: Curves
    nickname: UserText
    student: int
    unstable: bool = False


# ---- what is refused -------------------------------------------------------------------------------------------


def check(plan: Plan, base: RunConfig, config: RunConfig) -> None:
    """See that a run is what the round leaves free of `base`. Raises RoundError for the first setting that is not."""
    if plan.kind == "lesson":
        return
    settable = (
        {*OF_A_RANGE_TEST}
        if plan.kind == "range-test"
        else {"learning_rate", "seed", "batch_seed"}
        if plan.kind == "sweep"
        else set()
    )
    if plan.kind == "range-test" and config.schedule != "rising":
        raise RoundError(N_("This round is a range test. Start it on the Learning rate page."))
    for name in base.differences(config):
        value = getattr(config, name)
        if name in plan.free:
            if not within(name, value, plan.free[name]):
                raise RoundError(
                    N_("In this round, {setting} must be {allowed}, not {value}."),
                    setting=Message(NAMES[name], {}),
                    allowed=in_words(name, plan.free[name]),
                    value=_told(value),
                )
        elif name not in settable:
            raise RoundError(
                N_("In this round, {setting} is {given} for everybody, not {value}."),
                setting=Message(NAMES[name], {}),
                given=_told(getattr(base, name)),
                value=_told(value),
            )


def within(name: str, value: Any, allowed: Sequence[Any]) -> bool:
    """Whether a free setting may have this value."""
    if name in LAYERS:
        fewest, most, least, greatest = allowed
        return fewest <= len(value) <= most and all(least <= units <= greatest for units in value)
    if choices(name) or FIELDS[name] is bool:
        return value in allowed
    return value is not None and allowed[0] <= value <= allowed[1]


def nearest(name: str, value: Any, allowed: Sequence[Any]) -> Any:
    """The value that a free setting may have which is nearest to this one."""
    if within(name, value, allowed):
        return value
    if name in LAYERS:
        fewest, most, least, greatest = allowed
        units = [min(max(one, least), greatest) for one in value][:most]
        return tuple(units + [least] * (fewest - len(units)))
    if choices(name) or FIELDS[name] is bool:
        return allowed[0]
    return allowed[0] if value is None else min(max(value, allowed[0]), allowed[1])


def in_words(name: str, allowed: Sequence[Any]) -> Message:
    """What a free setting may be."""
    if name in LAYERS:
        fewest, most, least, greatest = allowed
        return message(
            N_("{fewest} to {most} layers of {least} to {greatest} units"),
            fewest=fewest,
            most=most,
            least=least,
            greatest=greatest,
        )
    if choices(name) or FIELDS[name] is bool:
        return message(N_("one of {options}"), options=tuple(shown(word) for word in allowed))
    return message(N_("from {low} to {high}"), low=shown(allowed[0]), high=shown(allowed[1]))


def shown(value: Any) -> str:
    """A setting's value in a sentence."""
    if isinstance(value, list | tuple):
        return "–".join(map(str, value)) or "0"
    if isinstance(value, bool | str):
        return SettingWord(str(value).lower() if isinstance(value, bool) else value)
    return "none" if value is None else number_text(value) if isinstance(value, float) else f"{value:,}"


def _told(value: Any) -> str | Message:
    """The same where it may be nothing."""
    return message(N_("none")) if value is None else shown(value)


# ---- what is given ---------------------------------------------------------------------------------------------


def cleaned(free: Mapping[str, Any], config: RunConfig) -> dict[str, tuple[Any, ...]]:
    """What is left free, as it is kept: known settings alone, within what each may be, the given value among it; what leaves
    no choice is locked.

    Raises RoundError.
    """
    found = {name: _cleaned(name, list(allowed), config) for name, allowed in free.items() if _is_known(name, allowed)}
    numbers = {name: allowed for name, allowed in found.items() if _is_numeric(name)}
    found |= {name: _that_goes(name, allowed, numbers, config) for name, allowed in numbers.items()}
    return {name: allowed for name, allowed in found.items() if _leaves_a_choice(name, allowed)}


def _is_numeric(name: str) -> bool:
    return not (name in LAYERS or choices(name) or FIELDS[name] is bool)


def _that_goes(name: str, allowed: Sequence[Any], free: Free, config: RunConfig) -> tuple[Any, ...]:
    """The part of a range that goes with the settings that stay as they are, as 50,000 images at most where 10,000 are for validation."""
    current = getattr(config, name)
    if current is None:
        return tuple(allowed)

    others = [other for other in OF_ONE_ANOTHER if other in free and other != name]

    def goes(value: Any) -> bool:
        ends = product(*((getattr(config, other), *free[other]) for other in others))
        return any(_can_be(config, {name: value, **dict(zip(others, end, strict=True))}) for end in ends)

    return tuple(_farthest(goes, current, end) for end in allowed)


def _can_be(config: RunConfig, changes: Mapping[str, Any]) -> bool:
    try:
        config.replace(**changes)
    except ConfigError:
        return False
    return True


def _farthest(goes: Callable[[Any], bool], good: Any, end: Any) -> Any:
    """The value from `good` on towards `end` up to which all goes."""
    if goes(end):
        return end
    for _halving in range(60):
        middle = (good + end) / 2 if isinstance(good, float) else (good + end) // 2
        if middle in (good, end):
            break
        good, end = (middle, end) if goes(middle) else (good, middle)
    return good


def _leaves_a_choice(name: str, allowed: Sequence[Any]) -> bool:
    if name in LAYERS:
        return bool(allowed[0] != allowed[1] or allowed[2] != allowed[3])
    return len(set(allowed)) > 1


def _is_known(name: str, allowed: Any) -> bool:
    if name not in SETTINGS or not isinstance(allowed, list | tuple):
        raise RoundError(N_("There is no setting {name} to leave free."), name=str(name)[:40])
    return True


def _cleaned(name: str, allowed: list[Any], config: RunConfig) -> tuple[Any, ...]:
    current = getattr(config, name)
    if FIELDS[name] is bool:
        return (False, True)
    if words := choices(name):
        return tuple(word for word in words if word in allowed or word == current)
    wanted = 4 if name in LAYERS else 2
    if len(allowed) != wanted or not all(_is_number(number) for number in allowed):
        raise RoundError(
            N_("{setting} needs a range: the least and the greatest value."), setting=Message(NAMES[name], {})
        )
    if name in LAYERS:
        return _layers(name, allowed, current)
    low, high = sorted(allowed)
    limits, kind = RANGES[name], float if FIELDS[name] is float else int
    low, high = max(limits.minimum, low), min(limits.maximum, high)
    if current is not None:
        low, high = min(low, current), max(high, current)
    return kind(low), kind(high)


def _layers(name: str, allowed: list[Any], current: Sequence[int]) -> tuple[int, ...]:
    count, units = SETTINGS[name].layers, SETTINGS[name].allowed
    assert count is not None
    assert units is not None
    (fewest, most), (least, greatest) = sorted(allowed[:2]), sorted(allowed[2:])
    fewest, most = min(max(fewest, count.minimum), len(current)), max(min(most, count.maximum), len(current))
    least = min([max(least, units.minimum), *current])
    greatest = max([min(greatest, units.maximum), *current])
    return int(fewest), int(most), int(least), int(greatest)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def free_to_json(free: Free) -> str:
    """What is free, for the store."""
    return json.dumps({name: list(allowed) for name, allowed in free.items()})


def free_from_json(text: str, config: RunConfig) -> dict[str, tuple[Any, ...]]:
    """What `free_to_json` wrote; settings that this version does not know are left out. Raises RoundError."""
    return cleaned({name: allowed for name, allowed in json.loads(text).items() if name in SETTINGS}, config)


# ---- predictions -----------------------------------------------------------------------------------------------


_FROM = "from "


def clean_prediction(question: Question, prediction: Any) -> str:
    """A prediction as it is kept: a word (`records.Prediction`), a percentage from 0 to 100, or "from" and a rate. Raises RoundError."""
    if question == "outcome" and prediction in get_args(Prediction):
        return str(prediction)
    if question == "accuracy" and _is_number(prediction) and 0 <= prediction <= 100:
        return number_text(float(prediction))
    rates = RANGES["learning_rate"]
    if question == "edge" and _is_number(prediction) and rates.minimum <= prediction <= rates.maximum:
        return f"{_FROM}{prediction:.6g}"
    if prediction is None:
        raise RoundError(N_("Choose what you expect first."))
    raise RoundError(N_("This is no prediction that this round asks for."))


def predicted_edge(prediction: str | None) -> float | None:
    """The rate at which training was expected to begin to break; None where something else was predicted."""
    return None if prediction is None or not prediction.startswith(_FROM) else float(prediction.removeprefix(_FROM))
