"""Faults of a machine that pass: a full disk, a share that is away for a moment."""

from __future__ import annotations

import errno

from mnist_core.errors import system_number

PASSING = frozenset(
    getattr(errno, name)
    for name in (
        *("ENOSPC", "EDQUOT", "EIO", "EROFS", "EAGAIN", "EBUSY", "EMFILE", "ENFILE", "ENODEV", "ENXIO"),
        *("ESTALE", "ETIMEDOUT", "ENETDOWN", "ENETUNREACH", "ENOTCONN", "EHOSTDOWN", "EHOSTUNREACH"),
    )
    if hasattr(errno, name)  # not every system has all
)


def passing_errno(error: BaseException | None) -> int | None:
    """The number of the operating system's error, if it is one that passes."""
    number = system_number(error)
    return number if number in PASSING else None
