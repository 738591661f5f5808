"""How often a JPEG goes over all its pixels: a file of 1 MB can say so 70,000 times, and keep its reader busy for minutes."""

from __future__ import annotations

import re

MOST_SCANS = 30  # a progressive JPEG has about ten
# Those that a length follows, and the end of the image; the others stand alone, or a reader passes over them without their length.
_MARKER = re.compile(rb"\xff([\xc0-\xcf\xd9-\xfe])")
_SCAN, _END = b"\xda", b"\xd9"


def has_too_many_scans(content: bytes) -> bool:
    """Whether a file, if it is a JPEG, has more scans than are read. It is told without unpacking."""
    if not content.startswith(b"\xff\xd8"):
        return False
    at, scans = 2, 0
    while scans <= MOST_SCANS and (marker := _MARKER.search(content, at)) and marker[1] != _END:
        scans += marker[1] == _SCAN
        at = marker.end() + int.from_bytes(content[marker.end() : marker.end() + 2], "big")
    return scans > MOST_SCANS
