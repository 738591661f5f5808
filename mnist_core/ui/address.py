"""The browser's address: what it asks for where somebody followed it, and what it says of what is shown.

An address is *followed* when a session begins, a link is opened, or the browser goes back or forward. Then it decides what is
shown; at all other times what is shown decides what the address says, and a browser that still tells an older one (its message
left before ours arrived) changes nothing. Pages say their parameters with `say` while they are drawn, the frame writes them in
one message at the end.

Streamlit writes by `history.pushState`. scripts/address.js makes `replaceState` of that, but for what is worth a place in the
history: another run, sweep or view.
"""

from __future__ import annotations

import time
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

EVERYWHERE = ("lang", "large")  # parameters that say nothing of what is shown
# Another value of these makes an entry in the browser's history.
ENTRIES = ("run", "group", "sweep", "test", "pair", "race", "view")
ON_ITS_WAY_SECONDS = 10.0  # for so long a browser may tell an address that has been written over
Parameters = dict[str, str]
T = TypeVar("T")
_followed: ContextVar[bool] = ContextVar("mnist_lab_followed", default=False)


@dataclass
class _Written:
    parameters: Parameters
    until: float | None = None  # on the monotonic clock: no browser tells it any more; None: it is the one that counts


def begin() -> None:
    """At the head of a page: see whether the address was followed."""
    state, told = st.session_state, st.query_params.to_dict()
    drawing = get_script_run_ctx()
    page = drawing.page_script_hash if drawing is not None else ""
    asks = any(name not in EVERYWHERE for name in told)
    if state.get("address_page") != page:
        state.update(address_page=page, address_written=[])
        came = asks
    else:
        came = (asks and not _is_ours(told)) or bool(drawing and drawing.is_history_navigation)
    if came:
        state["address_followed"] = True  # until a page has been drawn to its end with it
    state["address_says"] = {}
    _followed.set(state.get("address_followed", False))


def _is_ours(told: Parameters) -> bool:
    written: list[_Written] = st.session_state["address_written"]
    now = time.monotonic()
    return not written or any(told == one.parameters and (one.until is None or now < one.until) for one in written)


def followed() -> bool:
    """Whether the address decides what is shown, in this drawing of the page."""
    return _followed.get()


def follow(key: str, name: str) -> str | None:
    """What the session shows under `key`: as parameter `name` asks where the address was followed. The address says it."""
    if followed() or key not in st.session_state:
        st.session_state[key] = st.query_params.get(name) or None
    shown: str | None = st.session_state[key]
    say(**{name: shown})
    return shown


def put(key: str, value: T) -> T | None:
    """Let the widget under `key`, which is drawn next, show `value`; returns what to give it as its default."""
    if key not in st.session_state:
        return value
    st.session_state[key] = value
    return None


def say(**parameters: str | None) -> None:
    """Let the address have these parameters; those that are None are left out."""
    st.session_state.setdefault("address_says", {}).update(parameters)


def end() -> None:
    """At the end of a page: write what was said, where the address says something else."""
    state, told = st.session_state, st.query_params.to_dict()
    wanted = {name: value for name, value in state["address_says"].items() if value is not None}
    ready = state.get("address_ready", False)
    if ready and told != wanted:
        st.query_params.from_dict(wanted)
    # The script is not there before it has come with a page: the first address is its to write.
    _watch_history(None if ready else urlencode(wanted))
    state["address_ready"] = True
    now = time.monotonic()
    earlier = [one for one in (*state["address_written"], _Written(told)) if one.parameters != wanted]
    for one in earlier:
        one.until = one.until or now + ON_ITS_WAY_SECONDS
    state["address_written"] = [*(one for one in earlier if one.until and now < one.until), _Written(wanted)]
    state["address_followed"] = False


def _watch_history(first: str | None) -> None:
    component = st.components.v2.component("mnist_lab_address", js=_script())
    component(key="address", data={"entries": ENTRIES, "first": first}, height=0)


@lru_cache(maxsize=1)
def _script() -> str:
    # Sent with the page, not fetched like the other scripts: it is small, and wanted at once.
    return (Path(__file__).with_name("scripts") / "address.js").read_text(encoding="utf-8")
