"""The Data page."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.store import Store

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
