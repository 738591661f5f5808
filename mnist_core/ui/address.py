"""The browser's address: what it asks for where somebody followed it, and what it says of what is shown.

An address is *followed* when a session begins, a link is opened, or the browser goes back or forward. Then it decides what is
shown; at all other times what is shown decides what the address says, and a browser that still tells an older one (its message
left before ours arrived) changes nothing. Pages say their parameters with `say` while they are drawn, the frame writes them in
one message at the end.

Streamlit writes by `history.pushState`. scripts/address.js makes `replaceState` of that, but for what is worth a place in the
history: another run, sweep or view. It also asks for the page once a connection that was lost is back.

What a student sets in a panel is said, too, where it is another value than the control begins with (`begins`, `keep`): a session
ends a minute after its browser is gone, a phone forgets a tab that sleeps, and the address is what is left.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from mnist_core.ui import address_text

EVERYWHERE = ("lang", "large", "predict")  # parameters that say nothing of what is shown
# Another value of these makes an entry in the browser's history.
ENTRIES = ("run", "group", "sweep", "test", "pair", "race", "view", "lesson", "step", "write", "board")
ON_ITS_WAY_SECONDS = 10.0  # for so long a browser may tell an address that has been written over
Parameters = dict[str, str]
T = TypeVar("T")
_followed: ContextVar[bool] = ContextVar("mnist_lab_followed", default=False)


@dataclass
class _WrittenAddress:
    parameters: Parameters
    until: float | None = None  # on the monotonic clock: no browser tells it any more; None: it is the one that counts


def begin() -> None:
    """At the head of a page: see whether the address was followed."""
    state, query = st.session_state, st.query_params.to_dict()
    context = get_script_run_ctx()
    page = context.page_script_hash if context is not None else ""
    has_parameters = any(name not in EVERYWHERE for name in query)
    if state.get("address_page") != page:
        state.update(address_page=page, address_written=[])
        is_followed = has_parameters
    elif context is not None and context.is_history_navigation:
        leave()
        is_followed = True
    else:
        is_followed = has_parameters and not _is_own(query)
    if is_followed:
        state["address_followed"] = True  # until a page has been drawn to its end with it
    state.update(address_says={}, address_unusable={})
    _followed.set(state.get("address_followed", False))


def leave() -> None:
    """Forget what the address has said: a link that led here is followed again, however soon. For callbacks of buttons that lead away."""
    st.session_state["address_written"] = []


def _is_own(query: Parameters) -> bool:
    written: list[_WrittenAddress] = st.session_state["address_written"]
    now = time.monotonic()
    return not written or any(
        query == address.parameters and (address.until is None or now < address.until) for address in written
    )


def followed() -> bool:
    """Whether the address decides what is shown, in this drawing of the page."""
    return _followed.get() and not in_fragment()


def in_fragment() -> bool:
    """Whether a fragment is drawn anew, alone."""
    context = get_script_run_ctx()
    return bool(context and context.fragment_ids_this_run)


def follow(key: str, name: str) -> str | None:
    """What the session shows under `key`: as parameter `name` asks where the address was followed. The address says it."""
    if followed() or key not in st.session_state:
        st.session_state[key] = st.query_params.get(name) or None
    value: str | None = st.session_state[key]
    say(**{name: value})
    return value


def widget_default(key: str, value: T) -> T | None:
    """Let the widget under `key`, which is drawn next, show `value`; returns what to give it as its default."""
    if key not in st.session_state:
        return value
    st.session_state[key] = value
    return None


def let(key: str, value: Any) -> None:
    """Let the widget under `key` show `value` when it is drawn next; for callbacks."""
    st.session_state.setdefault("address_lets", {})[key] = value


def begins(key: str, default: T, read: Callable[[str], T | None], parameter: str = "") -> T | None:
    """What to give the widget under `key`, which is drawn next, as its default: what the address says of it, else `default`.

    `parameter`: its name in the address, where that is not the key; the key is read all the same. `read`: the value that a text stands for; None where
    the widget cannot show it. None as for `widget_default`. A widget of which an address that was followed says nothing stays as it is.
    """
    lets = st.session_state.get("address_lets", {})
    if key in lets:
        wanted: T = lets.pop(key)
        return widget_default(key, wanted)
    value = asked(key, read, parameter)
    if value is None:
        return default
    return widget_default(key, value) if followed() else value


def asked(key: str, read: Callable[[str], T | None], parameter: str = "") -> T | None:
    """The value that the address asks for, as `begins` reads it; None where it says nothing, or nothing that can be shown."""
    name = parameter if parameter in st.query_params else key
    if (text := st.query_params.get(name)) is None:
        return None
    value = read(text)
    is_whole = not isinstance(value, list) or address_text.of(value) == text  # else some of several were left out
    can_use(name, value is not None and is_whole)
    return value


def can_use(name: str, can: bool) -> None:
    """Note whether what the address says of this parameter can be shown; the last word counts."""
    st.session_state.setdefault("address_unusable", {})[name] = not can


def begin_with_nothing_or(key: str, read: Callable[[str], Any]) -> None:
    """The same for a widget that is empty by default: with a default of its own it could not be made empty again."""
    if followed() or key not in st.session_state:
        value = asked(key, read)
        if value is not None:
            st.session_state[key] = value


def shows(key: str, default: T, read: Callable[[str], T | None], parameter: str = "") -> T:
    """What the widget under `key`, which is drawn further below, shows or will begin with."""
    value = asked(key, read, parameter)
    if key in st.session_state and (value is None or not followed()):
        shown: T = st.session_state[key]
        return shown
    return default if value is None else value


def keep(parameter: str, text: str | None) -> None:
    """Let the address say the value of a widget (None: the one that it begins with), at once in a fragment."""
    say(**{parameter: text})
    end_of_fragment()


def unused() -> list[str]:
    """At the end of a page: what else an address that was followed says, which nothing on the page has asked for."""
    said = st.session_state["address_says"]
    return [name for name in st.query_params if name not in (*said, *EVERYWHERE)] if followed() else []


def unusable() -> list[str]:
    """At the end of a page: the parameters of an address that was followed of which a control cannot show what it says."""
    noted: dict[str, bool] = st.session_state["address_unusable"]
    return [name for name in st.query_params if noted.get(name)] if followed() else []


def say(**parameters: str | None) -> None:
    """Let the address have these parameters; those that are None are left out."""
    st.session_state.setdefault("address_says", {}).update(parameters)


def share(**values: bool) -> None:
    """Tell the browser what holds for all of its tabs: where it changes in one of them, the others are drawn anew."""
    st.session_state.setdefault("address_shared", {}).update(values)


def end() -> None:
    """At the end of a page: write what was said, where the address says something else."""
    state = st.session_state
    # The script is not there before it has come with a page: the first address is its to write.
    ready = state.get("address_ready", False)
    parameters = _write(ready=ready)
    _watch_history(None if ready else urlencode(parameters))
    state["address_ready"] = True
    state["address_followed"] = False


def end_of_fragment() -> None:
    """At the end of a fragment that says parameters: the same, where it is drawn without the rest of the page."""
    if in_fragment():
        _write(ready=True)


def _write(*, ready: bool) -> Parameters:
    state, query = st.session_state, st.query_params.to_dict()
    parameters = {name: value for name, value in state["address_says"].items() if value is not None}
    # A link to the page that is shown asks the server alone: the browser's address is as it was before, whatever the query says.
    if ready and (query != parameters or state.get("address_followed")):
        st.query_params.from_dict(parameters)
    now = time.monotonic()
    written = [*state["address_written"], _WrittenAddress(query)]
    earlier = [address for address in written if address.parameters != parameters]
    for address in earlier:
        address.until = address.until or now + ON_ITS_WAY_SECONDS
    on_their_way = [address for address in earlier if address.until and now < address.until]
    state["address_written"] = [*on_their_way, _WrittenAddress(parameters)]
    return parameters


def _watch_history(first: str | None) -> None:
    component = st.components.v2.component("mnist_lab_address", js=_script())
    data = {"entries": ENTRIES, "first": first, "shared": st.session_state.get("address_shared", {})}
    component(key="address", data=data, height=0, on_back_change=lambda: None)


@lru_cache(maxsize=1)
def _script() -> str:
    # Sent with the page, not fetched like the other scripts: it is small, and wanted at once.
    return (Path(__file__).with_name("scripts") / "address.js").read_text(encoding="utf-8")
