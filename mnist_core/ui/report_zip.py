"""Reports of a class as the parts of a zip, made one report after the other.

Each of them is a file of 2 MB that opens by itself; a hundred would not fit into a small server's memory at once.
"""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress

from mnist_core.class_records import HandedIn
from mnist_core.errors import ClassError
from mnist_core.report import with_script
from mnist_core.ui import session, times

FILE_LETTERS = 40  # of a nickname, or of a title, in the name of a file


def zipped(class_id: str, secret: str, found: Sequence[HandedIn], zone: str) -> Iterator[bytes]:
    """The parts of the zip; a report that was replaced meanwhile is left out. `zone`: in which a file's date is read."""
    written = _Written()
    with zipfile.ZipFile(written, "w") as archive:
        for number, one in enumerate(found, 1):
            with suppress(ClassError):
                content = with_script(*session.store().reports.content(class_id, secret, one.id))
                with times.read_in(zone):
                    info = zipfile.ZipInfo(file_name(one, number), times.at(one.handed_in_at).timetuple()[:6])
                info.compress_type = zipfile.ZIP_DEFLATED
                archive.writestr(info, content, compresslevel=1)  # the most of it is compressed already
            yield written.taken()
    yield written.taken()


def file_name(one: HandedIn, number: int) -> str:
    """`03-Otter-784-128-10.html`: what was typed is letters, digits, hyphens and dots of any script, and the number makes it unique."""
    return "-".join([f"{number:02}", *filter(None, map(_words, (one.nickname.plain, one.title.plain)))]) + ".html"


def _words(text: str) -> str:
    return re.sub(r"[^\w.]+", "-", unicodedata.normalize("NFC", text))[:FILE_LETTERS].strip("-.")


class _Written(io.RawIOBase):
    """A file that only grows; what was written is taken out of it, part by part."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: object) -> int:
        part = bytes(data)  # type: ignore[call-overload]
        self._parts.append(part)
        return len(part)

    def taken(self) -> bytes:
        """What was written since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)
