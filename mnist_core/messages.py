"""Sentences that know their values, translated only when they are shown.

The core speaks English templates; pages translate a template through gettext and fill it in afterwards, so that
one sentence has one entry in the catalogue whatever its numbers are. `N_` marks a template for extraction.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Translate = Callable[[str], str]


def N_(template: str) -> str:
    """Mark `template` for the catalogue; returns it unchanged."""
    return template


@dataclass(frozen=True)
class Message:
    """A sentence: `template` in str.format syntax and the `values` for its fields.

    A value may itself be a Message; it is translated on the way.
    """

    template: str
    values: Mapping[str, Any] = field(default_factory=dict)

    def text(self, translate: Translate = str) -> str:
        """The sentence in the language of `translate` (default: English, as written)."""
        values = {
            name: value.text(translate) if isinstance(value, Message) else value for name, value in self.values.items()
        }
        return translate(self.template).format(**values)

    def __str__(self) -> str:
        return self.text()

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


def message(template: str, **values: Any) -> Message:
    """Shorthand for `Message(template, values)`."""
    return Message(template, values)
