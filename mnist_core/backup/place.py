"""Folders and locks of backups in a home: one at a time, and nothing left behind by one that was killed."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import filelock

from mnist_core import settings
from mnist_core.errors import BackupError


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """One backup or restore of a home at a time. Raises BackupError, OSError."""
    with locked(home / "backup.lock", "Another backup or restore of {folder} is at work. Wait until it is done.", home):
        yield


@contextmanager
def locked(lock: Path, sentence: str, home: Path) -> Iterator[None]:
    """The lock, for as long as the context lasts. Raises BackupError with the sentence where another has it; OSError."""
    file_lock = filelock.FileLock(lock, timeout=0, mode=0o600)
    try:
        file_lock.acquire()
    except filelock.Timeout as error:
        raise BackupError(sentence, folder=str(home)) from error
    try:
        yield
    finally:
        file_lock.release()


@contextmanager
def workspace(home: Path) -> Iterator[Path]:
    """A folder in the home for what is not done yet, gone at the end; what killed ones have left goes first.

    Only for who is `alone` in the home. Raises OSError.
    """
    for leftover in home.glob("backup-*.tmp"):
        shutil.rmtree(leftover, ignore_errors=True)
    folder = settings.make_private(home / f"backup-{secrets.token_hex(4)}.tmp")
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def writing(sentence: str, file: Path) -> Iterator[None]:
    """Turns errors of the operating system into a BackupError: `sentence` has the fields file and reason."""
    try:
        yield
    except OSError as error:
        reason = f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}"
        raise BackupError(sentence, file=str(file), reason=reason) from error


def see_that_it_fits(needed: int, folder: Path) -> None:
    """Raises BackupError where the disk of the folder has less free than `needed` bytes; OSError."""
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise BackupError(
            "The disk of {folder} has {free} MB free, and {needed} MB are needed. Free some, or name another place.",
            folder=str(folder),
            free=f"{free / 1e6:,.1f}",
            needed=f"{needed / 1e6:,.1f}",
        )
