"""Memo: what is computed once is computed once, however many ask for it at the same time, and kept within so many bytes."""

from __future__ import annotations

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar, cast

import numpy as np

MB = 2**20
SAMPLED = 25  # of a longer sequence's parts so many are measured
PLAIN = frozenset({str, int, float, bool, bytes, type(None)})  # nothing is in them
P = ParamSpec("P")
T = TypeVar("T")


class Memo:
    """Values by key; beyond `room` bytes those go that were not asked for the longest. The last one stays, however large."""

    def __init__(self, room: int) -> None:
        self.room = room
        self._values: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._bytes = 0  # of all values: thousands are kept, and one comes at a time
        self._computing: dict[Hashable, threading.Event] = {}
        self._lock = threading.Lock()

    def get(self, key: Hashable, compute: Callable[[], T]) -> T:
        """The value under `key`. One who asks computes it, all others wait for that; where it fails, its error is that
        one's alone, and the next computes."""
        while True:
            with self._lock:
                if key in self._values:
                    self._values.move_to_end(key)
                    return cast(T, self._values[key][0])
                other = self._computing.get(key)
                if other is None:
                    mine = self._computing[key] = threading.Event()
                    break
            other.wait()
        try:
            value = compute()
            size = bytes_of(value)
            with self._lock:
                self._values[key] = (value, size)
                self._bytes += size
                self._make_room()
            return value
        finally:
            with self._lock:
                del self._computing[key]
            mine.set()

    def bytes(self) -> int:
        """What all values take, as `bytes_of` reckons."""
        with self._lock:
            return self._bytes

    def _make_room(self) -> None:
        while self._bytes > self.room and len(self._values) > 1:
            _key, (_value, size) = self._values.popitem(last=False)
            self._bytes -= size


def kept(room: int) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """A decorator: results are kept by their (hashable, positional) arguments, within `room` bytes."""

    def decorate(compute: Callable[P, T]) -> Callable[P, T]:
        memo = Memo(room)

        @wraps(compute)
        def remembered(*args: P.args, **kwargs: P.kwargs) -> T:
            key = (args, tuple(sorted(kwargs.items())))
            return memo.get(key, lambda: compute(*args, **kwargs))

        return remembered

    return decorate


def bytes_of(value: Any) -> int:
    """About what a value takes in memory, in bytes: arrays and texts exactly, long lists by samples."""
    kind = type(value)
    if kind in PLAIN:  # most of what there is, soonest: charts are measured a few times a second
        return sys.getsizeof(value)
    if isinstance(value, np.ndarray):
        return int(value.nbytes) + 128
    if isinstance(value, Mapping):
        return sys.getsizeof(value) + _of_all(list(value.keys())) + _of_all(list(value.values()))
    if isinstance(value, list | tuple | set | frozenset):
        return sys.getsizeof(value) + _of_all(list(value))
    fields = getattr(value, "__dict__", None)
    if fields and not isinstance(value, type):
        return sys.getsizeof(value) + _of_all(list(fields.values()))
    return sys.getsizeof(value)


def _of_all(parts: list[Any]) -> int:
    step = max(1, len(parts) // SAMPLED)
    sample = parts[::step]
    return sum(map(bytes_of, sample)) * len(parts) // len(sample) if sample else 0
