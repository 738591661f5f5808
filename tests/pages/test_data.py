"""The Data page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core import data
from mnist_core.store import Store
from tests.pages.test_train import texts

Open = Callable[..., AppTest]


def test_shows_where_mnist_is(open_page: Open, mnist: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MNIST_LAB_DATA", str(mnist))
    app = open_page("data")
    assert app.title[0].value == "The digits that the networks learn"
    assert "MNIST is here" in app.success[0].value
    app.button(key="shuffle").click().run()
    assert not app.exception


def test_without_any_data_says_that_digits_are_drawn(open_page: Open) -> None:
    app = open_page("data")
    assert "are being drawn" in app.info[0].value


def test_download_can_be_asked_for_and_its_failure_is_a_sentence(open_page: Open, store: Store) -> None:
    app = open_page("data")
    app.button(key="download").click().run()
    assert store.fact("download")["state"] == "wanted"
    error = {"template": "No connection to {host}.", "values": {"host": "example.org"}}
    store.set_fact("download", {"state": "failed", "error": error})
    app.run()
    assert "No connection to example.org." in app.warning[0].value


@pytest.fixture
def mnist_page(open_page: Open, mnist: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], AppTest]:
    """Opens a view of the page on real MNIST."""
    monkeypatch.setenv("MNIST_LAB_DATA", str(mnist))
    return lambda view: open_page("data", view=view)


def test_samples_by_how_hard_they_are(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("samples")
    assert "200 of 60,000 training images" in texts(app)
    app.segmented_control(key="sample_order").set_value("hard").run()
    assert "100% would be taken for another digit by that; of all training images 19.2%" in texts(app)
    app.slider(key="sample_hard").set_value(0).run()
    assert "0% would be taken" in texts(app)


def test_classes(mnist_page: Callable[[str], AppTest]) -> None:
    app = mnist_page("classes")
    assert "the most frequent digit is **1** with 11.4%" in texts(app)
    assert "right for 11.3% of the test images" in texts(app)  # 1,135 of 10,000
    app.select_slider(key="balance_size").set_value(50).run()
    assert "Of 50 training images" in texts(app)
    for count in (1, 500):
        app.select_slider(key="mean_count").set_value(count).run()
        assert not app.exception
    app.segmented_control(key="mean_other").set_value(4).run()
    assert "are 0 apart" in texts(app)


def test_built_in_digits_are_not_called_mnist(open_page: Open) -> None:
    data.ensure_built_in()
    app = open_page("data", view="classes")
    assert "the most frequent digit is" in texts(app)
    assert "not MNIST" in texts(app)
    assert not app.success
