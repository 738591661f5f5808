"""The rules for the settings of a run: what each may be, and what they may be together.

All are checked at once: a `ConfigError` lists every fault, each as a sentence with what was expected and what came.
"""

from __future__ import annotations

import dataclasses
import difflib
import types
import typing
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mnist_core.errors import Problem
from mnist_core.image_sets import OWN_MOST, own_id
from mnist_core.messages import N_, Message, SettingName

OTHERS = ("train_size", "validation_size", "batch_norm")  # settings that sentences about others name


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
    if not problems:
        problems = _joint_problems(config)
    return problems


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
        return [problem(N_("{field} must be true or false, not {value}."), name, value)]
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
    template = N_("{field} must be a list of {fewest} to {most} integers from {minimum} to {maximum}, not {value}.")
    return [
        problem(
            template,
            name,
            list(value) if isinstance(value, tuple) else value,
            fewest=int(count.minimum),
            most=int(count.maximum),
            minimum=int(units.minimum),
            maximum=int(units.maximum),
        )
    ]


def _joint_problems(config: Any) -> list[Problem]:
    problems = []
    own = own_id(config.dataset) is not None
    images = OWN_MOST if own else config.image_set.train
    if not own and config.classes != len(config.image_set.classes):
        problems.append(
            problem(
                N_(
                    "{field} must be {count} for these images, not {value}. Leave it as it is; only images of your own may have fewer."
                ),
                "classes",
                config.classes,
                count=len(config.image_set.classes),
            )
        )
    if config.train_size + config.validation_size > images:
        problems.append(
            problem(
                N_(
                    "{train_size} and {validation_size} can be at most {total} images together, but {train} + {validation} = {sum}. Make one of them smaller."
                ),
                "validation_size",
                config.validation_size,
                total=images,
                train=config.train_size,
                validation=config.validation_size,
                sum=config.train_size + config.validation_size,
            )
        )
    if config.batch_size > config.train_size:
        problems.append(
            problem(
                N_("{field} {value} is larger than {train_size} {train}. Use at most {train}."),
                "batch_size",
                config.batch_size,
                train=config.train_size,
            )
        )
    problems += _lone_image_problems(config)
    if config.kernel_size % 2 == 0:
        problems.append(
            problem(
                N_("{field} must be an odd number, not {value}, so that the kernel has a center pixel."),
                "kernel_size",
                config.kernel_size,
            )
        )
    if config.early_stopping and not config.validation_size:
        problems.append(
            problem(
                N_("{field} needs a validation loss. Set {validation_size} above 0, or {field} to 0."),
                "early_stopping",
                config.early_stopping,
            )
        )
    return problems


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
            train=config.train_size,
            fewer=config.train_size - 1,
            # There is one: in one batch of all images none is left over.
            more=next(n for n in range(config.batch_size, config.train_size + 1) if config.train_size % n != 1),
        )
    ]


def problem(template: str, name: str, value: Any, **more: Any) -> Problem:
    """What is wrong with the `value` of setting `name`, in a sentence with `field`, `value`, `more` and the names of other settings."""
    others = {other: SettingName(other) for other in OTHERS if f"{{{other}}}" in template}
    return Problem(name, Message(template, {"field": SettingName(name), "value": _shown(value), **others, **more}))


def _shown(value: Any) -> str:
    text = _number(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "…"


def _number(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _not_a_choice(name: str, value: Any, options: tuple[str, ...]) -> Problem:
    close = difflib.get_close_matches(str(value), options, n=1)
    if close:
        template = N_("{field} must be one of {options}, not {value}. Did you mean {likely}?")
        return problem(template, name, value, options=", ".join(options), likely=close[0])
    return problem(N_("{field} must be one of {options}, not {value}."), name, value, options=", ".join(options))
