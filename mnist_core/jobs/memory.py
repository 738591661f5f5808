"""A worker's memory: what a run or an analysis held is given back to the system when it is over."""

from __future__ import annotations

import ctypes
import functools
import gc
from collections.abc import Callable
from typing import ParamSpec, TypeVar

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
P = ParamSpec("P")
T = TypeVar("T")


def settle() -> None:
    """Call once in a worker's process, when all is imported.

    What is there by then stays, and no later `release` looks through it again. From then on the allocator keeps what a step
    frees for the next one. Dask sets it to give all of it back at once, and then a step of a CNN takes 1.7 times as long: the
    system clears every page before it hands it out again.
    """
    gc.collect()
    gc.freeze()
    if (c := _glibc()) is not None:
        c.mallopt(_M_MMAP_THRESHOLD, 16 * 2**20)  # bytes: a layer's signals of a chunk are smaller
        c.mallopt(_M_TRIM_THRESHOLD, 256 * 2**20)


def releasing(work: Callable[P, T]) -> Callable[P, T]:
    """`work`, after which its memory is given back."""

    @functools.wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        finally:
            release()

    return wrapped


def release() -> None:
    """Give back what nobody holds any more.

    A job and its run's state know each other, so that only the collector of cycles finds them. It comes by itself when there
    are many new objects, and a network with its images is a few large ones: without a call some runs' worth stays.
    """
    gc.collect()
    if (c := _glibc()) is not None:
        c.malloc_trim(0)


@functools.cache
def _glibc() -> ctypes.CDLL | None:
    """The C library, where it is one whose allocator can be told so."""
    try:
        library = ctypes.CDLL(None)
        library.malloc_trim, library.mallopt  # noqa: B018 - whether they are there
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows
        return None
    return library
