"""A lesson in steps."""

from __future__ import annotations

from mnist_core import lessons
from mnist_core.lessons.schema import Prose
from mnist_core.lessons_page.steps import split
from tests.lessons_page.short import TEXT, short

HEAD = TEXT.partition("What comes of it?")[0]


def test_a_step_begins_at_a_heading_and_after_what_is_to_be_done() -> None:
    steps = split(short())
    assert [step.title for step in steps] == ["", "", "What you saw", "The end"]
    assert [type(part).__name__ for _place, part in steps[0].parts] == [
        "Prose",
        "PredictBlock",
        "RunBlock",
        "CheckBlock",
    ]
    assert [check.name for check in steps[0].checks] == ["trained"]
    assert not steps[1].checks


def test_headings_are_cut_out_of_prose_and_nothing_else_is_lost() -> None:
    text = "One.\n\n## A `b`\n\nTwo.\n\n### Deeper\n\n## Empty\n\n## Last #\n\n```python\n## no heading\n```\n"
    steps = split(lessons.read(HEAD + text, name="short", language="en"))
    assert [step.title for step in steps] == ["", "A `b`", "Empty", "Last"]
    prose = [[part.text for _place, part in step.parts if isinstance(part, Prose)] for step in steps]
    assert prose == [["One."], ["Two.\n\n### Deeper"], [], []]
    assert len(steps[3].parts) == 1


def test_a_lesson_without_headings_is_one_step() -> None:
    assert len(split(lessons.read(HEAD + "Only this.", name="short", language="en"))) == 1
    assert len(split(lessons.read(HEAD, name="short", language="en"))) == 1
