"""What is wrong with a lesson: every fault with its line, all of them told at once."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from typing import Any

from mnist_core.errors import LessonError, LineProblem
from mnist_core.messages import N_, Message, message

MOST = 50  # that are told
SHOWN = 60  # letters of what somebody wrote, in a sentence


class Faults:
    """Collects what is wrong, and raises all of it at the end."""

    def __init__(self) -> None:
        self.found: list[LineProblem] = []
        self.cells = 0  # of the tables so far (markdown.py)

    def add(self, line: int, template: str, **values: Any) -> None:
        """A sentence about this line, from 1; 0 where it is about the whole lesson."""
        self.tell(line, message(template, **values))

    def tell(self, line: int, sentence: Message) -> None:
        """The same with a sentence that is there already."""
        if len(self.found) < MOST and LineProblem(line, sentence) not in self.found:
            self.found.append(LineProblem(line, sentence))

    def none_of(self, line: int, key: str, value: Any, options: Iterable[str]) -> None:
        """What stands under `key` is none of the options; with the likely one."""
        known = list(options)
        values = {"field": key, "value": shown(value), "options": ", ".join(known)}
        if close := _likely(value, known):
            template = N_("{field} must be one of {options}, not {value}. Did you mean {likely}?")
            self.add(line, template, **values, likely=close)
        else:
            self.add(line, N_("{field} must be one of {options}, not {value}."), **values)

    def unknown_key(self, line: int, key: str, options: Iterable[str]) -> None:
        """There is no such key; with the likely one, or all that there are."""
        known = list(options)
        if not known:
            self.add(line, N_("This kind of block has no keys: leave {key} out."), key=shown(key))
        elif close := _likely(key, known):
            self.add(line, N_("There is no key {key} here. Did you mean {likely}?"), key=shown(key), likely=close)
        else:
            template = N_("There is no key {key} here. Possible keys: {options}.")
            self.add(line, template, key=shown(key), options=", ".join(known))

    def end(self) -> None:
        """Raises LessonError where anything is wrong."""
        if self.found:
            raise LessonError(sorted(self.found, key=lambda problem: problem.line))


def shown(value: Any) -> str:
    """What somebody wrote, short enough for a sentence."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return text if len(text) <= SHOWN else text[: SHOWN - 1] + "…"


def _likely(value: Any, options: Iterable[str]) -> str | None:
    close = difflib.get_close_matches(str(value)[:SHOWN], list(options), n=1)
    return close[0] if close else None
