"""When the address decides what is shown, and when what is shown decides what the address says."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from streamlit.runtime.scriptrunner_utils.script_run_context import ScriptRunContext
from streamlit.testing.v1 import AppTest

from mnist_core.config import RunConfig
from mnist_core.errors import ConfigError
from mnist_core.store import Store
from mnist_core.ui import frame, session
from tests.pages.conftest import Open
from tests.pages.content import unescape
from tests.pages.inspected_runs import run_with_weights

STUDENT = "a" * 32
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


def test_back_brings_the_controls_of_a_panel_that_the_address_names(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_page("why", view="bowl")
    app.slider(key="bowl_steps").set_value(20).run()
    app.slider(key="bowl_start").set_value(-1.0).run()
    first = dict(app.query_params)
    app.slider(key="bowl_steps").set_value(30).run()
    app.slider(key="bowl_start").set_value(1.0).run()
    with going_back(monkeypatch):
        browser_tells(app, first)
        app.run()
    assert (app.slider(key="bowl_steps").value, app.slider(key="bowl_start").value) == (20, -1.0)
    assert dict(app.query_params) == first


def test_own_settings_that_are_no_others_than_the_first_come_back(open_page: Open) -> None:
    app = open_page("train", preset="")
    assert app.session_state["preset"] == ""
    told = dict(app.query_params)
    again = open_page("train", **told)
    assert again.session_state["draft"] == app.session_state["draft"]
    assert app.session_state["draft"] != open_page("train").session_state["draft"]


def test_who_predicts_first_and_the_plan_of_a_sweep_come_back(open_page: Open) -> None:
    app = open_page("learning_rate", preset="two-layer-net")
    app.toggle(key="predict_toggle").set_value(True).run()
    app.slider(key="rates_count").set_value(7).run()
    app.text_input(key="rates_lowest").set_value("0.002").run()
    again = open_page("learning_rate", **dict(app.query_params))
    assert again.toggle(key="predict_toggle").value
    assert again.slider(key="rates_count").value == 7
    assert again.text_input(key="rates_lowest").value == "0.002"
    assert dict(again.query_params) == dict(app.query_params)


def test_what_no_plan_of_a_sweep_can_be_is_left_out_or_said(open_page: Open) -> None:
    app = open_page("learning_rate", sweep_count="1e9", sweep_seeds="x", sweep_lowest="**no**", sweep_highest="9" * 99)
    plain = open_page("learning_rate")
    for key in ("rates_count", "rates_seeds"):
        assert app.slider(key=key).value == plain.slider(key=key).value
    assert app.text_input(key="rates_highest").value == plain.text_input(key="rates_highest").value
    assert app.text_input(key="rates_lowest").value == "**no**"
    assert len(app.error) == 1


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


def test_of_a_link_what_can_be_is_taken_and_the_rest_said(open_page: Open) -> None:
    for page in ("train", "learning_rate"):
        app = open_page(page, learning_rate="0.3", epochs="-4", hidden_layers="32", learning_rte="1", optimizer="bogus")
        draft = app.session_state["draft"]
        plain = RunConfig()
        assert (draft["learning_rate"], draft["hidden_layers"]) == (0.3, (32,))
        assert (draft["epochs"], draft["optimizer"]) == (plain.epochs, plain.optimizer)
        said = unescape(app.error[0].value)
        for part in (
            "Epochs must be from 1",
            "bogus",
            "There is no setting “learning_rte”. Did you mean learning_rate?",
        ):
            assert part in said
        assert len(app.error) == 1
        assert "Everything else was taken" in app.warning[0].value
        assert not app.run().error  # it is said once


@pytest.mark.parametrize("page", sorted(frame.page_names()))
def test_what_nothing_on_the_page_uses_is_said_for_a_moment(open_page: Open, page: str) -> None:
    settings = {"epochs": "3"} if page in ("train", "learning_rate") else {}
    app = open_page(page or "home", **settings, utterly="x", **{"<b>": "1"})
    assert [unescape(toast.value) for toast in app.toast] == ["The link says more than this page uses: utterly, <b>."]
    assert not app.run().toast
    told = dict(app.query_params)
    assert "utterly" not in told
    assert not open_page(page or "home", **told).toast


@pytest.mark.parametrize(
    ("page", "parameters", "left_out"),
    [
        ("why", {"view": "nonsense"}, "view"),
        ("why", {"view": "bowl", "bowl_rate": "fast"}, "bowl_rate"),
        ("two_inputs", {"rate": "99", "layers": "0"}, "rate"),
        ("batch_size", {"view": "1"}, "view"),
        ("learning_rate", {"view": "tset", "sweep_count": "1e9", "sweep_seeds": "2"}, "view, sweep_count"),
        ("loss_and_gradients", {"view": "nonsense"}, "view"),
    ],
)
def test_what_a_control_cannot_show_is_said_for_a_moment(
    open_page: Open, page: str, parameters: dict[str, str], left_out: str
) -> None:
    app = open_page(page, **parameters)
    assert [unescape(toast.value) for toast in app.toast] == [f"The link says what cannot be shown here: {left_out}."]
    assert not app.run().toast
    assert not open_page(page, **dict(app.query_params)).toast


def test_a_run_that_nobody_can_look_into_is_said(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "name_in", lambda _cookies: STUDENT)
    run_id = run_with_weights(store, STUDENT, answer=3)
    assert not open_page("inspect", run=run_id).toast
    assert "cannot be shown here: run" in open_page("inspect", run="0123456789").toast[0].value


def test_filters_by_columns_that_are_not_there_are_said(
    open_page: Open, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "name_in", lambda _cookies: STUDENT)
    store.runs.create(STUDENT, SMALL)
    assert not open_page("compare", filter_columns="run,state").toast
    assert "cannot be shown here: filter" in unescape(open_page("compare", filter_columns="run,no").toast[0].value)


def test_settings_that_do_not_go_together_cost_no_others(open_page: Open) -> None:
    app = open_page("train", batch_size="100000", learning_rate="0.3")
    assert app.session_state["draft"]["learning_rate"] == 0.3
    assert "is larger than the number of training images, 50,000" in app.error[0].value
    app = open_page("train", preset="", train_size="50", epochs="3")
    draft = app.session_state["draft"]
    assert (draft["train_size"], draft["batch_size"], draft["epochs"]) == (50, 50, 3)
    assert "Batch size" in app.error[0].value


@pytest.mark.parametrize(
    ("parameters", "fields"),
    [
        ({"train_size": "10", "batch_size": "100000"}, {"batch_size"}),
        ({"train_size": "10", "validation_size": "60000", "batch_size": "100000"}, {"validation_size", "batch_size"}),
        ({"train_size": "10", "validation_size": "many"}, {"validation_size", "batch_size"}),
    ],
)
def test_of_each_setting_the_link_is_told_once_and_of_what_it_asks_for(
    open_page: Open, monkeypatch: pytest.MonkeyPatch, parameters: dict[str, str], fields: set[str]
) -> None:
    shown: list[ConfigError] = []
    monkeypatch.setattr(frame, "show_error", shown.append)
    app = open_page("train", preset="", **parameters)
    (error,) = shown
    assert len(error.problems) == len(fields)
    assert {problem.field for problem in error.problems} == fields
    assert ("batch_size 100 " in str(error)) == ("batch_size" not in parameters)
    assert (app.session_state["draft"]["train_size"], app.session_state["draft"]["batch_size"]) == (10, 10)


def test_an_experiment_that_there_is_none_of_is_said(open_page: Open) -> None:
    app = open_page("train", preset="nope", epochs="3")
    assert "There is no experiment “nope”" in app.error[0].value
    assert app.session_state["draft"]["epochs"] == 3
    app = open_page("train", preset="two-layer-net", variant="nope")
    assert app.error
    assert not open_page("train", preset="").error
