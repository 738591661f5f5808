"""The report of a lesson."""

from __future__ import annotations

from dataclasses import replace

from mnist_core import lessons
from mnist_core.lessons.schema import QuestionBlock
from mnist_core.lessons_page.asking_panel import Came
from mnist_core.lessons_page.lesson_report import report
from mnist_core.panels.lesson_answers import in_words
from mnist_core.records import LessonAnswer, LessonPlace, SweepRecord
from mnist_core.report import Facts, written
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
        "Right.",
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


def test_a_prediction_has_its_run_and_outcome_and_an_answer_its_own_words() -> None:
    """An answer was said to be a wrong prediction, and a prediction had no outcome."""
    answers = {
        "guess": LessonAnswer("", "breaks", given=True),
        "which": LessonAnswer("", [1], given=True, is_right=False),
        "steps": LessonAnswer("", "10", given=True, is_right=True),
    }
    with texts.speaking("en"), seal.seen(sealed=False):
        run = view(9, 0.25, prediction="breaks").run
        came = {"guess": Came(run, "learns", right=False)}
        answered = report(short(), answers, [], outcomes=came).sections[0]
    rows = [row for part in answered.parts if isinstance(part, Facts) for row in part.rows]
    said = [(str(getattr(name, "plain", name)), str(getattr(value, "plain", value))) for name, value in rows]
    assert [value for name, value in said if name == "Outcome"] == ["learns. Not this time."]
    assert [value for name, value in said if name == "Result"] == ["Right.", "Not right."]  # in the order of the lesson
    assert "0.25" in dict(said)["Run"]


def test_a_percent_sign_stands_at_its_number() -> None:
    block = short().block("steps")
    assert isinstance(block, QuestionBlock)
    assert [in_words(replace(block, unit=unit), "10") for unit in ("%", "steps", "")] == ["10%", "10 steps", "10"]
