"""What one browser session and the server share with the core: the store, the student, the theme.

The store's handle lives in this module, not in Streamlit's cache, which any browser may clear.
"""

from __future__ import annotations

import os
import re
import secrets
import threading

import streamlit as st

from mnist_core import settings
from mnist_core.store import Store, open_store

COOKIE = "mnist_lab_student"
_stores: dict[str, Store] = {}
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

    No secret is guarded by it; it keeps students from seeing or stopping each other's runs by accident.
    """
    if "student" not in st.session_state:
        known = str(st.context.cookies.get(COOKIE, ""))
        st.session_state["student"] = known if re.fullmatch(r"[0-9a-f]{32}", known) else secrets.token_hex(16)
    name: str = st.session_state["student"]
    return name


_REMEMBER = """
export default function ({ data }) {
  if (!document.cookie.split("; ").some((c) => c.startsWith(data.name + "="))) {
    document.cookie = `${data.name}=${data.value}; path=/; max-age=31536000; SameSite=Lax`;
  }
}
"""


def remember_student() -> None:
    """Leave the student's name in the browser, where it has none yet. Draws nothing."""
    component = st.components.v2.component("mnist_lab_remember", js=_REMEMBER)
    component(key="remember_student", data={"name": COOKIE, "value": student()}, height=0)


def dark() -> bool:
    """Whether the browser shows the dark theme."""
    return st.context.theme.type == "dark"


def read_secrets() -> None:
    """Take settings from Streamlit's secrets into the environment, where the cluster finds them too."""
    wanted = [name for name in settings.FROM_SECRETS if name not in os.environ]
    if not wanted or not st.secrets.load_if_toml_exists():
        return
    for name in wanted:
        if named := st.secrets.get(name):
            os.environ[name] = str(named)
