"""Sentences that know their values, translated only when they are shown.

The core speaks English templates; pages translate a template through gettext and fill it in afterwards, so that
one sentence has one entry in the catalog whatever its numbers are. `N_` marks a template for extraction.

Settings and their values stand in a sentence as the command line and files have them: pages, where they have names that are read,
give `Message.text` their own words for them.

Where something lies on the server is for who runs it: `str(message)`, for logs and the command line, has all of it, `text`,
for pages, leaves out what PLACES and DETAILS name.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import PurePath
from typing import Any

Translate = Callable[[str], str]
PLACES = ("file", "folder", "log", "store")  # fields of templates: pages show their last part
DETAILS = ("details", "held")  # what another program said, what lies in a folder: pages refer to the log


def N_(template: str) -> str:
    """Mark `template` for the catalog; returns it unchanged."""
    return template


_SEE_LOG = N_("see the server's log")


def _last_part(place: str) -> str:
    """The name of a file or folder without the way to it; of the address of a database its kind."""
    scheme, sign, _rest = place.partition("://")
    return scheme if sign and scheme != "sqlite" else PurePath(place).name or "…"


class SettingName(str):
    """The identifier of a setting."""


class SettingWord(str):
    """A value of a setting that is a word: one of its choices, `true` or `false`."""


class WordToWrite(SettingWord):
    """The same where it is to be written by who reads the sentence, as in a link or a file."""


class LayerSizes(str):
    """The sizes of layers as files have them: `[128, 64]`."""


class TypedText(str):
    """What somebody wrote for a value and is none."""


Term = Callable[[str], str]  # what to say instead of one of these


def as_written(value: str) -> str:
    """The term that files have for it."""
    return repr(str(value)) if isinstance(value, TypedText) else value


def number_text(value: float, digits: int = 6) -> str:
    """A number with so many digits at most, as short as it is written: 0.001, 1,000, 1e-6, 2e9."""
    return re.sub(r"e([-+])0*", lambda power: "e-" if power[1] == "-" else "e", f"{value:,.{digits}g}")


def measured_text(value: float, decimals: int = 3) -> str:
    """A measured number with so many decimals; in a few digits from a thousand on: a network that diverges computes numbers of any size."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "∞" if value > 0 else "−∞"
    return minus(number_text(float(f"{value:.3g}")) if abs(value) >= 1_000 else f"{value:.{decimals}f}")


def minus(text: str) -> str:
    """`text` with a minus sign before numbers below zero, as charts have it, where Python writes a hyphen."""
    return re.sub(r"(?<![\w.)])-(?=\d)", "−", text)


ACCURACY = ".2%"  # an accuracy, in the words of Python, of Plotly and of a report: so many digits wherever it stands

ANY_SIZE = ",.4~g"  # what a network computed, in the words of Plotly: one that diverges computes numbers of any size


def accuracy_text(accuracy: float) -> str:
    """An accuracy as it is written everywhere: 95.60%."""
    return f"{accuracy:{ACCURACY}}"


@dataclass(frozen=True)
class Message:
    """A sentence: `template` in str.format syntax and the `values` for its fields.

    A value may itself be a Message; it is translated on the way. A tuple of values is a list with commas.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Translate = str, *, places: bool = False, term: Term = as_written) -> str:
        """The sentence in the language of `translate` (default: English, as written).

        `places`: with folders, addresses and the words of other programs, for who runs the server. `term`: what settings and
        their words are called (default: as in files).
        """

        def shown(value: Any) -> Any:
            if isinstance(value, Message):
                return value.text(translate, places=places, term=term)
            if isinstance(value, tuple):
                return ", ".join(str(shown(one)) for one in value)
            if isinstance(value, int) and not isinstance(value, bool):
                return f"{value:,}"
            return term(value) if isinstance(value, SettingName | SettingWord | LayerSizes | TypedText) else value

        if self.template == _JOINED:
            first, *rest = map(shown, self.values["sentences"])
            # Where a setting has a name, not an identifier, a sentence may begin with it.
            return " ".join([first, *(rest if term is as_written else map(capital, rest))])
        values = {name: shown(value) for name, value in self.values.items()}
        if not places:
            values |= {name: _last_part(str(values[name])) for name in PLACES if name in values}
            values |= {name: translate(_SEE_LOG) for name in DETAILS if name in values}
        return translate(self.template).format(**values)

    @property
    def has_places(self) -> bool:
        """Whether `text` leaves something out."""
        inner = [one for value in self.values.values() for one in (value if isinstance(value, tuple) else (value,))]
        named = any(name in self.values for name in (*PLACES, *DETAILS))
        return named or any(one.has_places for one in inner if isinstance(one, Message))

    def __str__(self) -> str:
        return self.text(places=True)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; read back by `from_dict`."""
        return {"template": self.template, "values": {name: _stored(value) for name, value in self.values.items()}}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Message:
        """The message that `to_dict` wrote, or that of an earlier version, where joined sentences lay one in the other."""
        if data["template"] == _ONE_IN_THE_OTHER:
            return joined([*map(cls.from_dict, _unfolded(data))])
        return cls(data["template"], {name: _read(value) for name, value in data.get("values", {}).items()})


def _stored(value: Any) -> Any:
    """A value of a sentence as JSON has it."""
    if isinstance(value, tuple):
        return [_stored(one) for one in value]
    return {"message": value.to_dict()} if isinstance(value, Message) else value


def _read(value: Any) -> Any:
    """What `_stored` was made of."""
    if isinstance(value, list):
        return tuple(map(_read, value))
    return Message.from_dict(value["message"]) if isinstance(value, Mapping) and "message" in value else value


def capital(text: str) -> str:
    """`text` with a capital, as at the head of a sentence; Greek letters are symbols and stay."""
    return text[:1].upper() + text[1:] if text[:1].isascii() else text


MOST_NAMED = 5  # of many sentences about one thing
_JOINED = "{sentences}"
_ONE_IN_THE_OTHER = "{first} {rest}"


def first_of(sentences: Sequence[Message]) -> list[Message]:
    """What a person is told of sentences that somebody may have brought about any number of: the first few, and how many more
    there are."""
    more = len(sentences) - MOST_NAMED
    if more <= 0:
        return list(sentences)
    template = N_("There is one more problem.") if more == 1 else N_("There are {more} more problems.")
    return [*sentences[:MOST_NAMED], Message(template, {"more": more})]


def joined(sentences: Sequence[Message]) -> Message:
    """Sentences one after the other, as `first_of` has them; at least one."""
    told = first_of(sentences)
    return Message(_JOINED, {"sentences": tuple(told)}) if len(told) > 1 else told[0]


def _unfolded(data: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """The sentences, as stored, of which each lay in the one before."""
    while data["template"] == _ONE_IN_THE_OTHER:
        yield data["values"]["first"]["message"]
        data = data["values"]["rest"]["message"]
    yield data


def message(template: str, **values: Any) -> Message:
    """Shorthand for `Message(template, values)`."""
    return Message(template, values)
