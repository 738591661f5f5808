"""Widget messages of wrong types are one line in the log each; faults of ours keep their traceback."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from streamlit.proto.WidgetStates_pb2 import WidgetState, WidgetStates
from streamlit.testing.v1 import AppTest

from mnist_core.ui import widget_messages
from tests.pages.conftest import Open, open_page, store  # noqa: F401 - fixtures

LOGGERS = ("streamlit.error_util", "streamlit.components.v2.bidi_component.serialization", "mnist_lab")


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """What the server's log says."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    for name in LOGGERS:
        logging.getLogger(name).addHandler(handler)
    yield text
    for name in LOGGERS:
        logging.getLogger(name).removeHandler(handler)


def wrong(widget: str) -> list[WidgetState]:
    """Values of several types for a widget, most of which it does not take; what is no JSON last, since it stays."""
    states = [WidgetState(id=widget) for _kind in range(7)]
    states[0].bool_value = True
    states[1].double_value = float("nan")
    states[2].int_value = -(2**62)
    states[3].string_value = "![x](http://a.bc)"
    states[4].string_array_value.data.extend(["x", "y"])
    states[5].json_value = '{"clicked": {"trace": [], "point": "x"}}'
    states[6].json_value = "{"
    return states


def widgets(app: AppTest) -> dict[str, str]:
    """The id of one widget of each kind that a browser may say something about."""
    ids = {}
    for element in app._tree:
        widget = getattr(getattr(element, "proto", None), "id", "")
        if isinstance(widget, str) and widget.startswith("$$ID"):
            ids[element.type] = widget
    return ids


@pytest.mark.parametrize(("page", "kinds"), [("train", 8), ("learning_rate", 7), ("compare", 4)])
def test_a_wrong_value_is_one_line(open_page: Open, log: io.StringIO, page: str, kinds: int) -> None:  # noqa: F811
    ids = widgets(open_page(page))
    assert len(ids) >= kinds
    for widget in ids.values():
        app = open_page(page)  # a session keeps what it was sent
        for state in wrong(widget):
            app._run(WidgetStates(widgets=[state]))
    lines = log.getvalue()
    assert "A browser sent what a widget does not take: JSONDecodeError" in lines
    assert page == "compare" or "A browser sent what a widget does not take: TypeError" in lines
    assert "Traceback" not in lines


@pytest.mark.parametrize("fault", ["in a callback", "in a page", "in a function for Streamlit"])
def test_a_fault_of_ours_keeps_its_traceback(log: io.StringIO, fault: str) -> None:
    widget_messages.fold_in_logs()

    def script(fault: str) -> None:
        import logging

        import streamlit as st

        def broken(*_given: object) -> str:
            raise TypeError("a fault of ours")

        if fault == "in a callback":
            st.button("Press", on_click=broken)
        elif fault == "in a page":
            st.select_slider("Move", [1, 2, 3])
            try:
                broken()
            except TypeError:
                logging.getLogger("mnist_lab").exception("A page failed")
        else:
            st.selectbox("Choose", [1, 2], format_func=broken)

    app = AppTest.from_function(script, kwargs={"fault": fault}).run()
    if fault == "in a callback":
        app.button[0].click().run()
    assert "Traceback" in log.getvalue()
    assert "a fault of ours" in log.getvalue()
