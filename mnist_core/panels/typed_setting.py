"""A field in which the exact value of a setting is typed; it is empty again once the value was taken."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import streamlit as st

from mnist_core.config import parse_field
from mnist_core.errors import ConfigError
from mnist_core.ui import names
from mnist_core.ui.choice import typed


def field(
    key: str, label: str, name: str, current: float, take: Callable[[Any], None], help_text: str
) -> ConfigError | None:
    """The field for the setting `name`; returns what is wrong with what stands in it.

    `take` is a callback: it gets the value, and raises ConfigError where that cannot be.
    """

    def changed() -> None:
        text = typed(st.session_state.get(key)).strip()  # not there where settings were taken meanwhile
        st.session_state.pop(_problem(key), None)
        if not text:
            return
        try:
            take(parse_field(name, text))
        except ConfigError as error:
            st.session_state[_problem(key)] = error
        else:
            st.session_state[key] = ""

    text = st.text_input(label, key=key, placeholder=names.number(current), on_change=changed, help=help_text)
    problem: ConfigError | None = st.session_state.get(_problem(key))
    return problem if text else None


def forget(key: str) -> None:
    """Empty the field, since what it is about was set otherwise; before it is drawn, or in a callback."""
    st.session_state[key] = ""
    st.session_state.pop(_problem(key), None)


def _problem(key: str) -> str:
    return f"{key}_problem"
