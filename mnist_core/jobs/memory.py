"""A worker's memory: what a run or an analysis held is given back to the system when it is over."""

from __future__ import annotations

import ctypes
import functools
import gc
import logging
import mmap
import re
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ParamSpec, TypeVar

LOG = logging.getLogger("mnist_lab.worker")
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # mallopt(3)
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+ +(/.*)?")  # its first line in /proc/self/smaps
_worn = False
P = ParamSpec("P")
T = TypeVar("T")


def settle() -> None:
    """Call once in a worker's process, when all is imported.

    What is there by then stays, and no later `release` looks through it again. From then on the allocator keeps what a step
    frees for the next one. Dask sets it to give all of it back at once, and then a step of a CNN takes 1.7 times as long: the
    system clears every page before it hands it out again.
    """
    release()
    give_libraries_back()
    gc.freeze()
    if (c := _glibc()) is not None:
        c.mallopt(_M_MMAP_THRESHOLD, 16 * 2**20)  # bytes: a layer's signals of a chunk are smaller
        c.mallopt(_M_TRIM_THRESHOLD, 256 * 2**20)


def give_libraries_back() -> None:
    """Let go of the pages of libraries that were read while these were loaded; what is needed again is read again, most likely from
    the system's cache.

    With PyPI's torch they are 240 MB, most of them of libraries for graphics processors, which a machine without one never needs again.
    Linux only.
    """
    if (c := _glibc()) is None or not hasattr(mmap, "MADV_DONTNEED"):
        return
    try:
        lines = Path("/proc/self/smaps").read_text().splitlines()
    except OSError:
        return
    for start, size in _as_in_their_files(lines):
        c.madvise(ctypes.c_void_p(start), ctypes.c_size_t(size), mmap.MADV_DONTNEED)


def _as_in_their_files(lines: list[str]) -> Iterator[tuple[int, int]]:
    """Address and bytes of each mapping of a library of which nothing was changed: what the loader has written has no other copy."""
    start = size = 0  # 0: not such a mapping
    for line in lines:
        if mapping := _MAPPING.match(line):
            first, end, permissions, file = mapping.groups()
            is_library = ".so" in Path(file or "").name and "w" not in permissions
            start, size = (int(first, 16), int(end, 16) - int(first, 16)) if is_library else (0, 0)
        elif size and line.startswith("Anonymous:") and line.split()[1] == "0":
            yield start, size


def bound(more: int) -> None:
    """Let this process take so many bytes more than it has now, and no more: what would, ends with an error, not the machine.

    Linux only; what counts is memory that is its own. Called in a worker's process when all is imported.
    """
    try:
        import resource

        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmData"))
        _soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
        limit = int(line.split()[1]) * 1024 + more
        resource.setrlimit(resource.RLIMIT_DATA, (limit if hard == resource.RLIM_INFINITY else min(limit, hard), hard))
    except (ImportError, OSError, StopIteration, ValueError):
        LOG.warning("the memory of a worker has no bound here")


def is_shortage(error: BaseException | None) -> bool:
    """Whether `error` says that there is no more memory: Python's, NumPy's or torch's, or a graphics processor's."""
    return isinstance(error, MemoryError) or is_shortage_of_card(error) or _says(error, "can't allocate memory")


def is_shortage_of_card(error: BaseException | None) -> bool:
    """Whether `error` says that a graphics processor has no more memory."""
    return _says(error, "out of memory")


def _says(error: BaseException | None, words: str) -> bool:
    """By its words: the cluster's process knows no torch."""
    return isinstance(error, RuntimeError) and words in str(error)


def releasing(work: Callable[P, T]) -> Callable[P, T]:
    """`work`, after which its memory is given back, also where it ends with an error."""

    @functools.wraps(work)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return work(*args, **kwargs)
        except BaseException as error:
            if is_shortage(error):
                _note_shortage()
            _forget_variables(error)
            raise
        finally:
            release()

    return wrapped


def _note_shortage() -> None:
    global _worn
    _worn = True


def is_worn() -> bool:
    """Whether something here has needed more memory than there was. What it held is free then, but lies in pieces between what
    stays: the system counts them as taken, and the next large array finds no room. Such a process should end when it is idle.
    """
    return _worn


def _forget_variables(error: BaseException) -> None:
    """Let go of what the functions that `error` came through held: a network, where it was its memory that did not suffice.

    Dask keeps the error, and with it all this, until the next run needs the memory. The lines in the log stay.
    """
    seen: list[BaseException] = []
    waiting: list[BaseException | None] = [error]
    while waiting:
        one = waiting.pop()
        if one is not None and one not in seen:
            seen.append(one)
            traceback.clear_frames(one.__traceback__)
            waiting += [one.__cause__, one.__context__]


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
        library.malloc_trim, library.mallopt, library.madvise  # noqa: B018 - whether they are there
    except (AttributeError, OSError, TypeError):  # musl, macOS; Windows
        return None
    return library
