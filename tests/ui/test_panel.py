"""The names of a panel's instance, and the values that its controls begin with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.errors import InitialValueError
from mnist_core.ideas.registry import IDEAS
from mnist_core.ui import address
from mnist_core.ui.panel import PAGE, Panel

OWN, OTHER = Panel("bowl"), Panel("bowl", "b1")


def test_names_on_its_own_page_and_elsewhere() -> None:
    assert (OWN.key("rate"), OWN.address("run")) == ("bowl_rate", "run")
    assert (OTHER.key("rate"), OTHER.address("run")) == ("b1-bowl_rate", "b1-run")
    assert (PAGE.key("stop"), Panel("", "b1").key("stop")) == ("stop", "b1-stop")
    with pytest.raises(ValueError, match="small letters and digits"):
        Panel("bowl", "b-1")


def _kept() -> None:
    import streamlit as st

    from mnist_core.ui.panel import Panel

    own, other = Panel("bowl"), Panel("bowl", "b1")
    own.session["row"], other.session["row"] = 1, 2
    other.session["column"] = 3
    del other.session["column"]
    st.json([own.session.get("row"), other.session.get("row"), list(other.session), len(own.session)])
    st.json(["row" in other.session, "column" in other.session, other.session.pop("row"), other.session.get("row")])


def test_each_keeps_its_own_in_the_session() -> None:
    app = AppTest.from_function(_kept).run()
    assert not app.exception
    assert app.session_state["bowl_row"] == 1
    assert [element.value for element in app.json] == ['[1, 2, ["row"], 1]', "[true, false, 2, null]"]


def _controls() -> None:
    import streamlit as st

    from mnist_core.ui.panel import Panel

    initial = {
        "n": 3,
        "share": 1,
        "ends": [2, 4],
        "stop": 10,
        "word": "b",
        "on": True,
        "count": 7,
        "one": 1,
        "some": [2],
    }
    for panel in (Panel("usual"), Panel("given", "x", initial)):
        values = [
            panel.slider("n", "n", 0, 5, 1),
            panel.slider("share", "share", 0.0, 2.0, 0.5),
            panel.slider("ends", "ends", 0, 9, (1, 8)),
            panel.select_slider("stop", "stop", (1, 10, 100), 1),
            panel.selectbox("word", "word", ["a", "b"]),
            panel.toggle("on", "on"),
            panel.number_input("count", "count", 0, 9, 4),
            panel.one_of("one", "one", {0: "no", 1: "yes"}, 0),
            panel.pills("some", "some", (1, 2), (1, 2)),
        ]
        st.text(repr(values))


def test_controls_begin_as_they_are_told() -> None:
    app = AppTest.from_function(_controls).run()
    assert not app.exception
    assert [element.value for element in app.text] == [
        "[1, 0.5, (1, 8), 1, 'a', False, 4, 0, [1, 2]]",
        "[3, 1.0, (2, 4), 10, 'b', True, 7, 1, [2]]",
    ]
    assert {slider.key for slider in app.slider} == {
        *("usual_n", "usual_share", "usual_ends"),
        *("x-given_n", "x-given_share", "x-given_ends"),
    }


@pytest.mark.parametrize(
    ("value", "begin", "sentence"),
    [
        (6, lambda panel: panel.initial_number("n", 1, 0, 5), "expected a number from 0 to 5"),
        (0.5, lambda panel: panel.initial_number("n", 1, 0, 5), "expected a number"),
        ("3", lambda panel: panel.initial_number("n", 1, 0, 5), "“n” cannot begin with 3"),
        (True, lambda panel: panel.initial_number("n", 1, 0, 5), "expected a number"),
        (float("nan"), lambda panel: panel.initial_number("n", 1, 0, 5), "expected a number"),
        (float("inf"), lambda panel: panel.initial_number("n", 1.0, 0, 5), "expected a number"),
        ([1, 2], lambda panel: panel.initial_number("n", 1, 0, 5), "expected a number"),
        (3, lambda panel: panel.initial_number("n", (1, 2), 0, 5), "expected a number"),
        (3, lambda panel: panel.initial_choice("n", 1, (1, 2)), "expected one of 1, 2"),
        (1, lambda panel: panel.initial_choice("n", False, (False, True)), "expected one of False, True"),
        ([1, 9], lambda panel: panel.initial_choices("n", (1,), (1, 2)), "“n” cannot begin with 9"),
        (0, lambda panel: panel.initial_choice("n", 1, range(1, 99)), "1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 …"),
    ],
)
def test_what_a_control_cannot_show_is_a_sentence(value: Any, begin: Callable[[Panel], Any], sentence: str) -> None:
    with pytest.raises(InitialValueError, match=sentence):
        begin(Panel("x", initial={"n": value}))


def test_an_idea_alone_on_its_page_has_plain_names_in_the_address_and_none_of_the_frame() -> None:
    alone = [idea for idea in IDEAS.values() if idea.is_alone]
    assert [idea.name for idea in alone] == ["plane"]
    for idea in alone:
        assert not {*idea.controls.split()} & {*address.EVERYWHERE, *address.ENTRIES}
    assert IDEAS["plane"].panel().parameter("rate") == "rate"
    assert IDEAS["plane"].panel("b1").parameter("rate") == "b1-plane_rate"
    assert IDEAS["bowl"].panel().parameter("rate") == "bowl_rate"
