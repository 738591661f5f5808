"""What browsers follow, as ids, positions and changes; the connection itself is in test_push.py and tests/browser."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from mnist_core.figures.axes import packed
from mnist_core.ui import live
from mnist_core.ui.live import EARLIER, Item, Told, patch


def patched(old: Any, change: Any) -> Any:
    """What scripts/live.js makes of it."""
    if change is None:
        return old
    kind, what, *more = change
    if kind == "+":
        return old[:what] + more[0]
    if kind == "{":
        kept = {key: value for key, value in old.items() if key not in more[0]}
        return kept | {key: patched(old.get(key), one) for key, one in what.items()}
    if kind == "[":
        return [patched(value, what.get(str(place))) for place, value in enumerate(old)] + more[0]
    return what


def sent(old: Any, new: Any) -> Any:
    return json.loads(json.dumps(patch(old, new)))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (1, 2),
        (None, {"a": 1}),
        ({"a": 1, "b": 2}, {"b": 3, "c": [1]}),
        ([1, 2], [1, 3, 4]),
        ([1, 2, 3], [1]),
        ([], [1]),
        ({"a": [{"x": "y"}]}, {"a": [{"x": "z"}, {}]}),
        ("short", "other"),
        ("x" * 50, "x" * 50 + "y"),
        ("x" * 50, "y" * 60),
    ],
)
def test_a_change_makes_the_new_value_of_the_old_one(old: Any, new: Any) -> None:
    assert patched(old, sent(old, new)) == new


def test_any_values() -> None:
    chance = random.Random(1)

    def value(depth: int) -> Any:
        kind = chance.randrange(5 if depth else 3)
        if kind == 3:
            return [value(depth - 1) for _ in range(chance.randrange(4))]
        if kind == 4:
            return {chance.choice("abcd"): value(depth - 1) for _ in range(chance.randrange(4))}
        return [None, chance.randrange(3), "x" * chance.randrange(80)][kind]

    for _ in range(2_000):
        old, new = value(4), value(4)
        assert patched(old, sent(old, new)) == new


@pytest.mark.parametrize("count", [11, 12, 13, 500])
def test_of_a_curve_that_grew_the_new_points_travel_alone(count: int) -> None:
    import numpy as np

    numbers = np.random.default_rng(1).normal(size=count + 3)
    old, new = ({"y": packed(numbers[:n]), "name": "loss"} for n in (count, count + 3))
    change = sent(old, new)
    assert patched(old, change) == new
    assert len(json.dumps(change)) < 100


def test_a_change_is_told_from_the_position_that_the_browser_has() -> None:
    first = Told.of({"n": 1, "text": "a"}, 1)
    second = Told.of({"n": 2, "text": "a"}, 2, first)
    told = json.loads(second.message("id", first.position))
    assert told == {
        "id": "id",
        "at": 2,
        "to": second.position,
        "from": first.position,
        "patch": ["{", {"n": ["=", 2]}, []],
    }
    whole = json.loads(second.message("id", None))
    assert whole == {"id": "id", "at": 2, "to": second.position, "value": {"n": 2, "text": "a"}}
    assert json.loads(second.message("id", 12345)) == whole  # a position that nobody knows any more


def test_it_is_encoded_once_for_all_who_have_the_same() -> None:
    first = Told.of([1], 1)
    second = Told.of([1, 2], 2, first)
    assert second.message("id", first.position) is second.message("id", first.position)
    assert second.message("id", None) is second.message("id", 99)


def test_the_same_value_has_the_same_position() -> None:
    first = Told.of({"a": 1}, 1)
    assert Told.of({"a": 1}, 1, first) is first
    assert Told.of({"a": 1}, 5, first).position == first.position


def test_few_earlier_values_are_kept() -> None:
    told = Told.of(0, 0)
    for number in range(1, 20):
        told = Told.of(number, number, told)
    assert [one.value for one in told.earlier] == [18, 17, 16, 15][:EARLIER]
    assert all(not one.earlier for one in told.earlier)


@pytest.mark.parametrize(
    ("room", "kept", "with_earlier"), [(270, 3, 3), (269, 3, 2), (180, 3, 0), (179, 2, 0), (1, 1, 0)]
)
def test_items_take_no_more_than_their_room(
    monkeypatch: pytest.MonkeyPatch, room: int, kept: int, with_earlier: int
) -> None:
    items = {}
    for number in range(3):
        told = Told.of("b" * 28, 2, Told.of("a" * 28, 1))
        items[str(number)] = Item(
            str(number), (), (), (), (), lambda: None, "en", False, False, told, used=float(number)
        )
    assert {item.size for item in items.values()} == {90}
    monkeypatch.setattr(live, "_items", items)
    monkeypatch.setattr(live, "ROOM", room)
    with live._lock:
        live._make_room()
    assert list(items) == ["0", "1", "2"][3 - kept :]
    assert sum(bool(item.told.earlier) for item in items.values()) == with_earlier
    assert all(item.told.value == "b" * 28 for item in items.values())
