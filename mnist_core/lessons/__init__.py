"""Lessons: Markdown files with live parts, read and checked."""

from mnist_core.lessons.reader import read, read_source
from mnist_core.lessons.schema import Lesson, Source
from mnist_core.lessons.sources import folder, ours, packed, unpacked, uploaded, with_image, with_replaced

__all__ = [
    "Lesson",
    "Source",
    "folder",
    "ours",
    "packed",
    "read",
    "read_source",
    "unpacked",
    "uploaded",
    "with_image",
    "with_replaced",
]
