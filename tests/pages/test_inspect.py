"""The Inspect page without a browser: the run, the image, the answers of several runs."""

from __future__ import annotations

import base64
import io
import json
from typing import Any

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file
from streamlit.testing.v1 import AppTest

from mnist_core import data, settings
from mnist_core.config import RunConfig
from mnist_core.data.drawing import Stroke
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.ui import photo_panel
from mnist_core.ui.pad import strokes
from tests.pages.conftest import Open
from tests.pages.reading import component, texts

CONFIG = RunConfig(dataset="built-in", hidden_layers=())


def run_with_weights(store: Store, owner: str, *, answer: int, scale: float = 1.0, **changes: Any) -> str:
    """A run after 40 updates whose network says `answer` to everything."""
    run_id = store.create_run(owner, CONFIG.replace(**changes))
    store.claim(run_id, "worker", 1)
    bias = np.zeros(10, np.float32)
    bias[answer] = 3 * scale
    settings.checkpoint_folder().mkdir(parents=True, exist_ok=True)
    save_file(
        {"model.0.weight": np.zeros((10, 784), np.float32), "model.0.bias": bias},
        settings.checkpoint_folder() / f"{run_id}.safetensors",
        metadata={"state": json.dumps({"step": 40})},
    )
    store.publish([Report(run_id, Progress(40, CONFIG.total_steps), Curves(), checkpoint=True)])
    return run_id


def with_a_drawing(app: AppTest) -> AppTest:
    app.session_state["drawn_strokes"] = [{"w": 24, "p": [100, 50, 160, 50, 120, 200]}]
    return app.run()


def test_without_a_run_it_says_what_to_do(open_page: Open) -> None:
    assert "There is no run of yours with weights" in texts(open_page("inspect"))


def test_the_chosen_run_and_all_runs_answer(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    first = run_with_weights(store, app.session_state["student"], answer=3)
    app.run()
    assert "Draw a digit, large or small" in texts(app)
    with_a_drawing(app)
    assert "The network sees a 3 (69%)" in texts(app)
    assert "All my runs" not in texts(app)
    broken = run_with_weights(store, app.session_state["student"], answer=5, scale=np.nan)
    app.run()
    assert "All my runs" in texts(app)
    assert "The network sees a 3" in texts(app)  # the choice stays
    app.selectbox(key="inspected").select(broken).run()
    assert "After step 40 this run answers with no numbers any more" in texts(app)
    assert broken in app.query_params["run"]
    linked = open_page("inspect", run=first)
    assert "The network sees a 3" in texts(with_a_drawing(linked))


def test_a_picture_is_read_and_a_file_that_is_none_is_a_sentence(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=7)
    app.session_state["image_source"] = "picture"
    app.run()
    grey = np.full((60, 60), 240, np.uint8)
    grey[10:50, 28:34] = 30
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "PNG")
    app.file_uploader(key="picture").upload("seven.png", buffer.getvalue(), "image/png").run()
    assert "The network sees a 7" in texts(app)
    app.file_uploader(key="picture").upload("broken.png", b"no picture", "image/png").run()
    assert "This file is no picture" in " ".join(error.value for error in app.error)


def test_of_two_digits_the_student_chooses_the_one_that_is_meant(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=7)
    app.session_state["image_source"] = "picture"
    app.run()
    assert "HEIC photo is not accepted" in texts(app)
    grey = np.full((120, 200), 240, np.uint8)
    grey[20:100, 40:50] = grey[20:100, 140:150] = 30
    read = photo_panel.pictures.read
    contents: list[bytes] = []
    monkeypatch.setattr(photo_panel.pictures, "read", lambda content: contents.append(content) or read(content))
    buffer = io.BytesIO()
    Image.fromarray(grey).save(buffer, "JPEG")
    app.file_uploader(key="picture").upload("eleven.jfif", buffer.getvalue(), "image/jpeg").run()
    assert "2 things on the photo could be the digit. Choose the number" in " ".join(info.value for info in app.info)
    assert "The network sees" not in texts(app)
    (choice,) = [one for one in app.segmented_control if str(one.key).startswith("picture_number_")]
    choice.select(2).run()
    assert "The network sees a 7" in texts(app)
    assert not [info.value for info in app.info if "things on the photo" in info.value]
    app.run()
    assert len(contents) == 1  # read once, however often the page is drawn
    app.file_uploader(key="picture").upload("blank.png", blank(), "image/png").run()
    app.run()
    assert "Nothing on this picture looks like a digit" in " ".join(error.value for error in app.error)
    assert len(contents) == 2


def blank() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (60, 60), 240).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "told", [None, "x", [None], [{"w": 1}], [{"w": "nan", "p": [1, 2]}], [{"w": 3, "p": ["a"]}], [{"w": 3, "p": []}]]
)
def test_a_browser_may_say_what_it_likes(told: Any) -> None:
    assert strokes(told) == ()
    assert strokes([{"w": 500, "p": [1e9, -1e9, 5]}]) == (Stroke(60, ((560, -280),)),)


def test_the_page_in_korean(open_page: Open, store: Store) -> None:
    app = open_page("inspect", lang="ko")
    run_with_weights(store, app.session_state["student"], answer=3)
    with_a_drawing(app)
    assert "신경망의 답: 3" in texts(app)


def with_answers(store: Store, owner: str, run_id: str, shares: np.ndarray) -> None:
    """The study of a run's answers to its validation images, as a worker leaves it."""
    study_id = store.create_study(owner, "answers", {"run": run_id, "part": "validation"})
    store.claim_study(study_id)
    store.finish_study(study_id, {"step": 40, "reached": 40}, {"shares": shares.astype(np.float16)})


@pytest.fixture
def mistaken(open_page: Open, store: Store) -> AppTest:
    """The Mistakes view of a run that takes every validation image for a 3, surely."""
    data.ensure_built_in()
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    with_answers(store, owner, run_id, np.tile(np.eye(10)[3], (CONFIG.validation_size, 1)))
    app.query_params["view"] = "mistakes"
    return app.run()


def test_mistakes_of_a_run(mistaken: AppTest) -> None:
    labels = data.load_dataset("built-in").train_labels[-CONFIG.validation_size :]
    right = int((labels == 3).sum())
    assert f"{right:,} of {CONFIG.validation_size:,} images are answered right" in texts(mistaken)
    assert "The surest mistakes" in texts(mistaken)
    mistaken.session_state["mistakes_cell"] = (7, 3)
    mistaken.run()
    assert f"True digit 7, answered 3: {int((labels == 7).sum()):,}" in texts(mistaken)
    assert "The network sees a 3 (100%)" in texts(mistaken)
    mistaken.session_state["mistakes_view"] = "sure"
    mistaken.run()
    assert f"100.0% sure and {right / len(labels):.1%} right" in texts(mistaken)


def test_mistakes_beside_another_run(mistaken: AppTest, store: Store) -> None:
    mistaken.session_state["mistakes_view"] = "beside"
    mistaken.run()
    assert "Train another network on the same data" in texts(mistaken)
    owner = mistaken.session_state["student"]
    other = run_with_weights(store, owner, answer=5)
    with_answers(store, owner, other, np.tile(np.eye(10)[5], (CONFIG.validation_size, 1)))
    mistaken.run()
    labels = data.load_dataset("built-in").train_labels[-CONFIG.validation_size :]
    here, there = (int((labels == digit).sum()) for digit in (3, 5))
    assert f"this run alone is right on {here}, the other alone on {there}" in texts(mistaken)


def test_sealed_test_images_are_not_offered(mistaken: AppTest) -> None:
    parts = [one for one in mistaken.get("button_group") if one.proto.id.endswith("mistakes_part")]
    assert "Test" in str(parts[0].proto)
    mistaken.session_state["seal_state"] = {"sealed": True, "opened": 0}
    mistaken.run()
    parts = [one for one in mistaken.get("button_group") if one.proto.id.endswith("mistakes_part")]
    assert "Validation" in str(parts[0].proto)
    assert "Test" not in str(parts[0].proto)


def test_inside_an_mlp(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    app.query_params["view"] = "inside"
    app.run()
    assert "The weights of 10 of 10 units of the first layer after step 40" in texts(app)
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert "1 of 10 units give more than 0; the greatest is 3.000" in texts(app)
    app.session_state["network_view"] = "attention"
    app.run()
    assert not store.list_studies(owner, "attention")  # not before it is asked for
    app.button(key="attention_ask").click().run()
    (study,) = store.list_studies(owner, "attention")
    assert study.parameters["run"] == run_id
    assert len(study.parameters["image"]) == 784
    store.claim_study(study.id)
    maps = {name: np.zeros((28, 28), np.float32) for name in ("gradient", "integrated", "occlusion")}
    maps["occlusion"][10, 10] = 1
    store.finish_study(study.id, {"step": 40, "reached": 40, "digit": 3}, maps)
    app.run()
    assert "Its answer is **3**" in texts(app)


def with_an_earlier_snapshot(run_id: str, step: int, answer: int) -> None:
    """Weights on the run's way that say `answer` to everything; then some so large that every sum of them overflows, then none
    that are numbers."""
    bias = np.zeros(10, np.float32)
    bias[answer] = 3
    nothing = np.zeros((10, 784), np.float32)
    settings.trail_folder(run_id).mkdir(parents=True)
    for number, weights, biases in (
        (step, nothing, bias),
        (step + 1, nothing + 1e37, bias),
        (step + 2, nothing, bias * np.nan),
    ):
        tensors = {"0.weight": weights, "0.bias": biases}
        save_file(tensors, settings.trail_folder(run_id) / f"{number}.safetensors")


def test_a_run_without_numbers_is_looked_at_where_it_had_some(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_id = run_with_weights(store, app.session_state["student"], answer=3, scale=np.inf)
    with_an_earlier_snapshot(run_id, 20, answer=6)
    with_a_drawing(app)
    assert "After step 40 this run answers with no numbers any more" in texts(app)
    assert "It answered this after step 20" in texts(app)
    assert "The network sees a 6" in texts(app)
    app.session_state["inspect_view"] = "inside"
    app.run()
    assert "What is shown is the network after step 20" in texts(app)
    assert "The weights of 10 of 10 units of the first layer after step 20" in texts(app)
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert "units give more than 0; the greatest is 3.000" in texts(app)


def test_what_a_run_was_is_computed_again_by_itself_at_rest_and_by_a_button_while_it_trains(
    mistaken: AppTest, store: Store
) -> None:
    owner = mistaken.session_state["student"]
    (run,) = store.list_runs(owner)

    def states() -> list[str]:
        return [study.state for study in store.list_studies(owner, "answers")]

    assert not [button for button in mistaken.button if button.key == "again_answers"]
    store.publish([Report(run.id, Progress(60, CONFIG.total_steps), Curves(), checkpoint=True)])
    mistaken.run()
    assert "The run has gone on since" in texts(mistaken)
    assert "images are answered right" in texts(mistaken)
    assert states() == ["finished"]  # not by itself
    mistaken.button(key="again_answers").click().run()
    assert states() == ["queued", "finished"]
    with_answers(store, owner, run.id, np.tile(np.eye(10)[3], (CONFIG.validation_size, 1)))
    assert states()[0] == "finished"  # the newest, of step 40 as the first
    store.finish(run.id, "completed", {})
    mistaken.run()
    assert states()[0] == "queued"


def test_silent_layers_say_so(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=3, scale=0)
    app.query_params["view"] = "inside"
    app.session_state["network_view"] = "layers"
    with_a_drawing(app)
    assert "All of this layer is silent" in texts(app)
    app.session_state["network_view"] = "attention"
    app.run()
    app.button(key="attention_ask").click().run()
    (study,) = store.list_studies(app.session_state["student"], "attention")
    store.claim_study(study.id)
    maps = {name: np.zeros((28, 28), np.float32) for name in ("gradient", "integrated", "occlusion")}
    store.finish_study(study.id, {"step": 40, "reached": 40, "digit": 3}, maps)
    app.run()
    assert "No pixel counts" in texts(app)


def test_inside_a_network_without_numbers(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=3, scale=np.inf)
    app.query_params["view"] = "inside"
    app.run()
    assert "no earlier weights were kept: there is nothing to see any more" in texts(app)


@pytest.fixture
def over_time(open_page: Open, store: Store) -> AppTest:
    """The view of a run with two snapshots: all taken for a 3, then all right; only the second one's weights are kept."""
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    study_id = store.create_study(owner, "course", {"run": run_id})
    store.claim_study(study_id)
    data.ensure_built_in()
    answered = {"answers": np.stack([np.full(200, 3, np.uint8), first_labels()])}
    values = {"steps": [0, 40], "images": 200, "part": "validation", "reached": 40}
    store.finish_study(study_id, values, answered)
    app.query_params["view"] = "course"
    return app.run()


def first_labels() -> np.ndarray:
    """Labels of the first 200 validation images."""
    return data.load_dataset("built-in").train_labels[-CONFIG.validation_size :][:200]


def test_over_time_all_frames_are_sent(over_time: AppTest) -> None:
    threes = int((first_labels() == 3).sum())
    moved = component(over_time, "course_control")
    assert moved["labels"] == ["After step 0", "After step 40"]
    assert f"{threes} of 200 images are answered right" in moved["texts"][0]
    assert moved["texts"][1] == "All 200 images are answered right."
    assert not moved["tell"]  # nothing on the page depends on it
    chart = component(over_time, "chart_course")
    assert [said for _traces, said in chart["frames"]] == moved["texts"]
    right = np.frombuffer(base64.b64decode(chart["frames"][0][0][0]["z"]["bdata"]), "<f4").reshape(10, 10)
    assert right[3, 3] == threes
    assert np.nansum(right) == threes
    sheets = component(over_time, "course_weights")
    assert sheets["pictures"][0] is None  # of step 0 no snapshot was kept
    assert "no longer here" in sheets["texts"][0]
    picture = Image.open(io.BytesIO(base64.b64decode(sheets["pictures"][1].split(",")[1])))
    assert picture.size == (10 * 29 - 1, 28)
    with_a_drawing(over_time)
    assert component(over_time, "course_answer")["texts"] == [
        "",
        "Your drawing: The network sees a 3 (69%); next comes 0 (3%).",
    ]
    films = {component(over_time, one)["film"] for one in ("course_control", "chart_course", "chart_course_answer")}
    assert len(films) == 1


def test_over_time_the_images_of_a_cell(over_time: AppTest) -> None:
    sevens = int((first_labels() == 7).sum())
    over_time.session_state["course_cell"] = (7, 7)
    over_time.run()
    assert f"True digit 7, answered 7: {sevens}" in texts(over_time)  # of the last snapshot
    assert "After step 40" in texts(over_time)
    moved = component(over_time, "course_control")
    assert (moved["tell"], moved["told"]) == (True, 1)
    over_time.session_state["course_at"] = (moved["film"].removeprefix("course-"), 0)
    over_time.run()
    assert "True digit 7, answered 7: 0" in texts(over_time)
    over_time.session_state["course_at"] = ("of another run", 0)
    over_time.run()
    assert f"True digit 7, answered 7: {sevens}" in texts(over_time)
    over_time.button(key="course_close").click().run()
    assert "True digit 7" not in texts(over_time)


def test_what_the_address_asks_for_is_told_with_every_drawing(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    older, _newer = (run_with_weights(store, app.session_state["student"], answer=3) for _number in range(2))
    app.query_params["view"], app.query_params["run"] = "inside", older
    for _drawing in range(2):  # a browser that had no time for the first has the second
        app.run()
        choice = app.selectbox(key="inspected")
        assert choice.options[choice.proto.default].endswith(older)
        assert choice.value == older
        view = app.segmented_control(key="inspect_view")
        assert [view.proto.options[place].content for place in view.proto.default] == ["Inside"]
    app.selectbox(key="inspected").select_index(1 - choice.proto.default).run()
    assert app.selectbox(key="inspected").value != older  # a choice is kept against the address it came with
    assert app.query_params["run"] != [older]


def test_what_excites_a_unit(open_page: Open, store: Store) -> None:
    data.ensure_built_in()
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    study_id = store.create_study(owner, "exciting", {"run": run_id, "layer": 1})
    store.claim_study(study_id)
    arrays = {
        "smooth": np.zeros((10, 28, 28), np.uint8),
        "plain": np.zeros((10, 28, 28), np.uint8),
        "smooth_values": np.arange(10, dtype=np.float32),
        "plain_values": 2 * np.arange(10, dtype=np.float32),
        "real": np.zeros((10, 8), np.int64),
        "real_values": np.ones((10, 8), np.float32),
    }
    store.finish_study(study_id, {"step": 40, "reached": 40, "images": 2_000, "part": "validation"}, arrays)
    app.query_params["view"] = "inside"
    app.session_state["network_view"] = "exciting"
    app.run()
    app.number_input(key="exciting_unit").set_value(7).run()
    assert "Excitation 7.00" in texts(app)
    assert "Excitation 14.00" in texts(app)
    assert "Of 2,000 validation images" in texts(app)


def test_disturb(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    study_id = store.create_study(owner, "disturbed", {"runs": [run_id], "kind": "noise"})
    store.claim_study(study_id)
    arrays = {
        "accuracy": np.array([[0.9, 0.5, 0.25]], np.float32),
        "examples": np.zeros((3, 8, 28, 28), np.uint8),
        "answers": np.full((3, 8), 3, np.uint8),
        "labels": np.arange(8, dtype=np.uint8),
    }
    values = {"strengths": [0, 0.1, 0.2], "images": [100], "parts": ["train"], "steps": [40], "reached": [40]}
    store.finish_study(study_id, values, arrays)
    app.query_params["view"] = "disturb"
    app.run()
    assert "Right of 100 images that it was trained on at this strength" in texts(app)
    assert "25.0%" in texts(app)
    app.select_slider(key="strength_noise").set_value(0.1).run()
    assert "50.0%" in texts(app)


def test_disturbed_runs_are_asked_again_where_any_of_them_has_gone_on(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    other, first = (run_with_weights(store, owner, answer=3) for _number in range(2))
    for run_id in (first, other):
        store.finish(run_id, "completed", {})
    asked = {"runs": [first, other], "kind": "noise"}
    study_id = store.create_study(owner, "disturbed", asked)
    store.claim_study(study_id)
    arrays = {
        "accuracy": np.array([[0.9], [np.nan]], np.float32).repeat(3, 1),
        "examples": np.zeros((3, 5, 28, 28), np.uint8),
        "answers": np.full((3, 5), 3, np.uint8),
        "labels": np.arange(5, dtype=np.uint8),
    }
    values = {"strengths": [0, 0.1, 0.2], "images": [5, 0], "parts": ["validation", ""], "steps": [30, None]}
    store.finish_study(study_id, values | {"reached": [40, 40]}, arrays)
    app.query_params["view"] = "disturb"
    app.session_state["disturbed_others"] = [other]
    app.run()
    assert "Right of 5 validation images at this strength" in texts(app)
    assert "90.0% (as it was after step 30, the last time with numbers)" in texts(app).replace("\\", "")
    assert "no weights that answer with numbers" in texts(app)
    assert len(store.list_studies(owner, "disturbed")) == 1
    store.publish([Report(other, Progress(60, CONFIG.total_steps), Curves(), checkpoint=True)])
    app.run()
    assert len(store.list_studies(owner, "disturbed")) == 2
    assert store.list_studies(owner, "disturbed")[0].active


def test_an_image_says_whether_the_run_was_trained_on_it(open_page: Open, store: Store) -> None:
    data.ensure_built_in()
    dataset = data.load_dataset("built-in")
    app = open_page("inspect")
    owner = app.session_state["student"]
    split = run_with_weights(store, owner, answer=3)
    unsplit = run_with_weights(store, owner, answer=3, train_size=60_000, validation_size=0)
    app.session_state["image_source"] = "sample"

    def shown() -> tuple[str, int, list[str]]:
        (choice,) = [one for one in app.segmented_control if one.key == "image_source"]
        traces = component(app, "chart_side_by_side")["figure"]["data"]
        rows = next(one["text"] for one in traces if one["uid"] == "names")
        return choice.options[-1], int(app.number_input(key="sample_number").max), list(rows)

    app.query_params["run"] = unsplit
    app.run()
    word, most, rows = shown()
    assert (word, most) == ("Training image", 59_999)
    assert f"Its label: **{int(dataset.train_labels[0])}**" in texts(app)
    assert "it was trained on this one" in texts(app)
    assert all(row.endswith("trained on it") for row in rows)  # the other one, too: it is the first of the files
    app.selectbox(key="inspected").select(split).run()
    word, most, rows = shown()
    assert (word, most) == ("Validation image", 9_999)
    assert f"Its label: **{int(dataset.train_labels[50_000])}**" in texts(app)
    assert "it was trained on this one" not in texts(app)
    assert [row.endswith("trained on it") for row in rows] == [True, False]
