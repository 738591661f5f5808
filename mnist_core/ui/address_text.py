"""Values of controls as text for the address, and back: whatever cannot be read, or shown, is none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from mnist_core import typed_numbers

T = TypeVar("T")
BETWEEN = ","


def of(value: Any) -> str:
    """The value of a control: a number, a word, yes or no, or several."""
    if isinstance(value, list | tuple):
        return BETWEEN.join(of(part) for part in value)
    if isinstance(value, float):
        return f"{value:.12g}"  # a slider's 0.1 + 0.2 is 0.3
    return str(int(value)) if isinstance(value, bool) else str(value)


def number(text: str, like: T, least: float, most: float) -> T | None:
    """A number, or pair of numbers that rise, of the type of `like`, from `least` to `most`."""
    pair = isinstance(like, tuple)
    kind: Any = type(like[0] if isinstance(like, tuple) else like)
    try:
        values = tuple(typed_numbers.number(part) for part in text.split(BETWEEN))
    except ValueError:
        return None
    if len(values) != (2 if pair else 1) or not all(fits(value, kind, least, most) for value in values):
        return None
    found: Any = tuple(kind(value) for value in sorted(values))
    return found if pair else found[0]  # type: ignore[no-any-return]


def choice(text: str, options: Sequence[T]) -> T | None:
    """The option that this text is."""
    return next((option for option in options if of(option) == text), None)


def choices(text: str, options: Sequence[T]) -> list[T] | None:
    """The options that these texts are, any number of them."""
    found = [choice(part, options) for part in text.split(BETWEEN)] if text else []
    return None if None in found else list(dict.fromkeys(found))  # type: ignore[arg-type]


def some(text: str, options: Sequence[T]) -> list[T]:
    """Those of these texts that are options."""
    found = [choice(part, options) for part in text.split(BETWEEN)]
    return [option for option in dict.fromkeys(found) if option is not None]


def fits(value: Any, kind: type, least: float, most: float) -> bool:
    """Whether it is a number within the bounds, and a whole one where `kind` is int."""
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and least <= value <= most and (kind is not int or value == int(value))
