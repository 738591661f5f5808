"""The rules for the settings of a run: what each may be, and what they may be together.

All are checked at once: a `ConfigError` lists every fault, each as a sentence with what was expected and what came.
"""

from __future__ import annotations

import dataclasses
import difflib
import json
import math
import types
import typing
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mnist_core.errors import Problem
from mnist_core.image_sets import OWN_MOST, own_id
from mnist_core.messages import N_, LayerSizes, Message, SettingName, TypedText, WordToWrite, message, number_text

OTHERS = ("train_size", "validation_size", "batch_norm")  # settings that sentences about others name
LONGEST_TEXT = 60  # characters of a value that a sentence repeats


@dataclass(frozen=True)
class Range:
    """What a number may be, both ends included."""

    minimum: float
    maximum: float


@dataclass(frozen=True)
class Setting:
    """What is known of a setting besides its type and default.

    `title`: what a sentence calls it (for the catalog). `allowed`: what a number may be, or each unit count of `layers`;
    `layers`: how many there may be.
    """

    title: str
    allowed: Range | None = None
    layers: Range | None = None


def setting(default: Any, title: str, allowed: Range | None = None, *, layers: Range | None = None) -> Any:
    """A field of RunConfig with its default; the rest as in `Setting`."""
    return dataclasses.field(default=default, metadata={"setting": Setting(title, allowed, layers)})


def validate(config: Any, kinds: Mapping[str, Any], settings: Mapping[str, Setting]) -> list[Problem]:
    """Everything that is wrong with `config` (a RunConfig), whose `settings` have these types; empty when it can run."""
    problems = [
        fault
        for name, setting in settings.items()
        for fault in _field_problems(name, kinds[name], setting, getattr(config, name))
    ]
    return problems + _joint_problems(config, {problem.field for problem in problems})


def words_of(kind: Any) -> tuple[str, ...]:
    """The words that a setting of this type may be; empty for a type that is no choice."""
    if typing.get_origin(kind) in (types.UnionType, typing.Union):  # the data sets: known ones, or one's own
        return tuple(word for part in typing.get_args(kind) for word in words_of(part))
    return typing.get_args(kind) if typing.get_origin(kind) is Literal else ()


def _field_problems(name: str, kind: Any, setting: Setting, value: Any) -> list[Problem]:
    if name == "dataset" and isinstance(value, str) and own_id(value) is not None:
        return []
    if options := words_of(kind):
        return [] if isinstance(value, str) and value in options else [_not_a_choice(name, value, options)]
    if setting.layers is not None and setting.allowed is not None:
        return _layer_problems(name, value, setting.layers, setting.allowed)
    if kind is bool:
        if isinstance(value, bool):
            return []
        return [not_a_switch(name, value)]
    if value is None and name == "batch_seed":
        return []
    assert setting.allowed is not None, f"{name} has no range"
    return _number_problems(name, value, setting.allowed, whole=kind is not float)


def _number_problems(name: str, value: Any, allowed: Range, *, whole: bool) -> list[Problem]:
    kind = int if whole else (int, float)
    if not isinstance(value, kind) or isinstance(value, bool):
        template = (
            N_("{field} must be an integer, not {value}.") if whole else N_("{field} must be a number, not {value}.")
        )
        return [problem(template, name, value)]
    if not allowed.minimum <= value <= allowed.maximum:  # also false for NaN
        template = N_("{field} must be from {minimum} to {maximum}, not {value}.")
        return [problem(template, name, value, minimum=_number(allowed.minimum), maximum=_number(allowed.maximum))]
    return []


def _layer_problems(name: str, value: Any, count: Range, units: Range) -> list[Problem]:
    whole = isinstance(value, tuple) and all(isinstance(v, int) and not isinstance(v, bool) for v in value)
    if (
        whole
        and count.minimum <= len(value) <= count.maximum
        and all(units.minimum <= v <= units.maximum for v in value)
    ):
        return []
    template = (
        N_("{field} must be {fewest} to {most} integers, each from {minimum} to {maximum}, not {value}.")
        if whole
        else N_("{field} must be a list of {fewest} to {most} integers from {minimum} to {maximum}, not {value}.")
    )
    return [
        problem(
            template,
            name,
            value,
            fewest=int(count.minimum),
            most=int(count.maximum),
            minimum=_number(units.minimum),
            maximum=_number(units.maximum),
        )
    ]


def _joint_problems(config: Any, faulty: Collection[str]) -> list[Problem]:
    """What settings cannot be together; nothing is said of those that are `faulty` by themselves."""
    images = ("dataset", "classes", "train_size", "validation_size")  # what `image_set` asks for
    rules: tuple[tuple[Callable[[Any], list[Problem]], tuple[str, ...]], ...] = (
        (_class_problems, images),
        (_split_problems, images),
        (_batch_problems, ("batch_size", "train_size")),
        (_lone_image_problems, ("batch_norm", "hidden_layers", "batch_size", "train_size", "sampling")),
        (_kernel_problems, ("kernel_size",)),
        (_stopping_problems, ("early_stopping", "validation_size")),
    )
    return [fault for rule, names in rules if not set(names) & set(faulty) for fault in rule(config)]


def _class_problems(config: Any) -> list[Problem]:
    count = len(config.image_set.classes)
    if own_id(config.dataset) is not None or config.classes == count:
        return []
    template = N_(
        "{field} must be {count} for these images, not {value}. Leave it as it is; only images of your own may have fewer."
    )
    return [problem(template, "classes", config.classes, count=count)]


def _split_problems(config: Any) -> list[Problem]:
    images = OWN_MOST if own_id(config.dataset) is not None else config.image_set.train
    together = config.train_size + config.validation_size
    if together <= images:
        return []
    template = N_(
        "{train_size} and {validation_size} can be at most {total} images together, but {train} + {validation} = {sum}. Make one of them smaller."
    )
    counts = {"total": images, "train": config.train_size, "validation": config.validation_size, "sum": together}
    texts = {name: _number(count) for name, count in counts.items()}
    return [problem(template, "validation_size", config.validation_size, **texts)]


def _batch_problems(config: Any) -> list[Problem]:
    if config.batch_size <= config.train_size:
        return []
    template = N_("{field} {value} is larger than the number of training images, {train}. Use at most {train}.")
    return [problem(template, "batch_size", config.batch_size, train=_number(config.train_size))]


def _kernel_problems(config: Any) -> list[Problem]:
    if config.kernel_size % 2:
        return []
    template = N_("{field} must be an odd number, not {value}, so that the kernel has a center pixel.")
    return [problem(template, "kernel_size", config.kernel_size)]


def _stopping_problems(config: Any) -> list[Problem]:
    if not config.early_stopping or config.validation_size:
        return []
    template = N_("{field} needs a validation loss. Set {validation_size} above 0, or {field} to 0.")
    return [problem(template, "early_stopping", config.early_stopping)]


def _lone_image_problems(config: Any) -> list[Problem]:
    """Batch normalization of a dense layer divides by the spread over the batch: one image has none, and torch refuses it."""
    normalized = config.batch_norm and config.hidden_layers
    if not normalized or config.batch_size > config.train_size or config.smallest_batch > 1:
        return []
    if config.batch_size == 1:
        template = N_(
            "{batch_norm} needs at least two images in every batch, but {field} is 1. Set {field} to 2 or more, or turn {batch_norm} off."
        )
        return [problem(template, "batch_size", config.batch_size)]
    template = N_(
        "{batch_norm} needs at least two images in every batch, but with {train_size} {train} and {field} {value} the last batch has only one. Set {train_size} to {fewer}, or {field} to {more}."
    )
    return [
        problem(
            template,
            "batch_size",
            config.batch_size,
            train=_number(config.train_size),
            fewer=_number(config.train_size - 1),
            # There is one: in one batch of all images none is left over.
            more=_number(
                next(n for n in range(config.batch_size, config.train_size + 1) if config.train_size % n != 1)
            ),
        )
    ]


def problem(template: str, name: str, value: Any, **more: Any) -> Problem:
    """What is wrong with the `value` of setting `name`, in a sentence with `field`, `value`, `more` and the names of other settings."""
    others = {other: SettingName(other) for other in OTHERS if f"{{{other}}}" in template}
    return Problem(name, Message(template, {"field": SettingName(name), "value": _shown(value), **others, **more}))


def _shown(value: Any) -> Any:
    """The value as a sentence has it: as files have it, where pages have no other words for it."""
    if isinstance(value, bool):
        return WordToWrite(str(value).lower())
    if isinstance(value, int | float):
        return _cut(_number(value))
    if isinstance(value, str):
        return TypedText(_cut(value))
    if isinstance(value, list | tuple) and all(isinstance(one, int) for one in value):
        return LayerSizes(_cut(str(list(value))))
    return message(N_("nothing")) if value is None else TypedText(_cut(json.dumps(value, default=str)))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else "NaN" if math.isnan(value) else number_text(value)


def not_a_switch(name: str, value: Any) -> Problem:
    """That a setting which is on or off cannot be this."""
    template = N_("{field} must be {true} or {false}, not {value}.")
    return problem(template, name, value, true=WordToWrite("true"), false=WordToWrite("false"))


def _not_a_choice(name: str, value: Any, options: tuple[str, ...]) -> Problem:
    words = tuple(map(WordToWrite, options))
    close = difflib.get_close_matches(str(value), options, n=1)
    if close:
        template = N_("{field} must be one of {options}, not {value}. Did you mean {likely}?")
        return problem(template, name, value, options=words, likely=WordToWrite(close[0]))
    return problem(N_("{field} must be one of {options}, not {value}."), name, value, options=words)
