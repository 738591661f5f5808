"""What the Train page shows before the first run."""

from __future__ import annotations

import re

import pytest

from mnist_core.store import Store
from tests.pages.conftest import Open
from tests.pages.content import component, texts


def words(html: str) -> str:
    return re.sub(r"<style>.*?</style>|<[^>]+>", " ", html, flags=re.DOTALL)


def test_before_the_first_run_it_shows_what_is_about_to_happen(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net", epochs="20")
    assert "Press **Run**, and this happens" in texts(app)
    preview = words(component(app, "preview_drawing")["html"])
    for figure in (
        "10,000 training images",
        "10,000 validation images",
        "10,000 test images",
        "100 images make one step",
    ):
        assert figure in preview
    assert "100 steps per epoch × 20 = 2,000 steps" in preview
    assert "all 39,760 weights and biases" in preview
    assert "begin near 2.3, the loss of a guess" in preview


def test_it_follows_the_controls(open_page: Open) -> None:
    app = open_page("train", train_size="1000", validation_size="0", batch_size="500", epochs="40")
    preview = words(component(app, "preview_drawing")["html"])
    assert "2 steps per epoch × 40 = 80 steps" in preview
    assert "validation images" not in preview
    assert "validation turns up" not in preview
    assert "only a validation set would show whether it overfits" in preview
    assert "…" in preview  # not a block for each of forty epochs


@pytest.mark.parametrize("batch", ["1", "6000", "60000"])
def test_steps_are_drawn_as_stripes_of_whole_pixels_or_wider(open_page: Open, batch: str) -> None:
    app = open_page("train", train_size="60000", validation_size="0", batch_size=batch)
    (width,) = re.findall(r"repeating-linear-gradient\([^;]*?max\((\w+),", component(app, "preview_drawing")["html"])
    assert re.fullmatch(r"[4-9]px", width)


def test_one_is_one(open_page: Open) -> None:
    app = open_page("train", train_size="100", validation_size="1", batch_size="100", epochs="2")
    preview = words(component(app, "preview_drawing")["html"])
    assert "1 step per epoch × 2 = 2 steps" in preview
    assert "1 validation image: to choose settings" in preview
    preview = words(component(open_page("train", train_size="100", batch_size="1"), "preview_drawing")["html"])
    assert "1 image makes one step" in preview


def test_of_test_images_it_says_what_becomes_of_them(open_page: Open, store: Store) -> None:
    app = open_page("train")
    assert "10,000 test images: never trained on, only measured" in words(component(app, "preview_drawing")["html"])
    app = open_page("compare")
    app.button(key="seal").click().run()
    app.switch_page("pages/train.py").run()
    assert "10,000 test images: never trained on, and sealed" in words(component(app, "preview_drawing")["html"])


def test_it_goes_when_the_first_run_begins(open_page: Open) -> None:
    app = open_page("train")
    app.button(key="run").click().run()
    assert not app.exception
    assert "and this happens" not in texts(app)


def test_it_speaks_korean(open_page: Open) -> None:
    app = open_page("train", lang="ko")
    assert "훈련 이미지 60,000장" in words(component(app, "preview_drawing")["html"])
