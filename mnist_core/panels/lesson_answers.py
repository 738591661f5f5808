"""What students said in the blocks of a lesson, as it is read."""

from __future__ import annotations

from typing import Any

from mnist_core import escape
from mnist_core.lessons.schema import Block, NoteBlock, PredictBlock, QuestionBlock
from mnist_core.panels import predictions
from mnist_core.ui.texts import _

JOINED = ("%", "°")  # units that stand at their number
Asking = PredictBlock | QuestionBlock | NoteBlock


def asks(block: Block) -> bool:
    """Whether a block wants something said."""
    return isinstance(block, Asking)


def in_words(block: Block, value: Any, *, markdown: bool = False) -> str:
    """A value that was kept, in words of the lesson's author or of the student; a dash where it fits the block no more.

    `markdown`: the author's words as Markdown, not letter by letter.
    """
    if isinstance(block, NoteBlock):
        return value if isinstance(value, str) else "–"
    if isinstance(block, QuestionBlock) and block.number is not None:
        space = "" if block.unit in JOINED else " "
        return f"{value}{space}{block.unit}".strip() if isinstance(value, str) else "–"
    if isinstance(block, QuestionBlock | PredictBlock) and block.answers:
        chosen = value if isinstance(value, list) else [value]
        texts = [block.answers[one].text for one in chosen if isinstance(one, int) and 0 <= one < len(block.answers)]
        return ", ".join(texts if markdown else map(escape.without_escapes, texts)) or "–"
    if isinstance(block, PredictBlock) and block.question == "accuracy":
        return f"{value:g}%" if isinstance(value, int | float) else "–"
    word = predictions.WORDS.get(value) if isinstance(value, str) else None  # type: ignore[call-overload]
    return _(word) if word else "–"
