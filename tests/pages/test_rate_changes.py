"""What was done to a run by hand while it trained: every page that speaks of its rate says so."""

from __future__ import annotations

from html import unescape

import numpy as np
from streamlit.testing.v1 import AppTest

from mnist_core.presets import PRESETS
from mnist_core.records import EVALUATION_DTYPE, STEP_DTYPE, Curves, Event, Prediction, Progress, Report
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import component, texts

CONFIG = PRESETS["two-layer-net"].config
STORY = "The run started with a learning rate of 0.5, which was changed by hand: 0.01 after step 40."


def finished(
    store: Store, owner: str, change: float | None, prediction: Prediction | None = None, learning_rate: float = 0.5
) -> str:
    """A finished run of CONFIG, whose rate was changed after 40 of 100 steps, or not."""
    run_id = store.runs.create(
        owner, CONFIG.replace(learning_rate=learning_rate), preset="two-layer-net", prediction=prediction
    )
    store.queue.claim(run_id, "worker", 1)
    rows, steps = np.zeros(2, EVALUATION_DTYPE), np.zeros(2, STEP_DTYPE)
    rows["step"], steps["step"], steps["steps"] = [0, 100], [40, 100], [40, 60]
    for split in ("train", "validation", "test"):
        rows[f"{split}_loss"], rows[f"{split}_accuracy"] = [2.3, 0.4], [0.1, 0.9]
    events = () if change is None else (Event(40, "learning_rate", change),)
    store.record_writer.publish([Report(run_id, Progress(100, 100, 1.0, 2.0), Curves(steps, rows, events))])
    store.record_writer.finish(
        run_id, "completed", {"train_accuracy": 0.9, "validation_accuracy": 0.9, "verdict": "learning-well"}
    )
    return run_id


def student(app: AppTest) -> str:
    name: str = app.session_state["student"]
    return name


def test_the_train_page_says_what_was_changed_and_what_is_taken(open_page: Open, store: Store) -> None:
    run_id = finished(store, "bob", 0.01)
    app = open_page("train", run=run_id)
    assert STORY in texts(app)
    assert "“Use these settings” uses the learning rate that the run started with" in texts(app)
    assert "Two-layer network, learning rate 0.5 · learning rate 0.5 → 0.01" in texts(app)  # no longer that experiment
    app.button(key="take").click().run()
    assert app.session_state["draft"]["learning_rate"] == 0.5
    unchanged = open_page("train", run=finished(store, "bob", None))
    assert "by hand" not in texts(unchanged)
    assert "0.01" not in texts(unchanged)


def test_two_runs_of_which_one_was_changed_are_not_called_the_same(open_page: Open, store: Store) -> None:
    app = open_page("train")
    finished(store, student(app), None)
    finished(store, student(app), 0.01)
    app.switch_page("pages/compare.py").run()
    assert "learning rate changes by hand: 0.01 after step 40 → none" in texts(app)
    assert app.dataframe[0].value["Learning rate changes by hand"].tolist() == ["0.01 after step 40", "none"]
    app.segmented_control(key="compare_view").set_value("groups").run()
    names = [
        trace["name"]
        for trace in component(app, "chart_compare_loss")["figure"]["data"]
        if "-validation" in trace["uid"]
    ]
    assert len(set(names)) == 2  # no mean of both


def test_a_changed_rate_is_no_place_on_an_axis_of_rates(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for change, rate in ((None, 0.5), (0.01, 0.5), (None, 1.0)):
        finished(store, student(app), change, learning_rate=rate)
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("settings").run()
    app.selectbox(key="compare_setting").set_value("learning_rate").run()
    app.selectbox(key="compare_result").set_value("validation_accuracy").run()
    assert sorted(component(app, "chart_compare_scatter")["figure"]["data"][0]["x"]) == [0.5, 1.0]
    (said,) = [text for text in unescape(texts(app)).splitlines() if "Not drawn" in text]
    assert "Not drawn (learning rate changed by hand): " in said
    assert "rate 0.5 → 0.01." in said
    axes = component(app, "chart_compare_parallel")["figure"]["layout"]["xaxis"]["ticktext"]
    assert axes == ["learning rate", "learning rate changes by hand", "Validation accuracy"]
    app.selectbox(key="compare_setting").set_value("rate_changes").run()
    assert len(component(app, "chart_compare_scatter")["figure"]["data"][0]["x"]) == 3


def test_a_prediction_of_a_run_whose_rate_was_changed_does_not_count(open_page: Open, store: Store) -> None:
    app = open_page("train")
    app.session_state["shown_run"] = finished(store, student(app), 0.01, "learns")
    app.run()
    assert "The learning rate was changed by hand" in texts(app)
    app.session_state["shown_run"] = finished(store, student(app), None, "learns")
    app.run()
    assert "1 of 1 run correct" in texts(app)


def test_a_range_test_keeps_its_rates(open_page: Open, store: Store) -> None:
    app = open_page("train")
    rising = store.runs.create(student(app), CONFIG.replace(schedule="rising"))
    app.session_state["shown_run"] = rising
    app.run()
    assert app.button(key="pause")
    assert not [field for field in app.text_input if field.key == f"new_rate_{rising}"]
    other = store.runs.create(student(app), CONFIG)
    app.session_state["shown_run"] = other
    app.run()
    assert app.text_input(key=f"new_rate_{other}")


def test_a_new_rate_is_that_of_one_run(open_page: Open, store: Store) -> None:
    app = open_page("train")
    first, second = (store.runs.create(student(app), CONFIG) for _number in range(2))
    app.session_state["shown_run"] = first
    app.run()
    app.text_input(key=f"new_rate_{first}").input("0,05").run()
    assert store.runs.get(first).rate_request == 0.05
    assert app.text_input(key=f"new_rate_{first}").value == ""  # so that the same may be typed again
    app.text_input(key=f"new_rate_{first}").input("fast").run()
    assert "“fast”" in texts(app)
    app.session_state["shown_run"] = second
    app.run()
    assert "'fast'" not in texts(app)
    assert store.runs.get(second).rate_request is None
    app.text_input(key=f"new_rate_{second}").input("0.05").run()
    assert store.runs.get(second).rate_request == 0.05


def test_a_rate_that_was_asked_for_while_a_run_rests_is_said_until_it_is_used(open_page: Open, store: Store) -> None:
    app = open_page("train")
    run_id = store.runs.create(student(app), CONFIG)
    store.commands.send(run_id, student(app), "pause")
    resting = open_page("train", run=run_id)
    assert "from the next step on." not in texts(resting)
    store.commands.set_learning_rate(run_id, student(app), 0.03)
    assert "The learning rate is 0.03 from the next step on." in texts(open_page("train", run=run_id))


def test_figures_of_a_run_that_was_stopped_say_at_which_step_they_were_measured(open_page: Open, store: Store) -> None:
    ends = {}
    for measured in (60, 100):
        run_id = store.runs.create("bob", CONFIG)
        store.queue.claim(run_id, "worker", 1)
        store.record_writer.publish([Report(run_id, Progress(100, 1000, 1.0, 2.0), Curves())])
        store.record_writer.finish(run_id, "stopped", {"test_accuracy": 0.9, "evaluated_step": measured})
        ends[measured] = texts(open_page("train", run=run_id))
    assert "Measured at step 60, the last point of the curves." in ends[60]
    assert "Measured at step" not in ends[100]
