"""The Inspect page without a browser: a run's snapshots, one after the other."""

from __future__ import annotations

import base64
import io
import json

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from streamlit.testing.v1 import AppTest

from mnist_core.data import own_images
from mnist_core.inspect_page.views import VIEWS
from mnist_core.networks.checkpoint_layout import snapshot_folder
from mnist_core.store import Store
from mnist_core.ui import texts as texts_of
from tests.pages.conftest import Open
from tests.pages.content import component, texts
from tests.pages.inspected_runs import first_labels, run_with_weights, with_a_drawing


@pytest.fixture
def over_time(built_in: None, open_page: Open, store: Store) -> AppTest:
    """The view of a run with two snapshots: all taken for a 3, then all right; only the second one's weights are kept."""
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    analysis_id = store.analyses.create(owner, "snapshot-answers", {"run": run_id})
    store.analyses.claim(analysis_id)
    arrays = {"answers": np.stack([np.full(200, 3, np.uint8), first_labels()])}
    values = {"steps": [0, 40], "images": 200, "split": "validation", "reached": 40}
    store.analyses.finish(analysis_id, values, arrays)
    app.query_params["view"] = "course"
    return app.run()


def test_over_time_all_frames_are_sent(over_time: AppTest) -> None:
    threes = int((first_labels() == 3).sum())
    moved = component(over_time, "course_control")
    assert moved["labels"] == ["After step 0", "After step 40"]
    assert f"{threes} of 200 images are classified correctly" in moved["texts"][0]
    assert moved["texts"][1] == "All 200 images are classified correctly."
    assert not moved["tell"]  # nothing on the page depends on it
    chart = component(over_time, "chart_course")
    assert [text for _traces, text in chart["frames"]] == moved["texts"]
    right = np.frombuffer(base64.b64decode(chart["frames"][0][0][0]["z"]["bdata"]), "<f4").reshape(10, 10)
    assert right[3, 3] == threes
    assert np.nansum(right) == threes
    sheets = component(over_time, "course_weights")
    assert sheets["pictures"][0] is None  # of step 0 no snapshot was kept
    assert "The weights of this snapshot are no longer available." in sheets["texts"][0]
    picture = Image.open(io.BytesIO(base64.b64decode(sheets["pictures"][1].split(",")[1])))
    assert picture.size == (10 * 29 - 1, 28)
    with_a_drawing(over_time)
    assert component(over_time, "course_answer")["texts"] == [
        "",
        "Your drawing: The network's answer: 3 (69%), then 0 (3%).",
    ]
    parts = ("course_control", "chart_course", "chart_course_answer")
    assert len({component(over_time, part)["player"] for part in parts}) == 1


def test_over_time_of_a_run_that_trains_on_ends_at_a_snapshot_with_weights(
    built_in: None, open_page: Open, store: Store
) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)  # its last weights are of step 40 now
    for step in (10, 20):
        weights = {"0.weight": np.zeros((10, 784), np.float32), "0.bias": np.zeros(10, np.float32)}
        snapshot_folder(run_id).mkdir(parents=True, exist_ok=True)
        save_file(weights, snapshot_folder(run_id) / f"{step}.safetensors")
    analysis_id = store.analyses.create(owner, "snapshot-answers", {"run": run_id})
    store.analyses.claim(analysis_id)
    values = {"steps": [10, 20, 30], "images": 200, "split": "validation", "reached": 30}
    store.analyses.finish(analysis_id, values, {"answers": np.stack([first_labels()] * 3)})
    app.query_params["view"] = "course"
    app.session_state["course_at"] = (analysis_id, 2)
    app.session_state["course_cell"] = (7, 7)
    app.run()
    assert component(app, "course_control")["labels"] == ["After step 10", "After step 20"]
    assert None not in component(app, "course_weights")["pictures"]
    assert "After step 20" in texts(app)


def test_over_time_above_the_matrix_stands_of_which_images_it_is(over_time: AppTest) -> None:
    above = []
    for element in over_time.main:
        if element.type == "bidi_component" and json.loads(element.proto.json).get("key") == "chart_course":
            break
        above += [element.value] if element.type == "markdown" else []
    assert "Answers to 200 validation images." in above


def test_over_time_without_a_drawing_the_tab_is_named_in_which_one_is_made(over_time: AppTest) -> None:
    for language in texts_of.LANGUAGES:
        over_time.session_state["language"] = language
        captions = [caption.value for caption in over_time.run().caption]
        with texts_of.speaking(language):
            inspect, draw = texts_of._("Inspect"), texts_of._(VIEWS["draw"][0])
        assert any(f"**{inspect}**" in caption and f"**{draw}**" in caption for caption in captions)


def test_over_time_the_images_of_a_cell(over_time: AppTest) -> None:
    sevens = int((first_labels() == 7).sum())
    over_time.session_state["course_cell"] = (7, 7)
    over_time.run()
    assert f"True class 7, answered 7: {sevens}" in texts(over_time)  # of the last snapshot
    assert "After step 40" in texts(over_time)
    moved = component(over_time, "course_control")
    assert (moved["tell"], moved["frame"]) == (True, 1)
    over_time.session_state["course_at"] = (moved["player"].removeprefix("course-"), 0)
    over_time.run()
    assert "True class 7, answered 7: 0" in texts(over_time)
    over_time.session_state["course_at"] = ("of another run", 0)
    over_time.run()
    assert f"True class 7, answered 7: {sevens}" in texts(over_time)
    over_time.button(key="course_close").click().run()
    assert "True class 7" not in texts(over_time)


def test_a_cell_of_another_run_is_none_of_one_with_fewer_classes(over_time: AppTest, store: Store) -> None:
    owner = over_time.session_state["student"]
    made = {name: list(np.zeros((5, 28, 28), np.uint8)) for name in ("cup", "fork", "spoon")}
    images = store.own_images.create(owner, "Kitchen", list(made), own_images.pack(made))
    sizes = {"train_size": 9, "validation_size": 3, "batch_size": 3}
    run_id = run_with_weights(store, owner, answer=1, dataset=images.name, classes=3, **sizes)
    analysis_id = store.analyses.create(owner, "snapshot-answers", {"run": run_id})
    store.analyses.claim(analysis_id)
    values = {"steps": [0, 40], "images": 3, "split": "validation", "reached": 40}
    store.analyses.finish(analysis_id, values, {"answers": np.ones((2, 3), np.uint8)})
    over_time.session_state["course_cell"] = (7, 9)
    over_time.run()
    over_time.selectbox(key="inspected").set_value(run_id).run()
    assert not over_time.exception
    assert "could not be shown" not in texts(over_time)
    assert "of 3 images are classified correctly" in component(over_time, "course_control")["texts"][0]
