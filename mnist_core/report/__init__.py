"""Reports: one HTML file that opens by a double click, without a server and without a network."""

from mnist_core.report.document import (
    Blank,
    Cell,
    Chart,
    Column,
    Facts,
    Paragraph,
    Part,
    Quote,
    Report,
    Section,
    Table,
    Words,
)
from mnist_core.report.writer import with_script, without_script, written

__all__ = [
    "Blank",
    "Cell",
    "Chart",
    "Column",
    "Facts",
    "Paragraph",
    "Part",
    "Quote",
    "Report",
    "Section",
    "Table",
    "Words",
    "with_script",
    "without_script",
    "written",
]
