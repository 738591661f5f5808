"""When the address decides what is shown, and when what is shown decides what the address says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from mnist_core.config import RunConfig
from mnist_core.store import Store
from tests.pages.conftest import Open

SMALL = RunConfig(dataset="built-in", hidden_layers=(8,), train_size=1_000, epochs=1)


def browser_tells(app: AppTest, query: dict[str, str]) -> None:
    """The next message of the browser has this address in it."""
    app.query_params.clear()
    for name, value in query.items():
        app.query_params[name] = value


@contextmanager
def going_back(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The next message is the browser's Back or Forward."""
    with monkeypatch.context() as patch:
        patch.setattr(
            ScriptRunContext, "is_history_navigation", property(lambda _: True, lambda *_: None), raising=False
        )
        yield


def test_an_address_that_is_on_its_way_takes_no_slider_back(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net")
    before = dict(app.query_params)
    app.select_slider(key="c_learning_rate").set_value(0.1).run()
    assert app.query_params["learning_rate"] == "0.1"
    browser_tells(app, before)  # it has not heard of that yet
    app.select_slider(key="c_epochs").set_value(20).run()
    assert app.select_slider(key="c_learning_rate").value == 0.1
    assert (app.query_params["learning_rate"], app.query_params["epochs"]) == ("0.1", "20")


def test_back_brings_the_controls_and_the_run_that_the_address_names(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("train", preset="two-layer-net")
    app.button(key="run").click().run()
    first = dict(app.query_params)
    app.select_slider(key="c_learning_rate").set_value(0.1).run()
    app.button(key="run").click().run()
    second = dict(app.query_params)
    assert first["run"] != second["run"]
    with going_back(monkeypatch):
        browser_tells(app, first)
        app.run()
    assert app.select_slider(key="c_learning_rate").value == 0.5
    assert app.session_state["shown_run"] == first["run"]
    assert dict(app.query_params) == first
    with going_back(monkeypatch):
        browser_tells(app, second)
        app.run()
    assert app.select_slider(key="c_learning_rate").value == 0.1
    assert app.session_state["shown_run"] == second["run"]


def test_a_link_within_the_page_is_followed_at_once(open_page: Open) -> None:
    app = open_page("train", preset="two-layer-net")
    app.select_slider(key="c_learning_rate").set_value(0.1).run()
    browser_tells(app, {"preset": "lenet"})
    app.run()
    assert app.session_state["preset"] == "lenet"


def test_an_address_without_a_run_shows_none(open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("train", preset="two-layer-net")
    before = dict(app.query_params)
    app.button(key="run").click().run()
    assert app.session_state["shown_run"]
    with going_back(monkeypatch):
        browser_tells(app, before)
        app.run()
    assert app.session_state["shown_run"] is None
    assert "run" not in app.query_params


def test_the_table_of_compare_follows_the_address(open_page: Open, store: Store) -> None:
    app = open_page("compare")
    me = app.session_state["student"]
    ids = [store.runs.create(me, SMALL.replace(seed=seed)) for seed in range(4)]
    app.run()
    browser_tells(app, {"runs": f"{ids[0]},{ids[1]}"})
    app.run()
    assert set(app.session_state["compared"]) == set(ids[:2])


def test_language_and_large_type_follow_no_address(open_page: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    app = open_page("train", preset="two-layer-net")
    before = dict(app.query_params)
    app.toggle(key="large_choice").set_value(True).run()
    assert app.query_params["large"] == "1"
    with going_back(monkeypatch):
        browser_tells(app, before)
        app.run()
    assert app.toggle(key="large_choice").value
    assert app.query_params["large"] == "1"
