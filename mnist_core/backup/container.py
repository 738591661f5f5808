"""The file of a backup: a zip with a manifest, a list of checksums, rows as JSON lines, and weights as they lie on disk.

Written beside its place and moved there when it is whole. What is read may have been made by anybody: members are known
names alone, each once, as large as the list says and no larger, and no path is ever made of what stands in the file but
by those names. Nothing in it is a pickle.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import secrets
import stat
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

from mnist_core.errors import BackupError, system_reason
from mnist_core.exchange.archive import BROKEN, METHODS
from mnist_core.networks.checkpoint_layout import NAME_PATTERN

FORMAT = 1
MANIFEST, CHECKSUMS = "backup.json", "checksums.txt"
MOST_MANIFEST = 1 << 16  # bytes
MOST_DIRECTORY = 1 << 26  # bytes of the zip's list of members, which is read at once
MOST_MEMBERS = 500_000  # whose list is not longer
MOST_LINE = 1 << 26  # bytes of a row as JSON
PIECE = 1 << 20  # bytes that are in memory at a time
FOLDER = "checkpoints"
# Members beside the first two: a table's rows, a run's checkpoint, a snapshot.
NAMES = re.compile(
    r"rows/(?P<table>[a-z_]{1,24})\.jsonl"
    rf"|{FOLDER}/{NAME_PATTERN}",
    re.ASCII,
)
_CHECKSUM = re.compile(r"([0-9a-f]{64}) ([0-9]{1,15}) ([!-~]{1,80})", re.ASCII)
_ENCRYPTED = 0x1


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself: who made it, at which schema, how many rows each table has."""

    program: str
    revision: str
    rows: dict[str, int]
    checksums: str  # SHA-256 of the list of checksums
    format: int = FORMAT


class Writer:
    """A backup that is being written; `new_backup` makes one."""

    def __init__(self, file: io.BufferedWriter) -> None:
        self._zip = zipfile.ZipFile(file, "w")
        self._checksums: list[str] = []

    def add(self, name: str, pieces: Iterable[bytes], *, packed: bool = False) -> int:
        """Add a member; returns its size in bytes. `packed`: compressed."""
        if len(self._checksums) >= MOST_MEMBERS:
            raise BackupError("A backup holds at most {most} files, and here are more.", most=f"{MOST_MEMBERS:,}")
        info = zipfile.ZipInfo(name)
        info.external_attr = 0o600 << 16
        info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
        size, checksum = 0, hashlib.sha256()
        with self._zip.open(info, "w", force_zip64=True) as member:
            for piece in pieces:
                member.write(piece)
                checksum.update(piece)
                size += len(piece)
        self._checksums.append(f"{checksum.hexdigest()} {size} {name}\n")
        return size

    def add_file(self, name: str, file: Path) -> int | None:
        """Add a file as it is; None where it is gone. One that is replaced meanwhile goes in as it was when it was opened."""
        try:
            source = file.open("rb")
        except FileNotFoundError:
            return None
        with source:
            return self.add(name, iter(lambda: source.read(PIECE), b""))

    def end(self, program: str, revision: str, rows: dict[str, int]) -> None:
        """Add the checksums and the manifest: only now the backup is whole."""
        listed = "".join(self._checksums).encode()
        manifest = Manifest(program, revision, rows, hashlib.sha256(listed).hexdigest())
        self._zip.writestr(CHECKSUMS, listed, zipfile.ZIP_DEFLATED)
        self._zip.writestr(MANIFEST, json.dumps(asdict(manifest), indent=1))
        self._zip.close()


@contextmanager
def new_backup(target: Path) -> Iterator[Writer]:
    """A new backup, for this account alone, which stands at `target` when the context ends well, else nowhere.

    Raises BackupError where something stands there already, OSError where it cannot be written.
    """
    _see_that_free(target)
    for leftover in target.parent.iterdir():
        if re.fullmatch(rf"\.{re.escape(target.name)}\.[0-9a-f]{{8}}\.part", leftover.name):
            leftover.unlink(missing_ok=True)  # of one that was killed
    unfinished = target.with_name(f".{target.name}.{secrets.token_hex(4)}.part")
    try:
        with os.fdopen(
            os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600), "wb"
        ) as file:
            yield Writer(file)
            file.flush()
            os.fsync(file.fileno())
        _place(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _see_that_free(target: Path) -> None:
    if os.path.lexists(target):
        raise BackupError("{file} is there already, and stays as it is. Name a new file.", file=str(target))


def _place(unfinished: Path, target: Path) -> None:
    """Give the file its name, unless another has taken it meanwhile."""
    with suppress(OSError):
        os.link(unfinished, target)
        return
    _see_that_free(target)  # or this file system has no links
    unfinished.rename(target)


class Reader:
    """A backup whose list of members is in order; `opened` makes one. What is in them is checked while it is read."""

    def __init__(self, file: Path, archive: zipfile.ZipFile) -> None:
        self.file = file
        self._zip = archive
        self._members = {info.filename: info for info in archive.infolist()}
        self.manifest = self._manifest()
        self._check_names()
        self._listed = self._checksums()
        self._check_members(file.stat().st_size)
        self.bytes = sum(size for size, _checksum in self._listed.values())

    def tables(self) -> list[str]:
        """Names of the tables whose rows are in it."""
        return [match["table"] for match in self._matches() if match["table"]]

    def files(self) -> list[tuple[str, str]]:
        """(member, id of its run) of each file of weights."""
        return [(match[0], match["run"]) for match in self._matches() if match["run"]]

    def pieces(self, name: str) -> Iterator[bytes]:
        """What is in a member. Raises BackupError at its end, at the latest, where it is not what was written."""
        size, expected = self._listed.get(name) or self._damaged()
        done, checksum = 0, hashlib.sha256()
        for piece in self._read(name):
            done += len(piece)
            checksum.update(piece)
            if done > size:
                self._damaged()
            yield piece
        if done != size or checksum.hexdigest() != expected:
            self._damaged()

    def lines(self, table: str) -> Iterator[bytes]:
        """The rows of a table, each as JSON. Raises BackupError as `pieces`."""
        remainder = b""
        for piece in self.pieces(f"rows/{table}.jsonl"):
            *whole, remainder = (remainder + piece).split(b"\n")
            if len(remainder) > MOST_LINE:
                self._damaged()
            yield from whole
        if remainder:
            self._damaged()

    def _matches(self) -> Iterator[re.Match[str]]:
        return (match for name in self._listed if (match := NAMES.fullmatch(name)))

    def _read(self, name: str) -> Iterator[bytes]:
        """The member's bytes as the zip has them, without checksum."""
        if name not in self._members:
            self._damaged()
        try:
            with self._zip.open(self._members[name]) as member:
                while piece := member.read(PIECE):
                    yield piece
        except BROKEN:
            self._damaged()

    def _read_whole(self, name: str, most: int) -> bytes:
        content = b""
        for piece in self._read(name):
            content += piece
            if len(content) > most:
                self._damaged()
        return content

    def _check_names(self) -> None:
        """Raises BackupError where a member is none of ours, or there twice."""
        if len(self._members) < len(self._zip.infolist()) or any(map(self._odd, self._members.values())):
            raise BackupError(
                "{file} holds what no backup of MNIST Lab holds (a link, a strange or doubled name). Nothing of it was "
                "unpacked: take another backup.",
                file=str(self.file),
            )

    @staticmethod
    def _odd(info: zipfile.ZipInfo) -> bool:
        is_member = info.orig_filename in (MANIFEST, CHECKSUMS) or NAMES.fullmatch(info.orig_filename)
        kind = stat.S_IFMT(info.external_attr >> 16)
        plain = kind in (0, stat.S_IFREG) and not info.is_dir() and not info.flag_bits & _ENCRYPTED
        return not (is_member and plain and info.compress_type in METHODS)

    def _manifest(self) -> Manifest:
        if MANIFEST not in self._members or self._odd(self._members[MANIFEST]):
            raise _no_backup(self.file)
        try:
            fields = json.loads(self._read_whole(MANIFEST, MOST_MANIFEST))
            if fields["format"] != FORMAT:
                raise BackupError(
                    "{file} has another format ({format}) than this program writes and reads ({ours}). Use the version of "
                    "the program that made it.",
                    file=str(self.file),
                    format=str(fields["format"])[:20],
                    ours=FORMAT,
                )
            return _typed(fields)
        except (KeyError, TypeError, ValueError, RecursionError):
            self._damaged()

    def _checksums(self) -> dict[str, tuple[int, str]]:
        """Size and checksum of each member by its name."""
        checksum, remainder = hashlib.sha256(), b""
        listed: dict[str, tuple[int, str]] = {}
        for piece in self._read(CHECKSUMS):
            checksum.update(piece)
            *lines, remainder = (remainder + piece).split(b"\n")
            for line in lines:
                match = _CHECKSUM.fullmatch(line.decode("latin-1"))
                if match is None or len(listed) >= MOST_MEMBERS:
                    self._damaged()
                listed[match[3]] = (int(match[2]), match[1])
        if remainder or checksum.hexdigest() != self.manifest.checksums:
            self._damaged()
        return listed

    def _check_members(self, size: int) -> None:
        """See that the zip's list of members and the list of checksums are one, and that no two members share their bytes."""
        packed = {name: info for name, info in self._members.items() if name not in (MANIFEST, CHECKSUMS)}
        sizes = {name: info.file_size for name, info in packed.items()}
        if sizes != {name: listed for name, (listed, _checksum) in self._listed.items()}:
            self._damaged()
        if sum(info.compress_size for info in self._members.values()) > size:
            self._damaged()
        if any(
            info.compress_type != zipfile.ZIP_STORED for name, info in packed.items() if not name.startswith("rows/")
        ):
            self._damaged()

    def _damaged(self) -> NoReturn:
        raise damaged(self.file)


def damaged(file: Path) -> BackupError:
    """The sentence about a file that is not what was written."""
    return BackupError(
        "{file} is damaged or was cut short. Nothing was restored: copy it again from where it was made, or take another "
        "backup.",
        file=str(file),
    )


def _no_backup(file: Path) -> BackupError:
    return BackupError("{file} is no backup that MNIST Lab has made. Name one that is.", file=str(file))


def _typed(fields: Any) -> Manifest:
    """Raises KeyError, TypeError, ValueError."""
    rows = {str(table): int(count) for table, count in dict(fields["rows"]).items()}
    texts = [fields[name] for name in ("program", "revision", "checksums")]
    if not all(isinstance(text, str) for text in texts):
        raise TypeError("no text")
    return Manifest(texts[0], texts[1], rows, texts[2])


@contextmanager
def opened(file: Path) -> Iterator[Reader]:
    """The backup in `file`. Raises BackupError with a sentence where it is none, or none that this program reads."""
    try:
        if not file.is_file():
            raise BackupError("There is no file {file}. Name a backup.", file=str(file))
        source = _Guarded(io.FileIO(file))
    except OSError as error:
        raise BackupError("{file} cannot be read ({reason}).", file=str(file), reason=system_reason(error)) from error
    with source:
        try:
            archive = zipfile.ZipFile(source)
        except BROKEN as error:
            source.seek(0)
            if source.read(4) == b"PK\x03\x04":
                raise damaged(file) from error
            raise _no_backup(file) from error
        with archive:
            yield Reader(file, archive)


class _Guarded(io.BufferedReader):
    """A file of which no more than MOST_DIRECTORY is read at once: zipfile reads the list of members whole, of any size."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is None or size < 0 or size > MOST_DIRECTORY:
            size = os.fstat(self.fileno()).st_size - self.tell()
        if size > MOST_DIRECTORY:
            raise zipfile.BadZipFile("the list of members is too long")
        return super().read(size)
