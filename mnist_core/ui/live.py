"""What browsers follow: values that change while runs train, kept once for all who may see the same.

A page that draws a chart, a line of progress or a verdict of a run that moves says here what it drew and how it is made
(`follow`); the browser asks for it by its id over the page's own connection (`push.py`) and is told each change, from the
position that it has. A position is a number made of the value itself, so that a change is added to the very value that it is a
change of, whatever was lost on the way.
"""

from __future__ import annotations

import json
import logging
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from mnist_core.class_records import Class
from mnist_core.errors import MnistLabError
from mnist_core.memo import MB
from mnist_core.records import Analysis
from mnist_core.ui import board, seal, texts, watch

LOG = logging.getLogger("mnist_lab")
ITEMS = 2_000  # kept at most; those that nobody follows go first
ROOM = 96 * MB  # of all items with their earlier values; these go first, of items that were not used for the longest
FORGET_SECONDS = 60.0  # an item that nobody has followed for so long is forgotten
EARLIER = 4  # values before the present one from which a change can be told
SHORTEST_START = 32  # letters that two texts begin with alike, for their end alone to be sent
GONE = "gone"  # in place of a value: ask the page anew
Value = Any  # plain values, as JSON has them
Moving = watch.View | Analysis | Class | board.Board


@dataclass(frozen=True, eq=False)
class Told:
    """A value as of a sum of the versions of its runs (`at`), with those before it, newest first."""

    value: Value
    at: int
    earlier: Sequence[Told] = ()
    text: str = ""
    position: int = 0
    messages: dict[int, str] = field(default_factory=dict)  # by the position that they begin at

    @classmethod
    def of(cls, value: Value, at: int, before: Told | None = None) -> Told:
        """The next value after `before`; the same where nothing has changed."""
        text = json.dumps(value, separators=(",", ":"))
        position = zlib.crc32(text.encode())
        if before is not None and before.position == position:
            return before if before.at == at else cls(value, at, before.earlier, text, position)
        earlier = () if before is None else (cls(before.value, before.at, (), "", before.position), *before.earlier)
        return cls(value, at, earlier[:EARLIER], text, position)

    def message(self, item_id: str, position: int | None) -> str:
        """What a browser that has the value of `position` is to be told, as JSON; encoded once for all who have that."""
        known = next((told for told in self.earlier if told.position == position), None)
        start = known.position if known is not None else -1
        if start not in self.messages:
            head = {"id": item_id, "at": self.at, "to": self.position}
            if known is None:
                self.messages[start] = json.dumps(head)[:-1] + f',"value":{self.text}}}'
            else:
                more = {"from": start, "patch": patch(known.value, self.value)}
                self.messages[start] = json.dumps(head | more, separators=(",", ":"))
        return self.messages[start]


def patch(old: Value, new: Value) -> Any:
    """What makes `new` of `old`, for scripts/live.js: null (nothing), ["=", value], ["+", letters kept, end of the text],
    ["{", {key: patch}, [keys that go]], ["[", {place: patch}, values behind the last]]."""
    if old == new:
        return None
    if isinstance(old, str) and isinstance(new, str):
        kept = len(old) // 4 * 4 - 4  # packed numbers: of the last group of letters some bits may be of the next number
        if kept >= SHORTEST_START and new.startswith(old[:kept]):
            return ["+", kept, new[kept:]]
    if isinstance(old, dict) and isinstance(new, dict):
        changes = {key: patch(old[key], value) if key in old else ["=", value] for key, value in new.items()}
        changes = {key: change for key, change in changes.items() if change is not None}
        return ["{", changes, [key for key in old if key not in new]]
    if isinstance(old, list) and isinstance(new, list) and len(new) >= len(old) > 0:
        pairs = enumerate(zip(old, new, strict=False))
        places = {place: change for place, pair in pairs if (change := patch(*pair)) is not None}
        return ["[", places, new[len(old) :]]
    return ["=", new]


@dataclass(frozen=True)
class Followed:
    """What a component of the page is given to follow an item: its id, and the value's position that was drawn."""

    id: str
    position: int
    at: int


@dataclass(eq=False)
class Item:
    """Something that browsers follow."""

    id: str
    runs: tuple[str, ...]
    analyses: tuple[str, ...]
    classes: tuple[str, ...]
    rounds: tuple[str, ...]
    make: Callable[[], Value]
    language: str
    sealed: bool  # whether test figures are left out
    ticks: bool  # also changes while no run does: the place in the queue, how long nothing was heard
    told: Told
    used: float  # on the monotonic clock

    def renew(self, versions: Mapping[str, int]) -> None:
        """Make the value of the runs at these versions."""
        before = self.told
        try:
            with texts.speaking(self.language), seal.seen(sealed=self.sealed), watch.knowing(versions):
                value = self.make()
        except MnistLabError:  # the page says it
            value = GONE
        except Exception:
            LOG.exception("What a page follows could not be made")
            value = GONE
        with _lock:
            if (self.told.position, self.told.at) == (
                before.position,
                before.at,
            ):  # else a page has just drawn a newer one
                self.told = Told.of(value, self.at(versions), before)

    @property
    def size(self) -> int:
        """Bytes of what is kept of it, about: a value takes what its text does."""
        return (2 + len(self.told.earlier)) * len(self.told.text) + sum(map(len, list(self.told.messages.values())))

    def at(self, versions: Mapping[str, int]) -> int:
        """The sum of the versions of what it shows, which rises with every change."""
        return sum(self.made_of(versions))

    def made_of(self, versions: Mapping[str, int]) -> tuple[int, ...]:
        """The versions of what it shows; 0 of what is gone."""
        return tuple(versions.get(one, 0) for one in (*self.runs, *self.analyses, *self.classes, *self.rounds))


def is_moving(views: Collection[Moving]) -> bool:
    """Whether anything may still happen to one of them without the student."""
    return any(_is_moving(view) for view in views)


def _is_moving(view: Moving) -> bool:
    if isinstance(view, Class | board.Board):
        return True  # somebody may come, or start a run, at any time
    return view.run.active if isinstance(view, watch.View) else view.active


_lock = threading.Lock()
_items: dict[str, Item] = {}
_ids: dict[Hashable, str] = {}


def _may_move(views: Collection[Moving]) -> bool:
    """Whether anything may still happen to one of them, if only in another tab."""
    return any(view.run.may_go_on if isinstance(view, watch.View) else _is_moving(view) for view in views)


def follow(
    views: Collection[Moving],
    name: Hashable,
    make: Callable[[], Value],
    *,
    ticks: bool = False,
    rests: bool = False,
) -> tuple[Value, Followed | None]:
    """What `make` gives of these runs, analyses, classes or boards, as they were looked at, and the way to follow it; None where none of
    them moves; what rests and may go on moves, too, where that is wanted (`rests`).

    `name`: what is shown of them and how, apart from language and seal. `make` must look at them by itself (`watch.look`,
    `watch.analysis`, `watch.class_version`, `board.look`) and know nothing of a session: it is called again, in another thread, when one of them has changed (`ticks`:
    and each second).
    """
    runs = {view.run.id: view.run.version for view in views if isinstance(view, watch.View)}
    analyses = {one.id: one.version for one in views if isinstance(one, Analysis)}
    classes = {one.id: one.version for one in views if isinstance(one, Class)}
    rounds = {one.id: one.version for one in views if isinstance(one, board.Board)}
    versions = runs | analyses | classes | rounds
    at = sum(versions.values())
    moving = _may_move(views) if rests else is_moving(views)
    key = (tuple(versions), name, texts.language(), seal.sealed())
    if moving and not ticks and (told := _told(key, at)) is not None:
        return told
    with watch.knowing(versions):
        value = make()
    if not moving:
        return value, None
    with _lock:
        item = _items.get(_ids.get(key, ""))
        if item is None:
            item_id = secrets.token_hex(8)
            told_now = Told.of(value, at)
            item = Item(
                item_id,
                tuple(runs),
                tuple(analyses),
                tuple(classes),
                tuple(rounds),
                make,
                key[2],
                key[3],
                ticks,
                told_now,
                time.monotonic(),
            )
            _items[item_id], _ids[key] = item, item_id
            _forget_some()
        elif item.told.at <= at:
            item.told = told_now = Told.of(value, at, item.told)
        else:
            told_now = Told.of(value, at)
        item.used = time.monotonic()
    return value, Followed(item.id, told_now.position, at)


def _told(key: Hashable, at: int) -> tuple[Value, Followed] | None:
    """What others were shown of the same versions, which needs not be made again; None where it was not made of these."""
    with _lock:
        item = _items.get(_ids.get(key, ""))
        if item is None or item.told.at != at or item.told.value == GONE:
            return None
        item.used = time.monotonic()
        return item.told.value, Followed(item.id, item.told.position, at)


def find(item_id: str) -> Item | None:
    """The item, where it is not forgotten."""
    with _lock:
        item = _items.get(item_id)
        if item is not None:
            item.used = time.monotonic()
        return item


def forget_unused(followed: Collection[str]) -> None:
    """Forget the items that nobody has followed for a while."""
    now = time.monotonic()
    with _lock:
        for item_id in followed:
            if item_id in _items:
                _items[item_id].used = now
        _forget([item.id for item in _items.values() if now - item.used > FORGET_SECONDS])
        _make_room()


def _forget_some() -> None:
    if len(_items) > ITEMS:
        _forget(sorted(_items, key=lambda item_id: _items[item_id].used)[: ITEMS // 10])
    _make_room()


def _make_room() -> None:
    """Where all take more than ROOM: forget earlier values, then items, but for the last."""
    total = sum(item.size for item in _items.values())
    if total <= ROOM:
        return
    by_use = sorted(_items.values(), key=lambda item: item.used)
    for item in by_use:
        if total > ROOM:
            total -= item.size
            item.told = replace(item.told, earlier=(), messages={})
            total += item.size
    gone = []
    for item in by_use[:-1]:
        if total > ROOM:
            total -= item.size
            gone.append(item.id)
    _forget(gone)


def _forget(gone: Collection[str]) -> None:
    for item_id in gone:
        del _items[item_id]
    for key in [key for key, item_id in _ids.items() if item_id in gone]:
        del _ids[key]
