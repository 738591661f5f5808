"""What one browser session and the server share with the core: the store, the student, the theme.

The store's handle lives in this module, not in Streamlit's cache, which any browser may clear.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st

from mnist_core import settings
from mnist_core.store import Store, open_store
from mnist_core.store.limits import READER
from mnist_core.ui import embedding
from mnist_core.ui.texts import _
from mnist_core.web.cookie import COOKIE, NAME, name_in

_stores: dict[str, Store] = {}
_seen_by: ContextVar[str | None] = ContextVar("mnist_lab_student", default=None)
_lock = threading.Lock()


def store() -> Store:
    """The store of this installation, opened once a process. Raises StoreUnavailableError."""
    url = settings.store_url()
    with _lock:
        if url not in _stores:
            _stores[url] = open_store(url)
        return _stores[url]


def student() -> str:
    """Who sits before this browser: a random name kept in a cookie, so that a reload finds one's runs again.

    In a frame of another page everybody is the same reader, who owns nothing. No secret is guarded by it; it keeps students from seeing or stopping each other's runs by accident.
    """
    if (whoever := _seen_by.get()) is not None:
        return whoever
    if embedding.wanted():
        return READER
    if "student" not in st.session_state:
        cookie = name_in(st.context.headers.get_all("Cookie"))
        st.session_state.update(student=cookie or secrets.token_hex(16), student_known=cookie is not None)
    name: str = st.session_state["student"]
    return name


@contextmanager
def seen_by(student: str | None) -> Iterator[None]:
    """Let this be the student for a while, outside of any session, too; None: that of the session."""
    token = _seen_by.set(student)
    try:
        yield
    finally:
        _seen_by.reset(token)


# The browser's cookie is made whole where the server found none that is: of what the page sees, a whole one counts (another
# tab's, or one of a path that the server does not get), else the name of this session. What is damaged goes, on every path.
_REMEMBER = """
export default function ({ data, setTriggerValue }) {
  const keep = (value, path, seconds) => {
    document.cookie = `${data.cookie}=${value}; path=${path}; max-age=${seconds}; SameSite=Lax`;
  };
  const read = () => document.cookie.split("; ").filter((cookie) => cookie.startsWith(data.cookie + "="))
    .map((cookie) => cookie.slice(data.cookie.length + 1));
  const values = read();
  const whole = values.map((value) => value.replaceAll('"', "")).filter((value) => new RegExp(`^${data.form}$`).test(value));
  const name = data.become ?? (data.known && (whole.includes(data.student) || !whole.length) ? data.student : whole[0] ?? data.student);
  if (values.some((value) => value !== name)) {
    const parts = location.pathname.split("/").filter(Boolean);
    for (let count = 0; count <= parts.length; count += 1) {
      const path = "/" + parts.slice(0, count).join("/");
      keep("", path, 0);
      keep("", path + "/", 0);
    }
  }
  keep(name, "/", 31536000); // a year from now, at each visit
  if (data.become) location.replace(new URL(data.then, document.baseURI));
  if (!data.known && !read().includes(name)) setTriggerValue("refused", true);
}
"""


def become(student: str, then: str) -> None:
    """Let this browser be another student's, who opens the address `then` (relative to the app's start) at the next drawing."""
    st.session_state["become"] = student, then


def is_becoming() -> bool:
    """Whether the browser is about to be another student's: nothing needs to be drawn."""
    return "become" in st.session_state


def remember_student() -> None:
    """Leave the student's name in the browser; where it keeps none, say once what that means."""
    component = st.components.v2.component("mnist_lab_remember", js=_REMEMBER)
    data: dict[str, object] = {
        "cookie": COOKIE,
        "student": student(),
        "known": st.session_state["student_known"],
        "form": NAME,
    }
    if is_becoming():
        data["become"], data["then"] = st.session_state["become"]
    refused = component(key="remember_student", data=data, height=0, on_refused_change=_nothing).get("refused")
    if refused and not st.session_state.get("told_refused"):
        st.session_state["told_refused"] = True
        text = _(
            "Your browser does not keep cookies, so reloading the page empties your list of runs. Save the links of your runs."
        )
        st.toast(text, icon=":material/cookie_off:", duration="infinite")


def _nothing() -> None:
    """What the browser says is read where the component is drawn."""


def dark() -> bool:
    """Whether the browser shows the dark theme."""
    return st.context.theme.type == "dark"
