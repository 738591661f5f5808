"""The live chart as Streamlit sends it; what the browser makes of it is in tests/browser."""

from __future__ import annotations

import asyncio
import importlib
import json
import re
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.ui import chart
from mnist_core.web.kept_files import KeptFiles
from tests.web.exchanges import Server, request, send_to

SCRIPT = (chart._SCRIPTS / "chart.js").read_text(encoding="utf-8")


def page() -> None:
    import streamlit as st

    from mnist_core.ui.chart import live_chart, preload

    preload()
    figure = {"data": [{"type": "scatter", "x": [1], "y": [st.session_state.get("value", 2.0)]}], "layout": {}}
    live_chart(figure, key="loss", height=430, description="Loss after step 1", subject="run 1")


def components(app: AppTest) -> list[tuple[Any, dict[str, Any]]]:
    """Every component on the page with its data."""
    assert not app.exception
    protos = [element.proto for element in app.main if element.type == "bidi_component"]
    return [(proto, json.loads(proto.json)) for proto in protos]


def test_figure_description_and_size_travel_as_data() -> None:
    _preload, (proto, data) = components(AppTest.from_function(page).run())
    assert proto.component_name == "mnist_lab_chart"
    assert data["figure"]["data"][0]["y"] == [2.0]
    assert (data["key"], data["height"], data["subject"]) == ("loss", 430, "run 1")
    assert data["description"] == "Loss after step 1"


def test_preload_asks_for_the_same_script_and_draws_nothing() -> None:
    (_proto, early), (_chart, data) = components(AppTest.from_function(page).run())
    assert early == {"plotly": data["plotly"], "script": data["script"]}


def test_the_version_changes_with_the_figure_alone() -> None:
    app = AppTest.from_function(page).run()
    first = components(app)[1]
    again = components(app.run())[1]
    app.session_state["value"] = 1.5
    changed = components(app.run())[1]
    assert again[1]["version"] == first[1]["version"]
    assert changed[1]["version"] != first[1]["version"]
    # The same element throughout: the browser keeps its chart.
    assert first[0].id == again[0].id == changed[0].id


def test_scripts_are_named_not_sent() -> None:
    proto, data = components(AppTest.from_function(page).run())[1]
    assert len(proto.js_content) < 500
    assert re.fullmatch(r"component/[\w.]+/chart\.js\?v=[0-9a-f]{16}", data["script"])
    assert re.fullmatch(r"component/[\w.]+/plotly\.min\.js\?v=[0-9a-f]{16}", data["plotly"])
    assert (chart._PLOTLY / "plotly.min.js").stat().st_size > 1_000_000


def test_works_after_being_imported_again() -> None:
    importlib.reload(chart)
    assert len(components(AppTest.from_function(page).run())) == 2


def test_no_button_sends_a_chart_anywhere() -> None:
    """Plotly's script of 2026 has one; an address of its own to send to must not be left either."""
    plotly = (chart._PLOTLY / "plotly.min.js").read_text(encoding="utf-8")
    senders = set(re.findall(r'name:"(send\w+)"', plotly))
    removed = re.search(r"modeBarButtonsToRemove: \[(.*)\]", SCRIPT)
    assert removed is not None
    assert senders <= set(re.findall(r'"(\w+)"', removed[1]))
    assert 'plotlyServerURL: ""' in SCRIPT


def linked_page() -> None:
    import streamlit as st

    from mnist_core.ui.chart import live_chart

    def hide(names: frozenset[str]) -> None:
        st.session_state["hidden"] = names

    figure: dict[str, object] = {"data": [], "layout": {}}
    hidden = st.session_state.get("hidden", ())
    live_chart(figure, key="loss", height=430, description="Loss", linked="one", hidden=hidden, on_hidden=hide)


def test_the_browser_says_which_curves_are_hidden_and_hears_what_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    app = AppTest.from_function(linked_page).run()
    assert components(app)[0][1]["hidden"] == []
    heard: list[frozenset[str]] = []
    for said in (["b", "a", 3], "nonsense", None, ["x"] * 5_000):
        with monkeypatch.context() as patch:
            patch.setattr(chart.st, "session_state", {"loss": {"hidden": said}})
            chart._hear_hidden("loss", heard.append)
    assert heard == [{"a", "b"}, {"x"}]
    app.session_state["hidden"] = heard[0]
    assert components(app.run())[0][1]["hidden"] == ["a", "b"]
    assert components(AppTest.from_function(page).run())[1][1]["hidden"] is None  # this chart tells nobody


@pytest.mark.parametrize("attribute", ["testid", "key", "updates", "points", "drawnAt"])
def test_the_script_keeps_the_counters_that_browser_tests_read(attribute: str) -> None:
    assert f"dataset.{attribute} = " in SCRIPT


def test_the_addresses_of_scripts_are_kept_by_browsers_for_good() -> None:
    """They say what the file holds (web/kept_files.py)."""
    addresses = components(AppTest.from_function(page).run())[0][1]
    files = {"plotly": chart._PLOTLY / "plotly.min.js", "script": chart._SCRIPTS / "chart.js"}
    for name, file in files.items():
        path, _sign, query = addresses[name].partition("?")
        scope = request(f"/{path}", query=query.encode())
        body = file.read_bytes()
        answer = asyncio.run(send_to(KeptFiles(Server(body=body)), scope))
        assert answer.body == body
        assert b"immutable" in answer.headers[b"cache-control"]
