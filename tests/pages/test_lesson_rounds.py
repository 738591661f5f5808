"""A lesson given to a class: the teacher gives it, students find it, the teacher sees who is where and what was answered."""

from __future__ import annotations

import csv
import io

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import lessons
from mnist_core.class_records import Class
from mnist_core.classroom_page.lesson_results_panel import answers_csv
from mnist_core.escape import JOINER, UserText
from mnist_core.records import LessonPlace
from mnist_core.rounds import Plan
from mnist_core.store import Store
from mnist_core.ui import teacher
from tests.lessons_page.short import SOURCE
from tests.pages.conftest import Open
from tests.pages.content import texts

TEACHER, ANN = "a" * 32, "b" * 32
Opened = tuple[Class, str]


@pytest.fixture
def opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """A class and its secret."""
    monkeypatch.setenv("MNIST_LAB_URL", "https://lab.example")
    found, secret = store.classes.open("3b", TEACHER)
    store.classes.join(found.code, ANN, "=Otter")
    return found, secret


def given(store: Store, opened: Opened, instruction: str = "") -> str:
    """The short lesson, which the class has as its round; its name."""
    lesson = store.written_lessons.create(TEACHER, "A short lesson", lessons.packed(SOURCE)).lesson
    plan = Plan(UserText("A short lesson"), UserText(instruction), kind="lesson", lesson=lesson)
    store.rounds.give(opened[0].id, opened[1], plan)
    return lesson


def student(app: AppTest) -> str:
    return str(app.session_state["student"])


def test_the_teacher_gives_the_lesson_that_is_open(
    open_page: Open, store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "secrets", lambda: {opened[0].id: opened[1]})
    lesson = store.written_lessons.create(TEACHER, "A short lesson", lessons.packed(SOURCE)).lesson
    app = open_page("lessons", lesson=lesson)
    store.classes.enter(opened[0].id, opened[1], student(app))
    app.run()
    app.toggle(key="give_lesson_sealed").set_value(True)
    app.button(key="give_lesson").click().run()
    (made,) = store.rounds.of_class(opened[0].id, opened[1])
    assert (made.state, made.plan.kind, made.plan.lesson) == ("open", "lesson", lesson)
    assert made.plan.test_sealed
    assert "Every student's pages lead to it." in texts(app)


def test_a_student_finds_the_lesson_and_trains_for_its_round(open_page: Open, store: Store, opened: Opened) -> None:
    lesson = given(store, opened, "As far as **step 3**")
    app = open_page("lessons", lesson=lesson)
    assert "Your class does this lesson." not in texts(app)
    assert "As far as **step 3**" not in texts(app)
    store.classes.join(opened[0].code, student(app), "Falcon")
    app.run()
    assert "Your class does this lesson." in texts(app)
    assert "As far as **step 3**" in texts(app)
    (expected,) = [one for one in app.get("button_group") if str(one.key).endswith("-expected")]
    expected.set_value("learns").run()
    for ending in ("-say", "-run"):
        (button,) = [one for one in app.button if str(one.key).endswith(ending)]
        button.click().run()
    assert not app.error
    (run,) = store.runs.newest(student(app))
    assert (run.prediction, run.place) == ("learns", LessonPlace(lesson, "small"))
    assert run.round is not None
    store.record_writer.finish(run.id, "completed", {"validation_accuracy": 0.9})
    app.run()
    (again,) = [one for one in app.button if str(one.key).endswith("-run")]
    again.click().run()
    second, _first = store.runs.newest(student(app))
    assert second.prediction is None  # it was said of the first


def test_the_teacher_sees_who_is_where_and_what_was_answered(
    open_page: Open, store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(teacher, "secrets", lambda: {opened[0].id: opened[1]})
    lesson = given(store, opened)
    store.lessons.go_to(ANN, lesson, 2, 4)
    store.lessons.answer(ANN, LessonPlace(lesson, "which"), "", [1], given=True, is_right=False)
    store.lessons.answer(ANN, LessonPlace(lesson, "which"), "", [0], given=True, is_right=True)
    store.lessons.answer(ANN, LessonPlace(lesson, "remember"), "note", "=1+1", given=True)
    app = open_page("classroom", **{"class": opened[0].id})
    assert "Begun: 1 of 1. Finished: 0." in texts(app)
    assert "What fell?: right 1 of 1, at the first try 0" in texts(app)
    (table,) = [frame.value for frame in app.dataframe if "which" in frame.value.columns]
    row = table.iloc[0]
    assert (row["Where"], row["which"]) == ("Step 3 of 4", "✓ The loss (2)")
    assert row["remember"].replace(JOINER, "") == "=1+1"
    assert row["remember"] != "=1+1"


def test_the_table_of_answers_has_no_formula() -> None:
    content = answers_csv([{"Nickname": "=Otter", "note": "two\nlines, and a comma"}]).decode("utf-8-sig")
    head, row = csv.reader(io.StringIO(content))
    assert head == ["Nickname", "note"]
    assert row == [f"{JOINER}=Otter", "two lines, and a comma"]
