"""Rounds as students find them on the pages: what is locked, what is asked first."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.config import FIELDS
from mnist_core.errors import RoundError
from mnist_core.escape import UserText
from mnist_core.records import Progress, Report
from mnist_core.rounds import Plan
from mnist_core.store import Store
from mnist_core.ui import classwork, session, teacher
from tests.diagnostics.judged import evaluations
from tests.pages.conftest import Open
from tests.pages.content import components, metrics, texts
from tests.pages.given_rounds import CONFIG, PLAN, Opened, controls, give, joined, open_class, runs_of
from tests.pages.test_classroom import press


@pytest.fixture
def opened(store: Store) -> Opened:
    """A class and its secret."""
    return open_class(store)


def test_a_student_sees_the_round_with_what_is_free_alone(open_page: Open, store: Store, opened: Opened) -> None:
    given = give(store, opened)
    app = joined(open_page("train"), store, opened)
    assert "Find the edge" in texts(app)
    assert "Use **your** rate" in texts(app)
    assert controls(app) & {*FIELDS} == {"learning_rate"}
    assert "Set for this round: Optimizer: SGD · Batch size: 100 · Epochs: 2 · Training images: 50,000" in texts(app)
    assert "Learning rate:" not in texts(app)
    app.select_slider(key="c_learning_rate").set_value(5.0).run()
    press(app, "run")
    (run,) = runs_of(app, store)
    assert (run.config, run.round) == (CONFIG.replace(learning_rate=5.0), given.id)


@pytest.mark.parametrize(("free", "advised"), [({"dropout": (0.0, 0.5)}, True), ({"epochs": (1, 5)}, False)])
def test_the_health_check_advises_nothing_that_is_locked(
    open_page: Open, store: Store, opened: Opened, free: dict[str, tuple[float, ...]], advised: bool
) -> None:
    """Where the rate alone was free, dropout was advised."""
    curves = evaluations([2.3, 0.5, 0.2, 0.1, 0.05, 0.02], 1.0, [2.3, 0.6, 0.4, 0.42, 0.5, 0.5])
    give(store, opened, replace(PLAN, free=free))
    app = joined(open_page("train"), store, opened)
    press(app, "run")
    (run,) = runs_of(app, store)
    store.queue.claim(run.id, "worker", 1)
    total = run.config.total_steps
    store.record_writer.publish([Report(run.id, Progress(total, total, 2.0, 1.0), curves)])
    store.record_writer.finish(run.id, "completed", {"train_accuracy": 1.0, "validation_accuracy": 0.98})
    said = texts(app.run())
    assert "Validation loss was lowest" in said
    assert ("lightbulb: Try dropout." in said) == ("lightbulb: Try" in said) == advised


def test_a_free_control_ends_where_the_round_says(open_page: Open, store: Store, opened: Opened) -> None:
    free = {
        "learning_rate": (0.05, 2.0),
        "optimizer": ("sgd", "adam"),
        "hidden_layers": (1, 2, 8, 32),
        "dropout": (0.0, 0.5),
    }
    give(store, opened, replace(PLAN, free=free))
    app = joined(open_page("train"), store, opened)
    stops = app.select_slider(key="c_learning_rate").options
    assert (stops[0], stops[-1]) == ("0.05", "2")
    assert app.selectbox(key="c_optimizer").options == ["SGD", "Adam"]
    assert (app.slider(key="c_hidden_layers_depth").min, app.slider(key="c_hidden_layers_depth").max) == (1, 2)
    units = app.select_slider(key="c_units_0").options
    assert (units[0], units[-1]) == ("8", "32")
    assert app.slider(key="c_dropout").max == 0.5


def test_an_address_changes_nothing_that_is_locked(open_page: Open, store: Store, opened: Opened) -> None:
    give(store, opened)
    app = joined(open_page("train"), store, opened)
    app.query_params.clear()
    app.query_params.update({"epochs": "9", "learning_rate": "50", "run": ""})
    app.run()
    assert "The round gives these settings" in texts(app)
    press(app, "run")
    (run,) = runs_of(app, store)
    assert run.config == CONFIG.replace(learning_rate=10.0)


def test_who_opens_the_round_with_an_address_begins_with_what_it_says_of_free_settings(
    open_page: Open, store: Store, opened: Opened
) -> None:
    # So does who reloads the page: his session is a new one.
    give(store, opened)
    app = joined(open_page(), store, opened)
    app.switch_page("pages/train.py")
    app.query_params.update({"epochs": "9", "learning_rate": "5"})
    app.run()
    assert "The round gives these settings" in texts(app)
    press(app, "run")
    (run,) = runs_of(app, store)
    assert run.config == CONFIG.replace(learning_rate=5.0)


def test_a_prediction_is_asked_for_first(open_page: Open, store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, question="outcome"))
    app = joined(open_page("train"), store, opened)
    assert {button.key: button.disabled for button in app.button}["run"]
    app.segmented_control(key="expected").set_value("breaks")
    press(app, "predict_round")
    assert "You predicted: **breaks**" in texts(app)
    press(app, "run")
    (run,) = runs_of(app, store)
    assert (run.round, run.prediction) == (given.id, "breaks")


def test_a_prediction_is_of_one_run_with_its_settings(open_page: Open, store: Store, opened: Opened) -> None:
    """One prediction counted for every later run of the round, whatever its settings."""
    give(store, opened, replace(PLAN, question="outcome", runs_each=2))
    app = joined(open_page("train"), store, opened)

    def locked() -> bool:
        return {button.key: button.disabled for button in app.button}["run"]

    def predict(word: str) -> None:
        app.segmented_control(key="expected").set_value(word)
        press(app, "predict_round")

    predict("breaks")
    assert not locked()
    app.select_slider(key="c_learning_rate").set_value(5.0).run()
    assert locked()
    assert "Your prediction was about other settings." in texts(app)
    predict("learns")
    press(app, "run")
    app.run()
    assert locked()
    predict("breaks")
    press(app, "run")
    app.run()
    assert [run.prediction for run in runs_of(app, store)] == ["breaks", "learns"]
    assert "expected" not in controls(app)  # none is left


def test_a_reload_gets_round_no_prediction(
    open_page: Open, store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The settings that it was about were known to the session alone: a new one let them be changed."""
    monkeypatch.setattr(session, "name_in", lambda _cookies: "c" * 32)
    given = give(store, opened, replace(PLAN, question="outcome"))
    app = joined(open_page("train"), store, opened)
    app.select_slider(key="c_learning_rate").set_value(0.1).run()
    app.segmented_control(key="expected").set_value("breaks")
    press(app, "predict_round")
    again = open_page("train", learning_rate="0.1")
    assert "You predicted: **breaks**" in texts(again)
    assert not {button.key: button.disabled for button in again.button}["run"]
    again.select_slider(key="c_learning_rate").set_value(5.0).run()
    assert "Your prediction was about other settings." in texts(again)
    assert {button.key: button.disabled for button in again.button}["run"]
    with pytest.raises(RoundError, match="other settings"):
        store.runs.create("c" * 32, CONFIG.replace(learning_rate=5.0), round_id=given.id)
    run_id = store.runs.create("c" * 32, CONFIG.replace(learning_rate=0.1), round_id=given.id)
    assert store.runs.get(run_id).prediction == "breaks"


def test_beside_a_predicted_accuracy_stands_what_came(open_page: Open, store: Store, opened: Opened) -> None:
    give(store, opened, replace(PLAN, question="accuracy"))
    app = joined(open_page("train"), store, opened)
    app.slider(key="expected").set_value(80)
    press(app, "predict_round")
    press(app, "run")
    (run,) = runs_of(app, store)
    store.record_writer.finish(run.id, "completed", {"validation_accuracy": 0.9})
    said = texts(app.run())
    assert "You predicted: **80%**. Outcome: **90.00%**. Off by 10.00 percentage points." in said


def test_more_runs_than_given_are_a_sentence(open_page: Open, store: Store, opened: Opened) -> None:
    give(store, opened, replace(PLAN, runs_each=1))
    app = joined(open_page("train"), store, opened)
    assert "1 run left" in texts(app)
    press(app, "run")
    app.run()
    assert {button.key: button.disabled for button in app.button}["run"]


def test_a_student_leaves_the_round_and_comes_back(open_page: Open, store: Store, opened: Opened) -> None:
    give(store, opened)
    app = press(joined(open_page("train"), store, opened), "leave_round")
    assert "epochs" in controls(app)
    press(app, "run")
    assert runs_of(app, store)[0].round is None
    app = press(app, "join_round")
    assert controls(app) & {*FIELDS} == {"learning_rate"}


def test_where_the_round_alone_trains_nobody_leaves_it(open_page: Open, store: Store, opened: Opened) -> None:
    store.classes.change(opened[0].id, opened[1], round_only=True)
    give(store, opened)
    app = joined(open_page("train"), store, opened)
    assert "leave_round" not in {button.key for button in app.button}


def test_other_pages_lead_to_the_round(open_page: Open, store: Store, opened: Opened) -> None:
    give(store, opened)
    app = joined(open_page("data"), store, opened)
    assert "To the round: Find the edge" in links(app)


def test_where_rates_are_tried_other_rounds_are_not_forgotten(open_page: Open, store: Store, opened: Opened) -> None:
    """A class that sat there after a sweep heard nothing of the next round; nor did who had left the sweep's."""
    give(store, opened)
    app = joined(open_page("learning_rate"), store, opened)
    assert "To the round: Find the edge" in links(app)
    give(store, opened, Plan(UserText("Read"), kind="lesson", lesson="1-what-a-network-sees"))
    assert "To the round: Read" in links(app.run())
    give(store, opened, replace(PLAN, title=UserText("Sweep"), kind="sweep", free={}))
    assert not [label for label in links(app.run()) if label.startswith("To the round")]
    assert "Sweep" in texts(app)
    press(app, "leave_round")
    assert "The round waits for you." in texts(app)
    press(app, "join_round")
    assert "The round waits for you." not in texts(app)
    app.switch_page("pages/classroom.py").run()
    assert "To the round: Sweep" in links(app)


def links(app: AppTest) -> list[str]:
    return [element.proto.label for element in app.main if element.type == "page_link"]


def test_a_member_finds_the_board_of_his_class(open_page: Open, store: Store, opened: Opened) -> None:
    app = joined(open_page("classroom"), store, opened)
    assert "The board of 3b" in links(app)


def test_an_idea_is_given_by_its_page(open_page: Open, store: Store, opened: Opened) -> None:
    give(store, opened, Plan(UserText("Open it"), kind="idea", idea="bowl"))
    app = joined(open_page("train"), store, opened)
    assert "Open it" in texts(app)
    assert "epochs" in controls(app)  # nothing is locked


def test_of_a_sweep_it_is_asked_where_training_breaks(open_page: Open, store: Store, opened: Opened) -> None:
    """It was asked whether "this run" learns, of twelve; and the rate stood among what the round has set."""
    plan = replace(PLAN, kind="sweep", free={}, question="edge")
    give(store, opened, plan)
    app = joined(open_page("train"), store, opened)
    assert "Learning rate:" not in texts(app)
    app.switch_page("pages/learning_rate.py")
    app.run()
    assert {button.key: button.disabled for button in app.button}["sweep"]
    assert "predict_toggle" not in controls(app)  # the round asks
    app.select_slider(key="expected").set_value(0.5)
    press(app, "predict_round")
    assert "You predicted that training breaks from 0.5 on." in texts(app)
    press(app, "sweep")
    (sweep,) = store.sweeps.newest(app.session_state["student"])
    assert sweep.predicted_edge == 0.5
    runs = store.runs.newest(app.session_state["student"], of_sweeps=True)
    assert {run.prediction for run in runs} == {"from 0.5"}
    assert {button.key: button.disabled for button in app.run().button}["sweep"]  # of the next one it is asked anew


def test_no_answer_is_a_sentence_and_one_to_another_question_is_none(
    open_page: Open, store: Store, opened: Opened
) -> None:
    give(store, opened, replace(PLAN, question="outcome"))
    app = joined(open_page("train"), store, opened)
    press(app, "predict_round")
    assert "Choose what you expect first." in texts(app)
    app.segmented_control(key="expected").set_value("breaks")
    give(store, opened, replace(PLAN, question="accuracy"))
    app.run()
    assert app.slider(key="expected").value == 50


@pytest.mark.parametrize("kind", ["sweep", "range-test"])
def test_a_sweep_is_started_on_its_page(open_page: Open, store: Store, opened: Opened, kind: Any) -> None:
    given = give(store, opened, replace(PLAN, kind=kind, free={}, runs_each=1))
    app = joined(open_page("train"), store, opened)
    assert "run" not in {button.key for button in app.button}
    app = joined(open_page("learning_rate", view="test" if kind == "range-test" else ""), store, opened, "Falcon")
    assert "Find the edge" in texts(app)
    press(app, "sweep" if kind == "sweep" else "range_test")
    student = app.session_state["student"]
    assert {run.round for run in store.runs.newest(student, of_sweeps=True)} == {given.id}


@pytest.mark.parametrize(("kind", "word"), [("sweep", "sweep"), ("range-test", "range test")])
def test_of_a_sweep_the_train_page_shows_no_run_and_its_own_page_leads_nowhere(
    open_page: Open, store: Store, opened: Opened, kind: Any, word: str
) -> None:
    app = press(joined(open_page("train"), store, opened), "run")  # a run of no round is shown
    assert metrics(app)["Expected time"]
    given = give(store, opened, replace(PLAN, kind=kind, free={}, runs_each=1))
    app.run()
    assert f"1 {word} left" in texts(app)
    assert "Press **Run**" not in texts(app)
    assert "Expected time" not in metrics(app)
    assert not app.session_state["shown_run"]
    app = joined(open_page("learning_rate", view="test" if kind == "range-test" else ""), store, opened, "Falcon")
    links = [element.proto.label for element in app.sidebar if element.type == "page_link"]
    links += [element.proto.label for element in app.main if element.type == "page_link"]
    assert not {f"Start the {word} here", "More settings on the Train page"} & {*links}
    app = press(app, "sweep" if kind == "sweep" else "range_test").run()
    assert f"0 {word}s left" in texts(app)
    button = next(one for one in app.button if one.key == ("sweep" if kind == "sweep" else "range_test"))
    assert button.disabled
    store.rounds.set_state(opened[0].id, opened[1], given.id, "closed")
    give(store, opened, replace(PLAN, kind=kind))
    links = [element.proto.label for element in app.run().sidebar if element.type == "page_link"]
    assert "More settings on the Train page" in links  # something is free


def test_a_run_that_was_just_opened_is_shown_though_a_round_begins(
    open_page: Open, store: Store, opened: Opened
) -> None:
    app = press(joined(open_page("train"), store, opened), "run")
    run_id = app.session_state["shown_run"]
    give(store, opened)
    app.session_state["wanted_run"] = run_id  # as Compare leaves it (`started.open_run`)
    assert app.run().session_state["shown_run"] == run_id
    give(store, opened)
    assert app.run().session_state["shown_run"] is None


def test_what_the_teacher_writes_is_shown_as_it_was_typed(open_page: Open, store: Store, opened: Opened) -> None:
    hostile = UserText("![a](http://evil.example/a.png) <b>x</b> [l](//a.bc) :red[z]")
    give(store, opened, replace(PLAN, title=hostile, instruction=hostile))
    app = joined(open_page("train"), store, opened)
    shown = [element.value for element in app.markdown if "evil" in element.value]
    assert len(shown) == 2
    for markdown in shown:
        assert not {"<b", "](", "![", ":red"} & {markdown[place : place + 2] for place in range(len(markdown))}
        assert "http://" not in markdown
    assert "![a](http://evil.example/a.png) <b>x</b>" in texts(app)


def test_a_student_is_told_what_the_teacher_did(open_page: Open, store: Store, opened: Opened) -> None:
    app = joined(open_page("train"), store, opened)
    press(app, "run")
    run = runs_of(app, store)[0].id
    rights = opened[0].id, opened[1]
    store.class_commands.stop(*rights, run_id=run)
    store.class_commands.pause(*rights, paused=True)
    app.run()
    assert "Your teacher stopped this run" in texts(app)
    assert "Your teacher has paused the queue" in texts(app)
    member = store.classes.members(*rights)[0].id
    store.classes.rename(*rights, member, "Eel")
    assert "another nickname: Eel" in texts(app.run())
    store.classes.remove(*rights, member)
    assert "Your teacher has removed you from 3b" in texts(app.run())
    assert "removed you" not in texts(app.run())


def test_the_page_that_the_teacher_shows_is_a_line_on_all_pages(open_page: Open, store: Store, opened: Opened) -> None:
    app = joined(open_page("data"), store, opened)
    place = {"page": "train", "query": {"run": "5eed5eed50"}}
    store.classes.change(opened[0].id, opened[1], look_here=json.dumps(place))
    assert "Your teacher shows something" in texts(app.run())


@pytest.mark.parametrize(
    "text",
    ["", "no JSON", "[]", '"x"', '{"page": "evil"}', '{"page": "train", "query": 1}', '{"page": "train", "query": {"a": 1}}',
     '{"page": "../app", "query": {}}', json.dumps({"page": "train", "query": {"a": "x" * 61}})],
)  # fmt: skip
def test_a_place_that_is_none_is_not_shown(text: str) -> None:
    assert classwork.read_place(text) is None


def test_a_sealed_test_set_is_sealed_for_the_class(open_page: Open, store: Store, opened: Opened) -> None:
    app = joined(open_page("compare"), store, opened)
    assert "seal" in {button.key for button in app.button}
    give(store, opened, replace(PLAN, test_sealed=True))
    app.run()
    assert "seal" not in {button.key for button in app.button}
    assert "Your teacher has sealed the test set" in texts(app)


def test_the_browser_follows_the_class(open_page: Open, store: Store, opened: Opened) -> None:
    app = joined(open_page("data"), store, opened)
    links = [message for message in components(app) if message.get("pause") == 300]
    assert len(links) == 1
    assert links[0]["live"]


def test_the_console_says_which_rounds_keep_the_test_set_sealed(
    open_page: Open, store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The switch of the open round was off, and students read that the test set is sealed."""
    monkeypatch.setattr(teacher, "secrets", lambda: {opened[0].id: opened[1]})
    sealing = [give(store, opened, replace(PLAN, test_sealed=sealed)).id for sealed in (True, False, True, False)]
    app = open_page("classroom", **{"class": opened[0].id})
    assert "Rounds that seal it: 1, 3." in texts(app)
    app.toggle(key=f"test_sealed_{sealing[0]}").set_value(False).run()
    assert "Rounds that seal it: 3." in texts(app)
    app.toggle(key=f"test_sealed_{sealing[2]}").set_value(False).run()
    assert "Rounds that seal it" not in texts(app)
