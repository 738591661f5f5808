"""The report of a lesson."""

from __future__ import annotations

from dataclasses import replace

from mnist_core import lessons
from mnist_core.lessons_page.lesson_report import report
from mnist_core.records import LessonAnswer, LessonPlace, SweepRecord
from mnist_core.report import written
from mnist_core.ui import seal, texts
from tests.lessons_page.short import SOURCE, TEXT, short
from tests.panels.test_reports import RATES, view


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


def test_tildes_stand_in_it_as_they_were_written() -> None:
    written_so = TEXT.replace("What fell?", "What fell in 5~10 minutes?").replace("text: The loss", "text: Loss of 2~3")
    source = replace(SOURCE, texts={**SOURCE.texts, "en": written_so})
    answers = {"which": LessonAnswer("", [0], given=True), "remember": LessonAnswer("", r"my \~", given=True)}
    content = written(report(lessons.read_source(source, "en"), answers, []), str).decode()
    assert "What fell in 5~10 minutes?" in content
    assert "Loss of 2~3" in content
    assert r"my \~" in content


def test_it_advises_nothing_that_the_block_locks() -> None:
    broken = view(9, 5.0, outcome="diverged")
    placed = replace(broken, run=replace(broken.run, place=LessonPlace("short", "small")))
    locked = replace(SOURCE, texts={"en": TEXT.replace("free: {learning_rate: [0.1, 1], epochs: [1, 2]}\n", "")})
    with texts.speaking("en"), seal.seen(sealed=False):
        said = [written(report(lessons.read_source(one, "en"), {}, [placed]), str).decode() for one in (SOURCE, locked)]
    assert ["What to try" in text for text in said] == [True, False]


def test_it_has_runs_sweeps_and_range_tests_and_says_a_prediction_once() -> None:
    with texts.speaking("en"), seal.seen(sealed=False):
        record = SweepRecord("s", "me", 1.75e9, view(1).run.config, RATES, 1)
        swept = [view(number, rate, group="s") for number, rate in enumerate(RATES)]
        predicted = {"guess": LessonAnswer("", "breaks", given=True)}
        own = view(9, prediction="breaks")
        made = report(short(), predicted, [own], [(record, swept)], [view(8, 10.0, schedule="rising")])
        titles = [str(getattr(section.title, "raw", section.title)) for section in made.sections]
        content = written(made, str).decode()
    assert titles[0] == "Answers"
    assert "Prediction and outcome" not in titles  # it stands among the answers
    assert {"Result", "Learning rate sweep · Result", "Learning rate sweep · Curves", "Range test"} <= set(titles)
    assert content.count("Prediction") == 1
