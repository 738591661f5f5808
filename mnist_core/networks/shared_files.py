"""Files of weights where workers and pages share no folder: each process's folder of checkpoints is a copy of one place.

The place (a part of the store) is given once a process (`share`); without one, the folder is all there is, and `push`, `pull` and
the others do nothing. What counts is what the place has: a copy whose content differs is fetched anew.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from mnist_core import settings


class SharedFiles(Protocol):
    """The place: files by their names below the folder of checkpoints. Its methods raise StoreError."""

    def put(self, name: str, run_id: str, data: bytes) -> None:
        """Keep the file, in the place of one of this name."""

    def digest(self, name: str) -> str | None:
        """SHA-256 of the file; None where there is none."""

    def data(self, name: str) -> bytes | None:
        """The file; None where there is none."""

    def move(self, name: str, to: str) -> None:
        """Let the file, where there is one, take the place of another."""

    def sizes(self, run_id: str) -> dict[str, int]:
        """Bytes of the run's files, by name."""

    def all_sizes(self) -> dict[str, int]:
        """Bytes of all files, by name."""

    def remove(self, names: list[str]) -> None:
        """Remove these files."""


_place: SharedFiles | None = None
_known: dict[Path, tuple[str, int, int]] = {}  # what the copy held when it was last looked at: digest, time, inode


def share(place: SharedFiles | None) -> None:
    """Keep the files of runs in this place from now on; None: in the folder alone."""
    global _place
    _place = place
    _known.clear()


def place() -> SharedFiles | None:
    """Where the files are kept, beside the folder."""
    return _place


def name_of(file: Path) -> str:
    """The file's name in the place."""
    return file.relative_to(settings.checkpoint_folder()).as_posix()


def push(file: Path, run_id: str) -> None:
    """Keep a file of the folder in the place, too. Raises StoreError, and OSError where it is not there."""
    if _place is not None:
        _place.put(name_of(file), run_id, file.read_bytes())


def move(file: Path, to: Path) -> None:
    """Do in the place what was done in the folder: a file has taken the place of another. Raises StoreError."""
    if _place is not None:
        _place.move(name_of(file), name_of(to))


def pull(file: Path) -> None:
    """Have the file in the folder as it is in the place; what the place has not stays as it is. Raises StoreError, OSError."""
    if _place is None or (digest := _place.digest(name_of(file))) is None or _digest(file) == digest:
        return
    if (data := _place.data(name_of(file))) is None:
        return  # it has gone meanwhile
    settings.make_private(settings.checkpoint_folder())
    file.parent.mkdir(mode=0o700, exist_ok=True)
    unfinished = file.with_suffix(".copy")
    unfinished.write_bytes(data)
    unfinished.replace(file)


def remove(run_id: str, which: Callable[[str], bool]) -> None:
    """Remove those of the run's files from the place whose names `which` picks. Raises StoreError."""
    if _place is not None:
        _place.remove([name for name in _place.sizes(run_id) if which(name)])


def _digest(file: Path) -> str | None:
    """Of the copy's content; read once for each content. None where there is no copy."""
    try:
        status = file.stat()
        if (known := _known.get(file)) is not None and known[1:] == (status.st_mtime_ns, status.st_ino):
            return known[0]
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError:
        return None
    if len(_known) > 10_000:
        _known.clear()
    _known[file] = digest, status.st_mtime_ns, status.st_ino
    return digest
