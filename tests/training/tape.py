"""A CUDA graph on the CPU: operations are noted once, with all that Python told them, and replayed at the same places in memory.

What a graph does to a program, this does: Python's numbers are those of the capture, for good; nothing of Python runs again; what was
put into another tensor since then is not seen; and what came from outside of the capture is not held. (What may not be done while a graph
is captured, `test_capture.py` checks on fake tensors of a card.)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch.multiprocessing.reductions import StorageWeakRef
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

Launch = Callable[[], None]


class FreedError(Exception):
    """A replay would read or write memory that nobody holds any more: on a card, by now something else's."""


class Outside:
    """A tensor in memory that was there before the capture: known by its place alone."""

    def __init__(self, tensor: torch.Tensor) -> None:
        self._storage = StorageWeakRef(tensor.untyped_storage())
        self._at = tensor.storage_offset(), tensor.size(), tensor.stride()
        self._kind = {"dtype": tensor.dtype, "device": tensor.device}

    def tensor(self) -> torch.Tensor:
        """It. Raises FreedError."""
        if self._storage.expired():
            raise FreedError(f"{self._kind}, {tuple(self._at[1])}")
        return torch.empty(0, **self._kind).set_(
            torch.UntypedStorage._new_with_weak_ptr(self._storage.cdata), *self._at
        )


class Tape(TorchDispatchMode):
    """Notes the operations of its block as they are made; `replay` makes them once more."""

    def __init__(self) -> None:
        super().__init__()
        self._operations: list[tuple[Any, Any, Any]] = []  # what is done, with what, and its result
        self._outside: set[int] = set()  # storages
        self._inside: set[int] = set()

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        given = (args, dict(kwargs or {}))
        self._outside |= _storages(given) - self._inside
        result = func(*args, **given[1])
        self._inside |= _storages(result) - self._outside
        self._operations.append((func, given, result))
        return result

    def __exit__(self, *error: Any) -> None:
        super().__exit__(*error)
        self._operations = [
            (func, tree_map(self._let_go, given), tree_map(self._let_go, result))
            for func, given, result in self._operations
        ]

    def _let_go(self, value: Any) -> Any:
        is_outside = isinstance(value, torch.Tensor) and _storage(value) in self._outside
        return Outside(value) if is_outside else value

    @torch.no_grad()
    def replay(self) -> None:
        """The same operations on the same tensors; what they give goes where it went at first. Raises FreedError."""
        for func, given, result in self._operations:
            args, kwargs = tree_map(_taken, given)
            for old, new in zip(_tensors(tree_map(_taken, result)), _tensors(func(*args, **kwargs)), strict=True):
                if old.data_ptr() != new.data_ptr():  # neither changed in place nor a view
                    old.copy_(new)


def taped(update: Launch, first: Launch) -> Launch:
    """Instead of `device_step._capture`: the update that is noted is made, which a card would not; who asks puts back what it changed."""
    first()
    tape = Tape()
    with tape:
        update()
    return tape.replay


def _taken(value: Any) -> Any:
    return value.tensor() if isinstance(value, Outside) else value


def _tensors(value: Any) -> list[torch.Tensor]:
    return [leaf for leaf in tree_leaves(value) if isinstance(leaf, torch.Tensor)]


def _storage(tensor: torch.Tensor) -> int:
    return tensor.untyped_storage()._cdata


def _storages(value: Any) -> set[int]:
    return {_storage(tensor) for tensor in _tensors(value)}
