"""The board on the Classroom page: who sees the runs, what is covered, frozen, opened by a click."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.class_records import Class
from mnist_core.escape import UserText
from mnist_core.records import EVALUATION_DTYPE, Curves, Progress, Report
from mnist_core.rounds import Round
from mnist_core.store import Store
from mnist_core.ui import session, teacher
from tests.pages.conftest import Open
from tests.pages.content import components, metrics, texts
from tests.pages.given_rounds import CONFIG, PLAN, TEACHER, Opened, give, open_class
from tests.pages.test_classroom import press

ANN, EVE = "b" * 32, "e" * 32


@pytest.fixture
def opened(store: Store, monkeypatch: pytest.MonkeyPatch) -> Opened:
    """A class with Ann in it, and its secret; the browser of all pages is the teacher's."""
    found, secret = open_class(store)
    store.classes.join(found.code, ANN, "Otter")
    monkeypatch.setattr(session, "name_in", lambda cookies: TEACHER)
    monkeypatch.setattr(teacher, "secrets", lambda: {found.id: secret})
    return found, secret


def trained(store: Store, given: Round, accuracy: float = 0.9) -> str:
    """A run of Ann's in the round."""
    run_id = store.runs.create(ANN, CONFIG, round_id=given.id)
    assert store.queue.claim(run_id, "worker", 1) is not None
    rows = np.zeros(2, EVALUATION_DTYPE)
    rows["step"] = (0, 9)
    rows["validation_accuracy"] = rows["test_accuracy"] = accuracy
    store.record_writer.publish([Report(run_id, Progress(9, CONFIG.total_steps, 0.5, 1.0), Curves(evaluations=rows))])
    return run_id


def board(open_page: Open, found: Class, **query: str) -> AppTest:
    return open_page("classroom", board=found.code, **query)


def charts(app: AppTest) -> dict[str, Any]:
    """What the browser gets for the board's charts, by their keys."""
    return {message["key"]: message for message in components(app) if str(message.get("key")).startswith("chart_")}


def points(app: AppTest) -> list[str]:
    figure = charts(app)["chart_board"]["figure"]
    return [run_id for trace in figure["data"] for run_id in trace.get("meta") or ()]


def test_the_board_shows_the_runs_of_the_round_that_is_open(open_page: Open, store: Store, opened: Opened) -> None:
    assert not charts(board(open_page, opened[0]))
    run_id = trained(store, give(store, opened))
    app = board(open_page, opened[0])
    assert app.title[0].value == "1. Find the edge"
    assert points(app) == [run_id]
    assert opened[1] not in texts(app)
    assert charts(app)["chart_board"]["live"]


def test_others_see_it_only_where_the_teacher_says_so(
    open_page: Open, store: Store, opened: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = give(store, opened)
    trained(store, given)
    for student, secrets in ((ANN, {}), (EVE, {opened[0].id: "0" * 32})):
        monkeypatch.setattr(session, "name_in", lambda cookies, student=student: student)
        monkeypatch.setattr(teacher, "secrets", lambda secrets=secrets: secrets)
        store.rounds.change(opened[0].id, opened[1], given.id, board_shown=False)
        assert not charts(board(open_page, opened[0]))
        store.rounds.change(opened[0].id, opened[1], given.id, board_shown=True)
        app = board(open_page, opened[0])
        assert len(points(app)) == 1
        assert "show_run" not in {button.key for button in app.button}


def test_results_are_covered_until_they_are_uncovered(open_page: Open, store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, question="accuracy"))
    store.rounds.predict(given.id, ANN, 80)
    trained(store, given)
    app = board(open_page, opened[0])
    assert set(charts(app)) == {"chart_predictions"}
    assert [one["uid"] for one in charts(app)["chart_predictions"]["figure"]["data"] if one["type"] == "bar"] == [
        "predictions"
    ]
    store.rounds.change(opened[0].id, opened[1], given.id, uncovered=True)
    app = board(open_page, opened[0])
    assert set(charts(app)) == {"chart_predictions", "chart_board", "chart_board_curves"}


def test_a_frozen_board_stays_and_goes_on(open_page: Open, store: Store, opened: Opened) -> None:
    given = give(store, opened)
    first = trained(store, given)
    app = board(open_page, opened[0])
    app.segmented_control(key="board_which").set_value("all").run()
    app.toggle(key="board_frozen").set_value(True).run()
    second = trained(store, given)
    app.run()
    assert points(app) == [first]
    assert not charts(app)["chart_board"]["live"]
    app.toggle(key="board_frozen").set_value(False).run()
    assert points(app) == [first, second]


def test_test_figures_are_offered_once_they_are_open_to_all(open_page: Open, store: Store, opened: Opened) -> None:
    given = give(store, opened, replace(PLAN, test_sealed=True))
    app = board(open_page, opened[0])
    assert "board_split" not in {control.key for control in app.segmented_control}
    store.rounds.change(opened[0].id, opened[1], given.id, test_sealed=False)
    app = board(open_page, opened[0])
    assert app.segmented_control(key="board_split").options == ["Validation", "Test"]


def test_the_seal_of_any_round_holds_on_the_board_for_the_teacher_too(
    open_page: Open, store: Store, opened: Opened
) -> None:
    """A run that the teacher opened on the projector told its test accuracy, and so did rounds without a seal of their own."""
    sealing = give(store, opened, replace(PLAN, test_sealed=True))
    run_id = trained(store, give(store, opened))
    store.record_writer.finish(run_id, "completed", {"validation_accuracy": 0.95, "test_accuracy": 0.9724})
    app = board(open_page, opened[0])
    assert "board_split" not in {control.key for control in app.segmented_control}
    app.session_state["board_run"] = run_id
    said = metrics(app.run())
    assert said["Validation accuracy"] == "95.00%"
    assert "Test accuracy" not in said
    assert "97.24%" not in texts(app)
    store.rounds.change(opened[0].id, opened[1], sealing.id, test_sealed=False)
    assert metrics(app.run())["Test accuracy"] == "97.24%"


def test_the_seal_of_the_board_is_the_boards_alone(open_page: Open, store: Store, opened: Opened) -> None:
    """Two tabs of the teacher's, of which one is sealed and says so, would draw each other anew without end."""
    given = give(store, opened, replace(PLAN, test_sealed=True))
    run_id = trained(store, given)
    store.record_writer.finish(run_id, "completed", {"validation_accuracy": 0.95, "test_accuracy": 0.9724})
    app = board(open_page, opened[0])
    app.run()
    assert app.session_state["address_shared"] == {"sealed": False}
    app.query_params["run"] = run_id
    app.switch_page("pages/train.py").run()
    assert metrics(app)["Test accuracy"] == "97.24%"


def test_of_zones_is_spoken_where_there_are_any(open_page: Open, store: Store, opened: Opened) -> None:
    given = give(store, opened)
    for rate, zones_are_there in ((0.1, False), (0.1, False), (0.5, True)):
        run_id = store.runs.create(ANN, CONFIG.replace(learning_rate=rate), round_id=given.id)
        store.record_writer.finish(run_id, "completed", {"validation_accuracy": 0.95, "best_validation_accuracy": 0.95})
        assert ("The zones are those of all runs" in texts(board(open_page, opened[0]))) == zones_are_there


def test_an_earlier_round_is_at_hand(open_page: Open, store: Store, opened: Opened) -> None:
    first = give(store, opened)
    run_id = trained(store, first)
    give(store, opened)
    app = board(open_page, opened[0])
    assert points(app) == []
    app.selectbox(key="board_round_choice").set_value(first.id).run()
    assert points(app) == [run_id]


def test_a_round_that_is_opened_next_appears_whatever_was_chosen(open_page: Open, store: Store, opened: Opened) -> None:
    first = give(store, opened, replace(PLAN, title=UserText("First")))
    store.rounds.set_state(opened[0].id, opened[1], first.id, "closed")
    second = give(store, opened, replace(PLAN, title=UserText("Second")))
    app = board(open_page, opened[0])
    assert app.title[0].value == "2. Second"
    app.selectbox(key="board_round_choice").set_value(first.id).run()
    assert app.title[0].value == "1. First"
    store.rounds.set_state(opened[0].id, opened[1], second.id, "closed")
    app.run()
    assert app.title[0].value == "1. First"  # it stays as long as nothing new is given
    third = give(store, opened, replace(PLAN, title=UserText("Third")))
    app.run()
    assert app.title[0].value == "3. Third"
    store.rounds.set_state(opened[0].id, opened[1], third.id, "closed")
    app.run()
    assert app.title[0].value == "3. Third"


def test_the_words_of_settings_are_those_of_the_page(open_page: Open, store: Store, opened: Opened) -> None:
    plan = replace(PLAN, free={"activation": ("relu", "leaky-relu"), "batch_norm": (False, True)})
    trained(store, give(store, opened, plan))
    axes = {
        language: charts(board(open_page, opened[0], lang=language))["chart_board"]["figure"]["layout"]["xaxis"]
        for language in ("en", "ko")
    }
    assert axes["en"]["ticktext"] == ["ReLU"]
    app = board(open_page, opened[0], lang="ko")
    app.selectbox(key=f"board_across_{store.rounds.given(opened[0].id)[0].id}").set_value("batch_norm").run()
    assert charts(app)["chart_board"]["figure"]["layout"]["xaxis"]["ticktext"] == ["아니요"]


def test_a_run_that_was_clicked_on_is_opened_shown_to_all_and_stopped(
    open_page: Open, store: Store, opened: Opened
) -> None:
    run_id = trained(store, give(store, opened))
    app = board(open_page, opened[0])
    app.session_state["board_run"] = run_id
    app.run()
    press(app, "show_run")
    found = store.classes.get(opened[0].id)
    assert found is not None
    assert run_id in found.look_here
    press(app, "stop_run")
    assert store.runs.get(run_id).stopped_by_teacher
    app.session_state["board_run"] = "nothing"
    assert "Click a point" in texts(app.run())
