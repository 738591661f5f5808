"""The report of a lesson."""

from __future__ import annotations

from mnist_core.lessons_page.lesson_report import report
from mnist_core.records import LessonAnswer
from mnist_core.report import written
from tests.lessons_page.short import short


def test_the_report_has_what_was_said_as_text_and_nothing_half_written() -> None:
    answers = {
        "guess": LessonAnswer("", "breaks", given=True),
        "which": LessonAnswer("", [0], given=True, is_right=True),
        "steps": LessonAnswer("", "half", given=False),
        "remember": LessonAnswer("", "<script>alert(1)</script>\nsecond line", given=True),
    }
    content = written(report(short(), answers, []), str).decode()
    for text in (
        "A *short* lesson",
        "What fell?",
        "The loss",
        "breaks",
        "Correct.",
        "&lt;script&gt;alert(1)",
        "second line",
    ):
        assert text in content
    assert "<script>alert" not in content
    assert "half" not in content
