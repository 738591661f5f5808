"""The charts of the Compare page, and what is said of runs that they do not draw."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import numpy as np
import pytest

from mnist_core.compare_page.charts_panel import NAMED
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import component, texts
from tests.pages.finished_runs import CONFIG, ended, student


def test_one_part_at_least_is_drawn(open_page: Open, finished: Callable[..., str]) -> None:
    app = open_page("train")
    finished(student(app), 0.5)
    app.switch_page("pages/compare.py").run()
    assert app.segmented_control(key="compare_split").value == ["validation"]
    app.segmented_control(key="compare_split").set_value(["test", "train"]).run()
    assert app.segmented_control(key="compare_split").value == ["test", "train"]
    app.segmented_control(key="compare_split").set_value([]).run()
    assert app.segmented_control(key="compare_split").value == ["validation"]
    assert not app.exception


def test_so_many_names_that_no_room_is_left_for_curves_stand_not_above_them(open_page: Open, store: Store) -> None:
    """Of 29 runs the names took more room than the curves, and covered some."""
    app = open_page("train")
    ids = [ended(store, student(app), seed, "completed", [2.0, 1.0]) for seed in range(NAMED + 1)]
    app.query_params["runs"] = ",".join(ids[:NAMED])
    app.switch_page("pages/compare.py").run()
    assert component(app, "chart_compare_loss")["figure"]["layout"]["showlegend"]
    assert "the names are not above the curves" not in texts(app)
    app.query_params["runs"] = ",".join(ids)
    app.run()
    layout = component(app, "chart_compare_loss")["figure"]["layout"]
    assert (layout["showlegend"], layout["hovermode"]) == (False, "closest")
    assert f"Of more than {NAMED} runs the names are not above the curves" in texts(app)


def test_the_same_holds_for_many_groups(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for epochs in range(1, NAMED + 2):
        ended(store, student(app), 0, "completed", [2.0, 1.0], epochs=epochs)
    app.query_params["runs"] = ",".join(run.id for run in store.runs.newest(student(app)))
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("groups").run()
    assert not component(app, "chart_compare_loss")["figure"]["layout"]["showlegend"]
    assert f"Of more than {NAMED} groups the names are not above the curves" in texts(app)


@pytest.mark.parametrize("view", ["curves", "groups"])
def test_where_a_long_run_leaves_short_ones_no_room_an_axis_is_offered_that_has_it(
    open_page: Open, store: Store, view: str
) -> None:
    app = open_page("train")
    ended(store, student(app), 0, "completed", [2.0, 1.0], learning_rate=0.1)
    ended(store, student(app), 0, "completed", [2.0] * 8, learning_rate=0.2)
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value(view).run()
    assert "times as long as the shortest" not in texts(app)
    trains = store.runs.create(student(app), CONFIG.replace(epochs=100))
    app.session_state["compared"] = [run.id for run in store.runs.newest(student(app))]
    assert "times as long as the shortest" not in texts(app.run())  # it waits: nothing of it is drawn
    store.queue.claim(trains, "worker", 1)
    app.run()
    assert "The longest run is 1,000 times as long as the shortest" in texts(app)
    assert component(app, "chart_compare_loss")["figure"]["layout"]["xaxis"].get("type") != "log"
    app.button(key="compare_log").click().run()
    assert component(app, "chart_compare_loss")["figure"]["layout"]["xaxis"]["type"] == "log"
    assert app.toggle(key="view_log_x").value
    assert "times as long as the shortest" not in texts(app)
    app.toggle(key="view_log_x").set_value(False).run()
    assert "times as long as the shortest" in texts(app)


def test_who_ended_before_the_others_of_a_group_is_said(open_page: Open, store: Store) -> None:
    app = open_page("train")
    ended(store, student(app), 0, "completed", [2.0, 1.0, 0.5])
    ended(store, student(app), 1, "completed", [2.0, 1.5, 1.0])
    ended(store, student(app), 2, "diverged", [2.0, 0.5, np.nan])
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("groups").run()
    assert "seed 2 (diverged, step 10)" in texts(app)
    chart = component(app, "chart_compare_loss")
    assert "seed 2 (diverged, step 10)" in chart["description"]
    assert next(trace["name"] for trace in chart["figure"]["data"] if trace.get("showlegend")).endswith("(3, ✕ 1)")
    assert "thin line" in texts(app)


def test_a_group_of_runs_with_other_names_has_the_name_of_none_of_them(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for seed, name in enumerate(("mine", "yours")):
        store.labels.write(ended(store, student(app), seed, "completed", [2.0, 1.0]), student(app), name=name)
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("groups").run()
    names = [
        trace["name"] for trace in component(app, "chart_compare_loss")["figure"]["data"] if trace.get("showlegend")
    ]
    assert names == ["784-50-10 · SGD 0.5 · batch 100 (2)"]


def test_groups_that_would_be_called_alike_say_in_what_they_differ(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for seed, epochs in ((1, 2), (2, 2), (1, 3)):
        ended(store, student(app), seed, "completed", [2.0, 1.0], epochs=epochs)
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("groups").run()
    names = [
        trace["name"] for trace in component(app, "chart_compare_loss")["figure"]["data"] if trace.get("showlegend")
    ]
    title = "784-50-10 · SGD 0.5 · batch 100"
    assert sorted(names) == [f"{title} · epochs: 2 (2)", f"{title} · epochs: 3 (1)"]


def test_runs_without_validation_images_are_compared_by_their_training_curves(open_page: Open, store: Store) -> None:
    app = open_page("train")
    for seed in (1, 2):
        ended(store, student(app), seed, "completed", [2.0, 1.0], validation_size=0)
    app.switch_page("pages/compare.py").run()
    assert app.segmented_control(key="compare_split").value == ["train"]
    assert "Not drawn" not in texts(app)


def test_where_there_is_no_room_for_all_settings_those_with_most_values_are_shown(
    open_page: Open, store: Store
) -> None:
    app = open_page("train")
    once: dict[str, Any] = {"activation": "tanh", "initialization": "he", "hidden_layers": (20,), "train_size": 2_000}
    once |= {"validation_size": 500, "preprocessing": "centered", "dropout": 0.1, "loss": "squared-error"}
    for seed, rate in enumerate((0.1, 0.2, 0.3)):
        ended(store, student(app), seed, "completed", [2.0, 1.0], learning_rate=rate, **(once if rate == 0.3 else {}))
    app.query_params["runs"] = ",".join(run.id for run in store.runs.newest(student(app)))
    app.switch_page("pages/compare.py").run()
    app.segmented_control(key="compare_view").set_value("settings").run()
    app.selectbox(key="compare_result").set_value("validation_loss").run()
    (left_out,) = [caption.value for caption in app.caption if caption.value.startswith("Settings not shown here")]
    assert "learning rate" not in left_out
    assert left_out.endswith("seed.")


def test_no_run_disappears_unsaid(open_page: Open, store: Store) -> None:
    app = open_page("train")
    ended(store, student(app), 0, "completed", [2.0, 1.0], learning_rate=0.1)
    ended(store, student(app), 0, "completed", [2.0, 0.5], learning_rate=0.2)
    ended(store, student(app), 0, "diverged", [2.0, np.nan], learning_rate=5.0)
    ended(store, student(app), 0, "completed", [2.0, 1.0], learning_rate=0.3, validation_size=0)
    waits = store.runs.create(student(app), CONFIG.replace(learning_rate=0.4))
    app.query_params["runs"] = ",".join(run.id for run in store.runs.newest(student(app)))
    app.switch_page("pages/compare.py").run()
    app.session_state["compared"] = [run.id for run in store.runs.newest(student(app))]
    app.run()
    for why, rate in (("no validation images", 0.3), ("no results yet", 0.4)):
        assert re.search(rf"Not drawn \({why}\): [^;:]* SGD {rate} · batch 100\.", unescape(texts(app)))
    app.segmented_control(key="compare_split").set_value(["train"]).run()
    assert "no validation images" not in texts(app)
    app.segmented_control(key="compare_view").set_value("settings").run()
    app.selectbox(key="compare_setting").set_value("learning_rate").run()
    app.selectbox(key="compare_result").set_value("validation_loss").run()
    assert sorted(component(app, "chart_compare_scatter")["figure"]["data"][0]["x"]) == [0.1, 0.2]
    for text in ("SGD 0.3", "no validation images", "SGD 5", "NaN or infinite", "SGD 0.4", "has not ended yet"):
        assert text in texts(app)
    store.commands.send(waits, student(app), "stop")
    app.run()
    assert "ended before its first evaluation" in texts(app)


@pytest.mark.parametrize(("loss", "top"), [("cross-entropy", 3.0), ("squared-error", 1.5)])
def test_the_axis_has_room_for_the_guess_of_the_loss_at_hand(
    open_page: Open, store: Store, loss: str, top: float
) -> None:
    app = open_page("train")
    for seed in range(2):
        ended(store, student(app), seed, "completed", [0.5, 0.1], loss=loss)
    app.switch_page("pages/compare.py").run()
    axis = component(app, "chart_compare_loss")["figure"]["layout"]["yaxis"]
    assert max(axis["autorangeoptions"]["include"]) == pytest.approx(top)
