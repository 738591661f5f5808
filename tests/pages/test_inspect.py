"""The Inspect page without a browser: the run, the image, the answers of several runs."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image

from mnist_core import data
from mnist_core.data.drawing import Stroke
from mnist_core.inspect_page import draw_panel, photo_panel
from mnist_core.networks import forward
from mnist_core.store import Store
from mnist_core.ui.pad import strokes
from tests.pages.conftest import Open
from tests.pages.content import component, texts
from tests.pages.inspected_runs import run_with_weights, with_a_drawing


def test_without_a_run_it_says_what_to_do(open_page: Open) -> None:
    assert "You have no run with saved weights yet" in texts(open_page("inspect"))


def test_the_chosen_run_and_all_runs_answer(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    first = run_with_weights(store, app.session_state["student"], answer=3)
    app.run()
    assert "Draw a digit, large or small" in texts(app)
    with_a_drawing(app)
    assert "The network's answer: 3 (69%)" in texts(app)
    assert "All my runs" not in texts(app)
    broken = run_with_weights(store, app.session_state["student"], answer=5, scale=np.nan)
    app.run()
    assert "All my runs" in texts(app)
    assert "The network's answer: 3" in texts(app)  # the choice stays
    app.selectbox(key="inspected").select(broken).run()
    assert "After step 40 the output of this run is NaN" in texts(app)
    assert broken in app.query_params["run"]
    linked = open_page("inspect", run=first)
    assert "The network's answer: 3" in texts(with_a_drawing(linked))


def test_a_stroke_evaluates_each_run_once(open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("inspect")
    for answer in (3, 5):
        run_with_weights(store, app.session_state["student"], answer=answer)
    broken = run_with_weights(store, app.session_state["student"], answer=5, scale=np.nan)
    app.run()
    app.selectbox(key="inspected").select(broken).run()
    evaluated, looked_at = [], []
    probabilities, is_finite = forward.probabilities, forward.is_finite

    def counted(config: Any, values: Any, images: Any) -> Any:
        evaluated.append(id(values))
        return probabilities(config, values, images)

    def looked(config: Any, values: Any) -> bool:
        looked_at.append(id(values))
        return is_finite(config, values)

    monkeypatch.setattr(forward, "probabilities", counted)
    monkeypatch.setattr(forward, "is_finite", looked)
    with_a_drawing(app)
    assert len(evaluated) == len(set(evaluated)) == 3
    with_a_drawing(app)  # the next stroke
    assert len(evaluated) == 6
    assert len(looked_at) == len(set(looked_at))  # whether weights are numbers is asked once


def test_a_picture_is_read_and_a_file_that_is_none_is_a_sentence(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=7)
    app.session_state["image_source"] = "picture"
    app.run()
    gray = np.full((60, 60), 240, np.uint8)
    gray[10:50, 28:34] = 30
    buffer = io.BytesIO()
    Image.fromarray(gray).save(buffer, "PNG")
    app.file_uploader(key="picture").upload("seven.png", buffer.getvalue(), "image/png").run()
    assert "The network's answer: 7" in texts(app)
    app.file_uploader(key="picture").upload("broken.png", b"no picture", "image/png").run()
    assert "This file cannot be read as an image" in " ".join(error.value for error in app.error)


def test_of_two_digits_the_student_chooses_the_one_that_is_meant(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("inspect")
    run_with_weights(store, app.session_state["student"], answer=7)
    app.session_state["image_source"] = "picture"
    app.run()
    assert "HEIC photo is not accepted" in texts(app)
    gray = np.full((120, 200), 240, np.uint8)
    gray[20:100, 40:50] = gray[20:100, 140:150] = 30
    read_image = photo_panel.pictures.read
    contents: list[bytes] = []
    monkeypatch.setattr(photo_panel.pictures, "read", lambda content: contents.append(content) or read_image(content))
    buffer = io.BytesIO()
    Image.fromarray(gray).save(buffer, "JPEG")
    app.file_uploader(key="picture").upload("eleven.jfif", buffer.getvalue(), "image/jpeg").run()
    assert "2 things in the photo could be meant. Choose the number" in " ".join(info.value for info in app.info)
    assert "The network's answer:" not in texts(app)
    (choice,) = [control for control in app.segmented_control if str(control.key).startswith("picture_number_")]
    choice.select(2).run()
    assert "The network's answer: 7" in texts(app)
    assert not [info.value for info in app.info if "things in the photo could be meant" in info.value]
    app.run()
    assert len(contents) == 1  # read once, however often the page is drawn
    app.file_uploader(key="picture").upload("blank.png", blank(), "image/png").run()
    app.run()
    assert "Nothing in this image looks like a digit" in " ".join(error.value for error in app.error)
    assert len(contents) == 2


def blank() -> bytes:
    buffer = io.BytesIO()
    Image.new("L", (60, 60), 240).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data", [None, "x", [None], [{"w": 1}], [{"w": "nan", "p": [1, 2]}], [{"w": 3, "p": ["a"]}], [{"w": 3, "p": []}]]
)
def test_a_browser_may_say_what_it_likes(data: Any) -> None:
    assert strokes(data) == ()
    assert strokes([{"w": 500, "p": [1e9, -1e9, 5]}]) == (Stroke(60, ((560, -280),)),)


def test_the_page_in_korean(open_page: Open, store: Store) -> None:
    app = open_page("inspect", lang="ko")
    run_with_weights(store, app.session_state["student"], answer=3)
    with_a_drawing(app)
    assert "신경망의 답: 3" in texts(app)


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
        assert [view.proto.options[place].content for place in view.proto.default] == ["Weights and activations"]
    app.selectbox(key="inspected").select_index(1 - choice.proto.default).run()
    assert app.selectbox(key="inspected").value != older  # a choice is kept against the address it came with
    assert app.query_params["run"] != [older]


def test_where_not_all_runs_answer_it_is_said_how_many_do(open_page: Open, store: Store) -> None:
    app = open_page("inspect")
    for _number in range(draw_panel.SHOWN):
        run_with_weights(store, app.session_state["student"], answer=3)
    with_a_drawing(app.run())
    assert "All my runs with these classes: probability" in texts(app)
    run_with_weights(store, app.session_state["student"], answer=3)
    assert "12 of my 13 runs with these classes, the newest first: probability" in texts(app.run())


def test_an_image_says_whether_the_run_was_trained_on_it(built_in: None, open_page: Open, store: Store) -> None:
    dataset = data.load_dataset("built-in")
    app = open_page("inspect")
    owner = app.session_state["student"]
    split = run_with_weights(store, owner, answer=3)
    unsplit = run_with_weights(store, owner, answer=3, train_size=60_000, validation_size=0)
    app.session_state["image_source"] = "sample"

    def sources() -> tuple[str, int, list[str]]:
        (choice,) = [control for control in app.segmented_control if control.key == "image_source"]
        traces = component(app, "chart_side_by_side")["figure"]["data"]
        rows = next(trace["text"] for trace in traces if trace["uid"] == "names")
        return choice.options[-1], int(app.number_input(key="sample_number").max), list(rows)

    app.query_params["run"] = unsplit
    app.run()
    word, most, rows = sources()
    assert (word, most) == ("Training image", 59_999)
    assert f"Its label: **{int(dataset.train_labels[0])}**" in texts(app)
    assert "it was trained on this one" in texts(app)
    assert all(
        row.endswith("· trained on this image") for row in rows
    )  # the other one, too: it is the first of the files
    app.selectbox(key="inspected").select(split).run()
    word, most, rows = sources()
    assert (word, most) == ("Validation image", 9_999)
    assert f"Its label: **{int(dataset.train_labels[50_000])}**" in texts(app)
    assert "it was trained on this one" not in texts(app)
    assert [row.endswith("· trained on this image") for row in rows] == [True, False]
