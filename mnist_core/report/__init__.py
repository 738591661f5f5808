"""Reports: one HTML file that opens by a double click, without a server and without a network."""

from mnist_core.report.document import (
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
from mnist_core.report.writer import written

__all__ = [
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
    "written",
]
