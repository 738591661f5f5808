"""The keys of a block: each read as what it must be, and told where it is something else."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from mnist_core.escape import line as in_one_line
from mnist_core.lessons import markdown
from mnist_core.lessons.faults import Faults, shown
from mnist_core.lessons.values import Value, unquoted
from mnist_core.messages import N_, number_text

MOST_LETTERS = 2_000  # of one text


class Fields:
    """The entries of a mapping; None where it could not be read, so that nothing is said to be missing.

    What is faulty is told, and read as if it were not there.
    """

    def __init__(self, value: Value | None, allowed: Iterable[str], faults: Faults, line: int) -> None:
        self.line, self.faults = line, faults
        self.entries: dict[str, Value] = {}
        self.is_readable = value is not None and (value.content is None or isinstance(value.content, dict))
        if value is None or value.content is None:
            return
        if not isinstance(value.content, dict):
            faults.add(value.line, N_("Expected lines of “key: value” here."))
            return
        known = list(allowed)
        for key, entry in value.content.items():
            if key in known:
                self.entries[key] = entry
            else:
                faults.unknown_key(entry.line, key, known)

    def has(self, key: str) -> bool:
        """Whether anything is said under `key`."""
        return key in self.entries and self.entries[key].content is not None

    def at(self, key: str) -> int:
        """The line of `key`, or of the whole where it is not there."""
        return self.entries[key].line if key in self.entries else self.line

    def content(self, key: str, *, needed: bool = False) -> Any:
        """What stands under `key`; None where nothing does, which is told where it is `needed`."""
        if self.has(key):
            return self.entries[key].content
        if needed and self.is_readable:
            self.faults.add(self.line, N_("{key} is missing."), key=key)
        return None

    def mapping(self, key: str, allowed: Iterable[str]) -> Fields:
        """The entries under `key`."""
        return Fields(self.entries.get(key), allowed, self.faults, self.at(key))

    def listed(self, key: str, fewest: int, most: int, *, needed: bool = False) -> list[Value]:
        """The values of a list of this length; empty where it is something else."""
        content = self.content(key, needed=needed)
        if content is None or (isinstance(content, list) and fewest <= len(content) <= most):
            return content or []
        template = N_("{key} must be a list of {fewest} to {most} entries.")
        self.faults.add(self.at(key), template, key=key, fewest=fewest, most=most)
        return []

    def plain(self, key: str, most: int, *, needed: bool = False) -> str:
        """A text in one line that is no Markdown."""
        return in_one_line(self._text(key, self.content(key, needed=needed), self.at(key), most))

    def text(self, key: str, *, needed: bool = False) -> str:
        """A text that is Markdown."""
        text = self._text(key, self.content(key, needed=needed), self.at(key), MOST_LETTERS)
        return markdown.checked(text, self.at(key), self.faults)

    def texts(self, key: str, most: int, letters: int) -> tuple[str, ...]:
        """A list of texts that are Markdown."""
        values = self.listed(key, 0, most)
        texts = [(self._text(key, value.content, value.line, letters), value.line) for value in values]
        return tuple(markdown.checked(text, line, self.faults) for text, line in texts if text)

    def _text(self, key: str, content: Any, line: int, most: int) -> str:
        if isinstance(content, list | dict | bool):
            self.faults.add(line, N_("{key} must be a text. Put it between quotation marks."), key=key)
            return ""
        text = "" if content is None else str(content).strip()
        if len(text) > most:
            template = N_("{key} has {count} letters, but at most {most} are possible.")
            self.faults.add(line, template, key=key, count=len(text), most=most)
        return text[:most]

    def word(self, key: str, options: Sequence[str], *, needed: bool = False) -> str | None:
        """One of the options."""
        content = self.content(key, needed=needed)
        if content is None or content in options:
            return content  # type: ignore[no-any-return]
        self.faults.none_of(self.at(key), key, content, options)
        return None

    def words(self, key: str, options: Sequence[str]) -> tuple[str, ...]:
        """One of the options, or a list of them."""
        content = self.content(key)
        values = content if isinstance(content, list) else [] if content is None else [self.entries[key]]
        for value in values:
            if value.content not in options:
                self.faults.none_of(value.line, key, value.plain, options)
        return tuple(value.content for value in values if value.content in options)

    def flag(self, key: str) -> bool:
        """True or false; false where nothing is said."""
        content = self.content(key)
        if content is None or isinstance(content, bool):
            return bool(content)
        if not self._is_quoted(key, bool):
            template = N_("{field} must be true or false, not {value}.")
            self.faults.add(self.at(key), template, field=key, value=shown(self.entries[key].plain))
        return False

    def number(self, key: str, least: float, most: float, *, whole: bool = False, needed: bool = False) -> float | None:
        """A number within these ends."""
        content = self.content(key, needed=needed)
        if content is None or (is_number(content, whole=whole) and least <= content <= most):
            return content  # type: ignore[no-any-return]
        if self._is_quoted(key, (int, float)):
            return None
        value = shown(self.entries[key].plain)
        if is_number(content, whole=whole):
            template = N_("{field} must be from {minimum} to {maximum}, not {value}.")
            ends = {"minimum": number_text(least), "maximum": number_text(most)}
            self.faults.add(self.at(key), template, field=key, value=value, **ends)
        elif whole:
            self.faults.add(self.at(key), N_("{field} must be an integer, not {value}."), field=key, value=value)
        else:
            self.faults.add(self.at(key), N_("{field} must be a number, not {value}."), field=key, value=value)
        return None

    def _is_quoted(self, key: str, kinds: type | tuple[type, ...]) -> bool:
        """Whether it would be of these kinds without quotation marks, which is told then."""
        content = self.entries[key].content
        if not isinstance(content, str) or not isinstance(unquoted(content), kinds):
            return False
        self.faults.add(
            self.at(key), N_("{key} is a text, since it stands between quotation marks. Leave them out."), key=key
        )
        return True

    def pair(self, key: str, least: float, most: float) -> tuple[float, float] | None:
        """Two numbers within these ends, the smaller one first."""
        if not self.has(key):
            return None
        numbers = self.entries[key].plain
        if isinstance(numbers, list) and len(numbers) == 2 and all(map(is_number, numbers)):
            low, high = numbers
            if least <= low <= high <= most:
                return float(low), float(high)
        template = N_(
            "{key} must be two numbers from {least} to {most}, the smaller one first, such as [{least}, {most}]."
        )
        self.faults.add(self.at(key), template, key=key, least=number_text(least), most=number_text(most))
        return None


def is_number(value: Any, *, whole: bool = False) -> bool:
    """Whether it is a finite number."""
    kind = int if whole else (int, float)
    return isinstance(value, kind) and not isinstance(value, bool) and math.isfinite(value)
