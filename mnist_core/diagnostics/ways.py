"""Ways to mend a run: a sentence with the settings that it would change, and which of several may be said where settings are locked."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mnist_core.messages import N_, Message, message
from mnist_core.rounds import Free, within

ONE = N_("Try {remedies}.")
SEVERAL = N_("Try one of these: {remedies}.")
MOST = 4  # remedies that are listed


@dataclass(frozen=True)
class Way:
    """A sentence, and what who follows it changes: settings with their new value, None where that is left to him."""

    sentence: Message
    changes: Mapping[str, Any] = field(default_factory=dict)

    def said(self, free: Free | None, never: Collection[str] = ()) -> Message | None:
        """The sentence; None where a setting in it is locked. `free`, `never`: as for `chosen`."""
        return self.sentence if _may(self.changes, free, never) else None


@dataclass(frozen=True)
class OneOf:
    """Several remedies of which any helps: those that may be, in one sentence."""

    remedies: tuple[Way, ...]
    one: str = ONE
    several: str = SEVERAL

    def said(self, free: Free | None, never: Collection[str] = ()) -> Message | None:
        """A sentence that lists those of the remedies of which no setting is locked; None without any."""
        left = tuple(one.sentence for one in self.remedies if _may(one.changes, free, never))[:MOST]
        return message(self.one if len(left) == 1 else self.several, remedies=left) if left else None


Ways = tuple[Way | OneOf, ...]  # the best first


def chosen(ways: Iterable[Way | OneOf], free: Free | None, never: Collection[str] = ()) -> Message | None:
    """The first that may be said; None where all are locked.

    `free`: what may be changed, as `rounds.Plan.free` has it; None: all settings. `never`: settings that cannot help this run.
    """
    return next((said for way in ways if (said := way.said(free, never)) is not None), None)


def _may(changes: Mapping[str, Any], free: Free | None, never: Collection[str]) -> bool:
    if any(name in never for name in changes):
        return False
    return free is None or all(
        name in free and (value is None or within(name, value, free[name])) for name, value in changes.items()
    )
