"""Rounds as the teacher has them on the pages: given on Train, opened and closed on the console."""

from __future__ import annotations

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.config import FIELDS
from mnist_core.escape import UserText
from mnist_core.store import Store
from mnist_core.train_page.give_panel import NOT_FREE
from mnist_core.ui import classwork, session, teacher
from tests.pages.conftest import Open
from tests.pages.content import texts
from tests.pages.given_rounds import CONFIG, PLAN, TEACHER, Opened, controls, give, joined, open_class, runs_of
from tests.pages.test_classroom import fill, press
from tests.pages.test_korean import english, unnamed_placeholders


@pytest.fixture
def opened(store: Store) -> Opened:
    """A class and its secret."""
    return open_class(store)


@pytest.fixture
def teaching(store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """The browser of all pages is the teacher's."""
    monkeypatch.setattr(teacher, "secrets", lambda: {opened[0].id: opened[1]})
    return opened


def entered(app: AppTest, store: Store, opened: Opened) -> AppTest:
    """The page, whose browser has opened the console."""
    store.classes.enter(opened[0].id, opened[1], app.session_state["student"])
    return app.run()


def test_a_teacher_is_told_where_a_seal_leaves_training_accuracy_alone(
    open_page: Open, store: Store, teaching: Opened
) -> None:
    app = entered(open_page("train", validation_size="0"), store, teaching)
    assert "students see training accuracy alone" in texts(app)
    app.multiselect(key="give_free_run").set_value(["validation_size"]).run()
    assert "students see training accuracy alone" not in texts(app)
    app.multiselect(key="give_free_run").set_value([]).run()
    app.toggle(key="give_sealed").set_value(False).run()
    assert "students see training accuracy alone" not in texts(app)
    assert "students see training accuracy alone" not in texts(open_page("train"))


def test_the_settings_of_the_train_page_are_given(open_page: Open, store: Store, teaching: Opened) -> None:
    app = entered(open_page("train", preset="keras-first-look"), store, teaching)
    fill(app, "give_title", "Find it")
    app.multiselect(key="give_free_run").set_value(["learning_rate", "optimizer", "hidden_layers"]).run()
    app.select_slider(key="give_range_learning_rate").set_value((0.01, 1.0))
    app.multiselect(key="give_range_optimizer").set_value(["sgd", "adam"])
    app.number_input(key="give_runs").set_value(3)
    app.selectbox(key="give_question_run").set_value("accuracy")
    press(app, "give_open")
    assert "The round **Find it** is open" in texts(app)
    (given,) = store.rounds.of_class(teaching[0].id, teaching[1])
    plan = given.plan
    assert (plan.title.raw, plan.runs_each, plan.question, plan.test_sealed) == ("Find it", 3, "accuracy", True)
    assert plan.free["learning_rate"] == (0.001, 1.0)  # the given value is within
    assert {"sgd", "adam"} <= set(plan.free["optimizer"])
    assert plan.config.hidden_layers == (512,)
    assert "epochs" in controls(app)  # nothing is locked for the teacher


def test_every_setting_can_be_left_free(open_page: Open, store: Store, teaching: Opened) -> None:
    app = entered(open_page("train"), store, teaching)
    fill(app, "give_title", "All of it")
    names = app.multiselect(key="give_free_run")
    wanted = [name for name in FIELDS if name not in NOT_FREE]
    names.set_value(wanted).run()
    assert not app.exception
    press(app, "give_draft")
    (given,) = store.rounds.of_class(teaching[0].id, teaching[1])
    assert given.state == "draft"
    assert set(given.plan.free) == set(wanted)


def test_an_idea_and_a_sweep_are_given(open_page: Open, store: Store, teaching: Opened) -> None:
    app = entered(open_page("train"), store, teaching)
    app.selectbox(key="give_kind").set_value("idea").run()
    fill(app, "give_title", "Open A bowl")
    app.selectbox(key="give_idea").set_value("bowl")
    app.text_area(key="give_instruction").input("Find the valley")
    press(app, "give_open")
    assert (app.text_input(key="give_title_1").value, app.text_area(key="give_instruction_1").value) == ("", "")
    assert app.selectbox(key="give_kind_1").value == "run"  # the form begins anew
    app.selectbox(key="give_kind_1").set_value("range-test").run()
    assert not [
        box for box in app.selectbox if str(box.key).startswith("give_question")
    ]  # it answers nothing of that kind
    app.selectbox(key="give_kind_1").set_value("sweep").run()
    app.selectbox(key="give_question_sweep_1").set_value("edge")
    fill(app, "give_title_1", "Sweep")
    press(app, "give_open")
    idea, sweep = store.rounds.of_class(teaching[0].id, teaching[1])
    assert (idea.plan.kind, idea.plan.idea, idea.state) == ("idea", "bowl", "closed")
    assert (sweep.plan.kind, sweep.state, sweep.plan.question) == ("sweep", "open", "edge")


def test_a_round_without_a_title_is_a_sentence(open_page: Open, store: Store, teaching: Opened) -> None:
    app = press(entered(open_page("train"), store, teaching), "give_open")
    assert not store.rounds.of_class(teaching[0].id, teaching[1])
    assert "Give the round a title." in texts(app)


def test_nobody_else_is_asked_to_give(open_page: Open, store: Store, opened: Opened) -> None:
    app = joined(open_page("train"), store, opened)
    assert "give_open" not in {button.key for button in app.button}
    assert "lead" not in {button.key for button in app.button}


def test_what_the_teacher_runs_begins_first(open_page: Open, store: Store, teaching: Opened) -> None:
    app = press(entered(open_page("train"), store, teaching), "run")
    assert store.runs.get(runs_of(app, store)[0].id).demonstration


def test_everybody_is_led_to_where_the_teacher_is(open_page: Open, store: Store, teaching: Opened) -> None:
    app = entered(open_page("train", preset="keras-first-look", lang="en"), store, teaching)
    press(app, "lead")
    found = store.classes.get(teaching[0].id)
    assert found is not None
    page, query = classwork.read_place(found.look_here) or ("", {})
    assert (page, "lang" in query) == ("train", False)
    press(app, "lead_no_more")
    found = store.classes.get(teaching[0].id)
    assert found is not None
    assert found.look_here == ""


def test_the_console_opens_and_closes_rounds_and_stops_runs(open_page: Open, store: Store, teaching: Opened) -> None:
    rights = teaching[0].id, teaching[1]
    store.classes.join(teaching[0].code, "b" * 32, "Otter")
    given = give(store, teaching, replace(PLAN, runs_each=1, question="outcome"), state="draft")
    mistake = give(store, teaching, replace(PLAN, title=UserText("Mistake")), state="draft")
    app = open_page("classroom", **{"class": teaching[0].id})
    press(app, f"delete_round_{mistake.id}")
    press(app, f"open_round_{given.id}")
    assert [one.state for one in store.rounds.of_class(*rights)] == ["open"]
    for name in ("board_shown", "uncovered", "test_sealed"):
        app.toggle(key=f"{name}_{given.id}").set_value(True).run()
    changed = store.rounds.get(given.id)
    assert changed is not None
    assert (changed.board_shown, changed.uncovered, changed.plan.test_sealed) == (True, True, True)
    run = store.runs.create("b" * 32, CONFIG)
    app.run()
    press(app, "stop_class")
    assert store.runs.get(run).stopped_by_teacher
    for key in ("class_paused", "round_only"):
        app.toggle(key=key).set_value(True).run()
    found = store.classes.get(teaching[0].id)
    assert found is not None
    assert (found.paused, found.round_only) == (True, True)
    member = store.classes.members(*rights)[0].id
    app.selectbox(key="chosen_member").set_value(member).run()
    app.number_input(key="more_runs").set_value(4)
    press(app, "give_more_runs")
    own = store.rounds.assignment("b" * 32)
    assert own is not None
    assert own.left == 5
    press(app, f"closed_round_{given.id}")
    assert store.rounds.assignment("b" * 32) is None


def test_no_english_is_left_in_rounds(
    open_page: Open, store: Store, teaching: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    student = "b" * 32
    store.classes.join(teaching[0].code, student, "수달")
    give(
        store, teaching, replace(PLAN, title=UserText("가"), instruction=UserText(""), runs_each=2, question="outcome")
    )
    monkeypatch.setattr(session, "name_in", lambda cookies: TEACHER)
    form = open_page("train", lang="ko")
    assert not english(form)
    assert not unnamed_placeholders(form)
    assert not english(open_page("classroom", lang="ko", **{"class": teaching[0].id}))
    monkeypatch.setattr(teacher, "secrets", dict)
    monkeypatch.setattr(session, "name_in", lambda cookies: student)
    assert not english(open_page("train", lang="ko"))
