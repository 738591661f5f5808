"""The Inspect page without a browser: images that are disturbed."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mnist_core.data import own_images
from mnist_core.inspect_page import robustness_panel
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import texts
from tests.pages.inspected_runs import CONFIG, run_with_weights


def test_disturb(built_in: None, open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    sheets: list[list[str]] = []
    draw = robustness_panel.labeled_sheet

    def recorded(*images: Any, labels: list[str], **more: Any) -> str:
        sheets.append(labels)
        return draw(*images, labels=labels, **more)

    monkeypatch.setattr(robustness_panel, "labeled_sheet", recorded)
    app = open_page("inspect")
    owner = app.session_state["student"]
    run_id = run_with_weights(store, owner, answer=3)
    analysis_id = store.analyses.create(owner, "robustness", {"runs": [run_id], "perturbation": "noise"})
    store.analyses.claim(analysis_id)
    arrays = {
        "accuracy": np.array([[0.9, 0.5, 0.25]], np.float32),
        "examples": np.zeros((3, 8, 28, 28), np.uint8),
        "answers": np.full((3, 8), 3, np.uint8),
        "labels": np.arange(8, dtype=np.uint8),
    }
    values = {"strengths": [0, 0.1, 0.2], "images": [100], "splits": ["train"], "steps": [40], "reached": [40]}
    store.analyses.finish(analysis_id, values, arrays)
    app.query_params["view"] = "disturb"
    app.run()
    assert "Accuracy at this strength on 100 training images" in texts(app)
    assert "25.00%" in texts(app)
    app.select_slider(key="strength_noise").set_value(0.1).run()
    assert "50.00%" in texts(app)
    assert sheets[-1] == ["0 ? 3", "1 ? 3", "2 ? 3", "✓", "4 ? 3", "5 ? 3", "6 ? 3", "7 ? 3"]  # in any language
    assert "✓: still classified correctly" in texts(app)


def test_disturbed_runs_are_asked_again_where_any_of_them_has_gone_on(
    built_in: None, open_page: Open, store: Store
) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    other, first = (run_with_weights(store, owner, answer=3) for _number in range(2))
    for run_id in (first, other):
        store.record_writer.finish(run_id, "completed", {})
    parameters = {"runs": [first, other], "perturbation": "noise"}
    analysis_id = store.analyses.create(owner, "robustness", parameters)
    store.analyses.claim(analysis_id)
    arrays = {
        "accuracy": np.array([[0.9], [np.nan]], np.float32).repeat(3, 1),
        "examples": np.zeros((3, 5, 28, 28), np.uint8),
        "answers": np.full((3, 5), 3, np.uint8),
        "labels": np.arange(5, dtype=np.uint8),
    }
    values = {"strengths": [0, 0.1, 0.2], "images": [5, 0], "splits": ["validation", ""], "steps": [30, None]}
    store.analyses.finish(analysis_id, values | {"reached": [40, 40]}, arrays)
    app.query_params["view"] = "disturb"
    app.session_state["disturbed_others"] = [other]
    app.run()
    assert "Accuracy at this strength on 5 validation images" in texts(app)
    assert "90.00% (after step 30, the last output that was not NaN)" in texts(app).replace("\\", "")
    assert ": no usable weights" in texts(app)
    assert len(store.analyses.newest(owner, "robustness")) == 1
    store.record_writer.publish([Report(other, Progress(60, CONFIG.total_steps), Curves(), checkpoint=True)])
    app.run()
    assert len(store.analyses.newest(owner, "robustness")) == 2
    assert store.analyses.newest(owner, "robustness")[0].active


@pytest.mark.parametrize(
    ("view", "words"),
    [
        ("disturb", "cup ? fork: an image of “cup” that the run takes for “fork”."),
        ("draw", "Draw something of one of the classes"),
        ("inside", "Pixels that are 0 in every training image"),
        ("course", ""),
    ],
)
def test_of_ones_own_images_nothing_is_said_of_digits(
    view: str, words: str, built_in: None, open_page: Open, store: Store
) -> None:
    app = open_page("inspect")
    owner = app.session_state["student"]
    made = {name: list(np.zeros((5, 28, 28), np.uint8)) for name in ("cup", "fork", "spoon")}
    images = store.own_images.create(owner, "Kitchen", list(made), own_images.pack(made))
    sizes = {"train_size": 9, "validation_size": 3, "batch_size": 3}
    run_id = run_with_weights(store, owner, answer=1, dataset=images.name, classes=3, **sizes)
    analysis_id = store.analyses.create(owner, "robustness", {"runs": [run_id], "perturbation": "noise"})
    store.analyses.claim(analysis_id)
    arrays = {
        "accuracy": np.full((1, 3), 0.5, np.float32),
        "examples": np.zeros((3, 3, 28, 28), np.uint8),
        "answers": np.ones((3, 3), np.uint8),
        "labels": np.arange(3, dtype=np.uint8),
    }
    values = {"strengths": [0, 0.1, 0.2], "images": [3], "splits": ["validation"], "steps": [40], "reached": [40]}
    store.analyses.finish(analysis_id, values, arrays)
    app.query_params["view"] = view
    app.run()
    said = texts(app)
    assert not app.exception
    assert words in said
    assert "digit" not in said.replace("built-in digits", "")
