"""The Data page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import data
from mnist_core.config import RunConfig
from mnist_core.data import augment
from mnist_core.ideas.data.samples import ranking_panel
from mnist_core.networks import weights
from mnist_core.records import Curves, Progress, Report
from mnist_core.store import Store
from mnist_core.ui import data_note, seal
from tests.pages.conftest import Open
from tests.pages.content import components, texts


def test_where_mnist_lies_is_not_for_visitors(open_page: Open, real_digits: None, mnist: Path) -> None:
    app = open_page("data")
    assert app.title[0].value == "The images that networks learn from"
    assert "How to get MNIST" not in texts(app)
    assert str(mnist) not in texts(app)
    app.button(key="samples_shuffle").click().run()
    assert not app.exception


def test_without_any_data_says_that_digits_are_drawn(open_page: Open) -> None:
    app = open_page("data")
    assert "are being drawn" in app.info[0].value


def test_download_can_be_asked_for_and_its_failure_is_a_sentence(open_page: Open, store: Store) -> None:
    app = open_page("data")
    app.button(key="download").click().run()
    assert store.facts.get("download")["state"] == "wanted"
    assert app.button(key="download").label == "Downloading MNIST …"
    assert app.button(key="download").disabled
    assert app.button(key="download-kmnist").disabled  # one after the other
    assert data_note.interval() is not None  # the page looks by itself what becomes of it
    error = {"template": "No connection to {host}.", "values": {"host": "example.org"}}
    store.facts.set("download", {"state": "failed", "error": error})
    app.run()
    assert "No connection to example.org." in app.warning[0].value


def test_of_data_that_a_link_asks_for_and_are_not_here_it_is_said_before_a_run_fails(open_page: Open) -> None:
    app = open_page("train", dataset="fashion-mnist")
    assert "Data: **Fashion-MNIST**, which is not on this server yet" in texts(app)
    assert "not on this server" not in texts(open_page("train", dataset="mnist"))


@pytest.fixture
def mnist_page(open_page: Open, real_digits: None) -> Callable[[str], AppTest]:
    """Opens a view of the page on real MNIST."""
    return lambda view: open_page("data", view=view)


def test_samples_by_how_hard_they_are(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("samples")
    assert "200 of 60,000 training images" in texts(app)
    app.segmented_control(key="samples_order").set_value("hard").run()
    assert "100% of the images shown would be taken for another class, and 19.2%" in texts(app)
    app.slider(key="samples_hard").set_value(0).run()
    assert "0% of the images shown would be taken" in texts(app)


def test_classes(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("classes")
    assert "the most frequent class is **1** (11.4%)" in texts(app)
    assert "right for 11.3% of the test images" in texts(app)  # 1,135 of 10,000
    app.select_slider(key="classes_size").set_value(50).run()
    assert "Of 50 training images" in texts(app)
    for count in (1, 500):
        app.select_slider(key="classes_mean_count").set_value(count).run()
        assert not app.exception
    app.segmented_control(key="classes_other").set_value(4).run()
    assert "Distance between the two mean images: 0" in texts(app)


def test_an_image_as_numbers_in_four_scales(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("numbers")
    # The first training image of MNIST is a 5, its pixels from 0 to 255.
    assert "(**5**), raw 0–255: from 0 to 255, mean 35.1" in texts(app)
    app.segmented_control(key="pixel_values_scale").set_value("standardized").run()
    # (0 − 0.1307) / 0.3081 and (1 − 0.1307) / 0.3081
    assert "from -0.4242 to 2.821" in texts(app)
    app.segmented_control(key="pixel_values_scale").set_value("centered").run()
    assert "from -0.1307 to 0.8693" in texts(app)
    app.slider(key="pixel_values_image").set_value(2).run()
    assert "Image 2 (**0**)" in texts(app)
    app.segmented_control(key="pixel_values_shown").set_value("whole").run()
    app.segmented_control(key="pixel_values_flatten_side").set_value(2).run()
    assert "is number 2 · r + c" in texts(app)
    assert not app.exception


def test_rows_in_a_vector_are_counted(open_page: Open, built_in: None) -> None:
    app = open_page("data", view="numbers")
    app.segmented_control(key="pixel_values_flatten_side").set_value(2).run()
    (player,) = [message for message in components(app) if "statuses" in message]
    assert player["statuses"] == [
        "0 rows are in the vector: 0 of 4 values.",
        "1 row is in the vector: 2 of 4 values.",
        "2 rows are in the vector: 4 of 4 values.",
    ]


def test_scales_and_the_bowl_of_a_line(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("scales")
    assert "Condition number **54,7" in texts(app)
    app.segmented_control(key="pixel_scaling_scale").set_value("standardized").run()
    assert "Condition number **1**" in texts(app)
    assert "0.0% of the distance is left" in texts(app)
    app.slider(key="pixel_scaling_rate").set_value(1.1).run()
    assert "**Beyond the edge**, a learning rate of 2" in texts(app)
    for key, value in (("pixel_scaling_row", 5), ("pixel_scaling_column", 22), ("pixel_scaling_steps", 0)):
        app.slider(key=key).set_value(value).run()
        assert not app.exception


def test_three_heaps_and_a_leak(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("heaps")
    assert "An accuracy of 95% on 10,000 images is uncertain by ±0.43%" in texts(app)
    app.slider(key="data_split_cut").set_value((1_000, 60_000)).run()
    assert "Without validation images, only the test set is left to choose by." in texts(app)
    app.slider(key="data_split_cut").set_value((1_000, 59_000)).run()
    assert "on 1,000 images is uncertain by ±1.35%" in texts(app)
    app.slider(key="data_split_leak_share").set_value(100).run()
    assert "the measured test accuracy is **100.0%**. The accuracy on unseen images is **88.2%**" in texts(app)
    app.slider(key="data_split_leak_share").set_value(0).run()
    app.select_slider(key="data_split_leak_memory").set_value(100).run()
    assert "With 0% of the test images in memory, the measured test accuracy is **62.6%**" in texts(app)


def test_augmentation_asks_a_worker_once_and_chooses_at_once(
    mnist_page: Callable[[str], AppTest], store: Store
) -> None:
    app = mnist_page("augmentation")
    owner = app.session_state["student"]
    (analysis,) = store.analyses.newest(owner, "augmentation")
    assert analysis.parameters == {"dataset": "mnist", "seed": 0}
    arrays = {kind: np.zeros((10, 6, augment.DRAWS, 28, 28), np.uint8) for kind in augment.KINDS}
    store.analyses.claim(analysis.id)
    store.analyses.finish(analysis.id, {}, arrays | {"originals": np.zeros((10, 28, 28), np.uint8)})
    app.run()
    assert "Shift: at most 2 pixels" in texts(app)
    app.slider(key="augmentation_strength").set_value(5).run()
    app.segmented_control(key="augmentation_kind").set_value("all").run()
    assert "Rotation: at most 90°" in texts(app)
    assert len(store.analyses.newest(owner, "augmentation")) == 1
    app.button(key="augmentation_others").click().run()
    assert store.analyses.newest(owner, "augmentation")[0].parameters["seed"] == 1
    assert not app.exception


def test_projection(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("projection")
    assert "These components explain 17.3% of the variance." in texts(app)
    assert "Left: the image (5). Right: its reconstruction from 20 components instead of 784 numbers" in texts(app)
    app.slider(key="projection_first").set_value(2).run()
    assert "These components explain 7.4%" in texts(app)  # the same one twice
    app.session_state["projection_row"] = 999
    app.select_slider(key="projection_count").set_value(100).run()  # fewer than the image that was clicked
    app.select_slider(key="projection_numbers").set_value(300).run()
    assert "Left: the image (5). Right: its reconstruction from 300 components instead of 784 numbers" in texts(app)
    assert not app.exception


def test_every_view_shows_the_built_in_digits_and_does_not_call_them_mnist(built_in: None, open_page: Open) -> None:
    for view in ("samples", "classes", "numbers", "scales", "heaps", "augmentation", "projection"):
        app = open_page("data", view=view)
        assert not app.success
        assert "not MNIST" in texts(app)
    app = open_page("data", view="samples")
    app.segmented_control(key="samples_order").set_value("hard").run()
    assert "would be taken for another class" in texts(app)


# ---- samples in the order of one's own run ---------------------------------------------------------------------


def finished(store: Store, owner: str, validation_size: int = 1_000) -> str:
    """A run on the built-in digits that is over and has weights."""
    config = RunConfig(dataset="built-in", hidden_layers=(), train_size=2_000, validation_size=validation_size)
    run_id = store.runs.create(owner, config)
    store.queue.claim(run_id, "worker", 1)
    store.record_writer.publish([Report(run_id, Progress(40, config.total_steps), Curves(), checkpoint=True)])
    store.record_writer.finish(run_id, "completed", {})
    shapes = {"0.weight": (10, 784), "0.bias": (10,)}
    tensors = {name: np.zeros(shape, np.float32) for name, shape in shapes.items()}
    weights.keep(run_id, weights.Snapshot(40, tensors))
    return run_id


def finish_answers(store: Store, owner: str, part: str, shares: np.ndarray) -> None:
    """The student's waiting analysis, as a worker leaves it."""
    (analysis,) = [waiting for waiting in store.analyses.newest(owner, "answers") if waiting.active]
    assert analysis.parameters["split"] == part
    store.analyses.claim(analysis.id)
    store.analyses.finish(analysis.id, {"step": 40, "reached": 40}, {"probabilities": shares.astype(np.float16)})


def sure(labels: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Answers that give the right digit the probability `right`, and the next digit the rest."""
    rows = np.arange(len(labels))
    shares = np.zeros((len(labels), 10))
    shares[rows, labels], shares[rows, (labels + 1) % 10] = right, 1 - right
    return shares


def test_samples_in_the_order_of_ones_own_run(
    built_in: None, open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("data", view="samples")
    owner = app.session_state["student"]
    assert app.segmented_control(key="samples_order").options == ["random", "by difficulty"]
    app.segmented_control(key="samples_order").set_value("hard").run()
    assert "One of your own runs can rank them" in texts(app)
    finished(store, owner)
    app.run()
    assert "One of your own runs can rank them" not in texts(app)
    sheets: dict[str, Any] = {}
    sheet = ranking_panel.labeled_sheet

    def labeled_sheet(images: np.ndarray, **more: Any) -> str:
        sheets.update(more, images=images)
        return sheet(images, **more)

    monkeypatch.setattr(ranking_panel, "labeled_sheet", labeled_sheet)
    app.segmented_control(key="samples_order").set_value("run").run()
    whole = data.load_dataset("built-in")
    images, labels = whole.train_images[-1_000:], whole.train_labels[-1_000:]
    # 7919 and 1,009 have no common factor: every image another probability, in no order.
    right = (np.arange(1_000) * 7_919 % 1_009) / 1_009
    finish_answers(store, owner, "validation", sure(labels, right))
    app.run()
    hardest = [np.flatnonzero(labels == digit)[np.argsort(-right[labels == digit])][-20:] for digit in range(10)]
    assert np.array_equal(sheets["images"], images[np.concatenate(hardest)])
    last = hardest[0][-1]
    assert sheets["labels"][19] == f"1 · {100 * right[last]:.0f}"
    assert "The run is wrong on 100% of the images shown" in texts(app)
    wrong = (right < 0.5).mean()
    assert f"on {wrong:.1%} of all 1,000 validation images" in texts(app)
    app.slider(key="samples_rank_hard").set_value(0).run()
    easiest = [np.flatnonzero(labels == digit)[np.argsort(-right[labels == digit])][:20] for digit in range(10)]
    assert np.array_equal(sheets["images"], images[np.concatenate(easiest)])
    assert "The run is wrong on 0% of the images shown" in texts(app)
    assert len(store.analyses.newest(owner, "answers")) == 1
    assert not app.exception


def test_test_images_are_ranked_only_while_they_are_not_sealed(built_in: None, open_page: Open, store: Store) -> None:
    app = open_page("data", view="samples")
    owner = app.session_state["student"]
    run_id = finished(store, owner)
    app.run()
    app.segmented_control(key="samples_order").set_value("run").run()
    app.segmented_control(key="samples_rank_part").set_value("test").run()
    labels = data.load_dataset("built-in").test_labels
    answered_before = [analysis for analysis in store.analyses.newest(owner, "answers") if analysis.active]
    assert [analysis.parameters for analysis in answered_before] == [{"run": run_id, "split": "test"}]
    finish_answers(store, owner, "test", sure(labels, np.full(len(labels), 0.25)))
    app.run()
    assert "on 100.0% of all 10,000 test images" in texts(app)
    # Sealed: by the same run on validation images alone; a run that kept none ranks nothing.
    seal._keep(owner, {"sealed": True, "opened": 0})  # in another tab
    app.run()
    assert "test images" not in texts(app)
    assert store.analyses.newest(owner, "answers")[0].parameters == {"run": run_id, "split": "validation"}
    finished(store, owner, validation_size=0)
    app.run()
    assert len(app.selectbox(key="samples_rank_run").options) == 1
    store.retention.soft_delete([run_id], owner)
    app.run()
    assert app.segmented_control(key="samples_order").options == ["random", "by difficulty"]
    assert not app.exception
