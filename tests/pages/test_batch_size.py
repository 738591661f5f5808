"""The page Batch size: every view and its main sliders."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.pages.conftest import Open
from tests.pages.test_train import texts


def test_updates_per_epoch_follow_the_sliders(open_page: Open) -> None:
    app = open_page("batch_size")
    assert "60,000 images / 128 = 468.75, rounded up: **469 updates per epoch**" in texts(app)
    assert "The last batch has only 96 images. In 5 epochs: **2,345 updates**." in texts(app)
    app.select_slider(key="updates_train_size").set_value(50_000).run()
    app.select_slider(key="updates_batch_size").set_value(10).run()
    assert "50,000 images / 10 = **5,000 updates per epoch**" in texts(app)
    app.select_slider(key="updates_epochs").set_value(1).run()
    assert "In 1 epoch: **5,000 updates**." in texts(app)
    app.select_slider(key="updates_batch_size").set_value(1).run()
    assert "50,000 images / 1 = **50,000 updates per epoch**" in texts(app)
    app.select_slider(key="updates_batch_size").set_value(50_000).run()
    assert "**1 update per epoch**" in texts(app)
    assert not app.exception


def test_fewer_images_than_the_batch_make_it_smaller(open_page: Open) -> None:
    app = open_page("batch_size")
    app.select_slider(key="updates_train_size").set_value(100).run()
    assert app.select_slider(key="updates_batch_size").value == 100
    assert "100 images / 100 = **1 update per epoch**" in texts(app)
    app.select_slider(key="updates_train_size").set_value(60_000).run()
    assert "= **600 updates per epoch**" in texts(app)
    assert not app.exception


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("0", "batch\\_size must be from 1 to 60,000, not 0"),
        ("70000", "batch\\_size must be from 1 to 60,000, not 70,000"),
        ("12.5", "batch\\_size cannot be '12.5'"),
        ("many", "batch\\_size cannot be 'many'"),
    ],
)
def test_a_typed_size_that_cannot_be_is_a_sentence(open_page: Open, typed: str, said: str) -> None:
    app = open_page("batch_size")
    app.text_input(key="updates_exact").input(typed).run()
    assert said in texts(app)
    assert "**469 updates per epoch**" in texts(app)  # nothing has changed
    app.text_input(key="updates_exact").input("96").run()
    assert "= **625 updates per epoch**" in texts(app)
    assert app.select_slider(key="updates_batch_size").value == 96
    assert not app.error


def test_a_typed_size_above_the_images_is_a_sentence(open_page: Open) -> None:
    app = open_page("batch_size")
    app.select_slider(key="updates_train_size").set_value(1_000).run()
    app.text_input(key="updates_exact").input("2000").run()
    assert "larger than train\\_size 1000: use at most 1000" in texts(app)


def test_gradient_noise_by_slider(open_page: Open, mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_DATA", str(mnist))
    app = open_page("batch_size", view="noise")
    assert "**Batch size 10.** Half of the batches point within **68°**" in texts(app)
    app.select_slider(key="noise_batch").set_value(1_000).run()
    assert "has no noise" in texts(app)
    app.select_slider(key="noise_batch").set_value(100).run()
    untrained = texts(app)
    app.segmented_control(key="noise_steps").set_value(300).run()
    assert "**Batch size 100.**" in texts(app)
    assert texts(app) != untrained
    said = texts(app)
    app.button(key="noise_next").click().run()
    assert texts(app) != said
    assert not app.exception


def test_gradient_noise_waits_for_the_images(open_page: Open) -> None:
    assert "are being drawn" in texts(open_page("batch_size", view="noise"))


def test_three_ways_down(open_page: Open) -> None:
    app = open_page("batch_size", view="paths")
    assert "full batch (32): loss **" in texts(app)
    assert "mini-batch (8): loss **" in texts(app)
    assert "(steps: 20, epochs: 20); mini-batch" in texts(app)
    app.slider(key="paths_steps").set_value(60).run()
    app.select_slider(key="paths_batch").set_value(16).run()
    assert "(steps: 60, epochs: 30); single" in texts(app)
    app.select_slider(key="paths_rate").set_value(1.0).run()
    assert "beyond the edge of the bowl, 0.67" in texts(app)
    app.segmented_control(key="paths_equal").set_value("points").run()
    app.select_slider(key="paths_rate").set_value(0.1).run()
    assert "(steps: 128, epochs: 4)." in texts(app)
    app.slider(key="paths_points").set_value(20).run()
    assert "(steps: 640, epochs: 20)." in texts(app)
    assert not app.exception


def test_three_ways_down_step_by_step_and_played(open_page: Open) -> None:
    app = open_page("batch_size", view="paths")
    app.button(key="paths_one").click().run()
    assert app.slider(key="paths_steps").value == 21
    app.button(key="paths_play").click().run()
    assert app.slider(key="paths_steps").value < 3
    app.button(key="paths_play").click().run()
    app.slider(key="paths_steps").set_value(60).run()
    app.button(key="paths_one").click().run()
    assert app.slider(key="paths_steps").value == 60
    assert not app.exception
