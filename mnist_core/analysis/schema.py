"""What a kind of analysis is asked with (`Parameters`) and what it gives (`Result`): frozen dataclasses, and how the store
keeps them.

Each kind has its own in `analysis/<kind>/schema.py`. What comes from the store or a page may be of another version, or made by
anybody: every field must have its type, every number its bounds, every array its shape, else an AnalysisError says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, fields
from types import NoneType, UnionType
from typing import Any, ClassVar, Literal, Self, Union, get_args, get_origin, get_type_hints

import numpy as np
from numpy.typing import NDArray

from mnist_core.errors import AnalysisError
from mnist_core.messages import N_, message, number_text
from mnist_core.records import AnalysisKind

SHOWN = 40  # letters of a wrong value that a sentence repeats
OTHER_VERSION = N_("What this computation gave cannot be read by this version of the program. Compute it again.")
Arrays = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Parameters:
    """What a kind is asked with: plain values. Its `__post_init__` holds their bounds. Raises AnalysisError."""

    kind: ClassVar[AnalysisKind]

    def to_json(self) -> dict[str, Any]:
        """JSON-ready form, as the store gives it back."""
        return {name: _plain(getattr(self, name)) for name in _hints(type(self))}

    @classmethod
    def from_json(cls, plain: object) -> Self:
        """What `to_json` wrote. Raises AnalysisError."""
        hints = _hints(cls)
        if not isinstance(plain, Mapping) or plain.keys() != hints.keys():
            raise AnalysisError(
                N_("The computation {kind} is asked with {expected}, and got something else. Start it from its page."),
                kind=cls.kind,
                expected=", ".join(hints),
            )
        values = {}
        for name, hint in hints.items():
            try:
                values[name] = _typed(hint, plain[name])
            except TypeError:
                raise wrong_value(name, plain[name], _expected(hint)) from None
        return cls(**values)


@dataclass(frozen=True, eq=False)
class Result:
    """What a kind gives: plain values and arrays. `SHAPES` has the sizes of arrays and tuples; the same name is the same size."""

    SHAPES: ClassVar[Mapping[str, tuple[str | int, ...]]] = {}

    def to_stored(self) -> tuple[dict[str, Any], Arrays]:
        """Plain values, JSON-ready, and arrays, by the names of the fields."""
        self._check()
        arrays = set(_array_types(type(self)))
        values = {name: _plain(getattr(self, name)) for name in _hints(type(self)) if name not in arrays}
        return values, {name: getattr(self, name) for name in arrays}

    @classmethod
    def from_stored(cls, values: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> Self:
        """What `to_stored` gave. Raises AnalysisError where another version, or nobody, has written it."""
        if not cls.reads(values) or arrays.keys() != _array_types(cls).keys():
            raise AnalysisError(OTHER_VERSION)
        plain = {name: _typed(hint, values[name]) for name, hint in _hints(cls).items() if name in values}
        result = cls(**plain, **arrays)
        result._check()
        return result

    @classmethod
    def reads(cls, values: Mapping[str, Any]) -> bool:
        """Whether these are the plain values of such a result."""
        hints = {name: hint for name, hint in _hints(cls).items() if name not in _array_types(cls)}
        if not isinstance(values, Mapping) or values.keys() != hints.keys():
            return False
        try:
            for name, hint in hints.items():
                _typed(hint, values[name])
        except TypeError:
            return False
        return True

    def _check(self) -> None:
        """See that types and sizes are as they should be. Raises AnalysisError."""
        types = _array_types(type(self))
        valid = all(getattr(self, name).dtype == dtype for name, dtype in types.items())
        sizes: dict[str, int] = {}
        for name, dimensions in self.SHAPES.items():
            value = getattr(self, name)
            shape = value.shape if name in types else (len(value),)
            valid = valid and len(shape) == len(dimensions) and _same_sizes(dimensions, shape, sizes)
        if not valid:
            raise AnalysisError(OTHER_VERSION)


def _same_sizes(dimensions: tuple[str | int, ...], shape: tuple[int, ...], sizes: dict[str, int]) -> bool:
    """Whether an array's shape has these dimensions; `sizes` has, and is given, what each name stands for."""
    return all(
        size == (sizes.setdefault(dimension, size) if isinstance(dimension, str) else dimension)
        for dimension, size in zip(dimensions, shape, strict=True)
    )


# ---- bounds ----------------------------------------------------------------------------------------------------


def wrong_value(name: str, value: object, expected: object) -> AnalysisError:
    """That a parameter cannot be what it is; `expected`: a Message or plain word."""
    text = str(value)
    return AnalysisError(
        N_("A computation cannot be done with {name} = {value}: expected {expected}. Start it again from its page."),
        name=name,
        value=text if len(text) <= SHOWN else text[:SHOWN] + "…",
        expected=expected,
    )


def check_number(name: str, value: float, low: float, high: float) -> None:
    """That a number lies within its bounds. Raises AnalysisError."""
    if not low <= value <= high:
        raise wrong_value(
            name, value, message(N_("a number from {low} to {high}"), low=number_text(low), high=number_text(high))
        )


def check_count(name: str, values: tuple[object, ...], low: int, high: int) -> None:
    """That there are so many values. Raises AnalysisError."""
    if not low <= len(values) <= high:
        raise wrong_value(name, values, message(N_("{low} to {high} values"), low=low, high=high))


def check_id(name: str, value: str) -> None:
    """That a text may be the id of a run. Raises AnalysisError."""
    if not 0 < len(value) <= 16 or not value.isascii() or not value.isprintable():
        raise wrong_value(name, value, message(N_("the id of a run")))


# ---- types -----------------------------------------------------------------------------------------------------


def _hints(cls: type) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in fields(cls)}


def _array_types(cls: type) -> dict[str, np.dtype[Any]]:
    """The fields that are arrays, with the type of their elements."""
    arrays = {name: get_args(hint) for name, hint in _hints(cls).items() if get_origin(hint) is np.ndarray}
    return {name: np.dtype(get_args(arguments[1])[0]) for name, arguments in arrays.items()}


def _plain(value: object) -> Any:
    return [_plain(item) for item in value] if isinstance(value, tuple) else value


def _typed(hint: Any, value: Any) -> Any:
    """`value`, from JSON, as a field of this type has it. Raises TypeError."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Literal and isinstance(value, str) and value in arguments:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        return _tuple(arguments, value)
    if origin in (UnionType, Union):
        return _any_of(arguments, value)
    if hint is NoneType and value is None:
        return None
    if hint is float and type(value) in (int, float):
        return float(value)
    if type(value) is hint:
        return value
    raise TypeError(hint)


def _any_of(hints: tuple[Any, ...], value: Any) -> Any:
    for hint in hints:
        with suppress(TypeError):
            return _typed(hint, value)
    raise TypeError(hints)


def _tuple(arguments: tuple[Any, ...], values: list[Any] | tuple[Any, ...]) -> tuple[Any, ...]:
    if arguments[-1] is Ellipsis:
        return tuple(_typed(arguments[0], value) for value in values)
    if len(arguments) != len(values):
        raise TypeError(arguments)
    return tuple(_typed(argument, value) for argument, value in zip(arguments, values, strict=True))


def _expected(hint: Any) -> object:
    """What a type is called in a sentence."""
    if get_origin(hint) is Literal:
        return ", ".join(get_args(hint))
    names = {int: N_("a whole number"), float: N_("a number"), str: N_("text")}
    return message(names.get(hint, N_("a list")))
