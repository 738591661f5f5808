"""Sentences that know their values, translated only when they are shown.

The core speaks English templates; pages translate a template through gettext and fill it in afterwards, so that
one sentence has one entry in the catalog whatever its numbers are. `N_` marks a template for extraction.

Settings and their values stand in a sentence as the command line and files have them: pages, where they have names that are read,
give `Message.text` their own words for them.

Where something lies on the server is for who runs it: `str(message)`, for logs and the command line, has all of it, `text`,
for pages, leaves out what PLACES and DETAILS name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
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
    """A number with so many digits at most, as short as it is written: 0.001, 1e-6, 2e9."""
    return re.sub(r"e([-+])0*", lambda power: "e-" if power[1] == "-" else "e", f"{value:.{digits}g}")


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
            return term(value) if isinstance(value, SettingName | SettingWord | LayerSizes | TypedText) else value

        values = {name: shown(value) for name, value in self.values.items()}
        if self.template == _JOINED and term is not as_written:  # where a setting has a name, not an identifier
            values["rest"] = capital(values["rest"])
        if not places:
            values |= {name: _last_part(str(values[name])) for name in PLACES if name in values}
            values |= {name: translate(_SEE_LOG) for name in DETAILS if name in values}
        return translate(self.template).format(**values)

    @property
    def has_places(self) -> bool:
        """Whether `text` leaves something out."""
        inner = (value.has_places for value in self.values.values() if isinstance(value, Message))
        return any(name in self.values for name in (*PLACES, *DETAILS)) or any(inner)

    def __str__(self) -> str:
        return self.text(places=True)

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready form; read back by `from_dict`."""
        values = {
            name: {"message": value.to_dict()} if isinstance(value, Message) else value
            for name, value in self.values.items()
        }
        return {"template": self.template, "values": values}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Message:
        """The message that `to_dict` wrote."""
        values = {
            name: cls.from_dict(value["message"]) if isinstance(value, Mapping) and "message" in value else value
            for name, value in data.get("values", {}).items()
        }
        return cls(data["template"], values)


def capital(text: str) -> str:
    """`text` with a capital, as at the head of a sentence; Greek letters are symbols and stay."""
    return text[:1].upper() + text[1:] if text[:1].isascii() else text


_JOINED = "{first} {rest}"


def joined(sentences: Sequence[Message]) -> Message:
    """Sentences one after the other; at least one."""
    first, *rest = sentences
    return Message(_JOINED, {"first": first, "rest": joined(rest)}) if rest else first


def message(template: str, **values: Any) -> Message:
    """Shorthand for `Message(template, values)`."""
    return Message(template, values)
