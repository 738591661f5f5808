"""Addresses that lead nowhere lead to the app; all others are Streamlit's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mnist_core.web.redirect import PAGES, Redirect

HTML = [(b"accept", b"text/html,application/xhtml+xml")]


def answer(path: str, *, query: bytes = b"", method: str = "GET", headers: Any = None, kind: str = "http") -> Any:
    """Where the browser is sent; None where Streamlit answers."""
    messages: list[dict[str, Any]] = []

    async def streamlit(_scope: Any, _receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    async def send(message: Any) -> None:
        messages.append(message)

    scope = {"type": kind, "path": path, "method": method, "query_string": query}
    asyncio.run(Redirect(streamlit)(scope | {"headers": HTML if headers is None else headers}, receive, send))
    if messages[0]["status"] == 200:
        return None
    assert messages[0]["status"] == 307
    return dict(messages[0]["headers"])[b"location"].decode()


@pytest.mark.parametrize(
    ("path", "target"),
    [
        ("/train/..%2f..", "/train"),  # as a server may leave it
        ("/train/../..", "/train"),
        ("/train/..", "/train"),
        ("/train/x", "/train"),
        ("/train/x/y/", "/train"),
        ("/train//", "/train"),
        ("/train/..\\..", "/train"),
        ("/..", "/"),
        ("/../..", "/"),
        ("/..\\..", "/"),
        ("//train", "/"),
        ("//evil.example/train", "/"),
        ("/evil.example/%2f%2fx", "/"),
        ("/home/x", "/"),
        ("/\x00", "/"),
        ("/nowhere/x", "/"),
        ("/a\r\nset-cookie: b/c", "/"),
    ],
)
def test_what_leads_nowhere_leads_to_the_app(path: str, target: str) -> None:
    assert answer(path) == target


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/train",
        "/train/",
        "/nowhere",
        "/favicon.ico",
        "/static/js/a.js",
        "/_stcore/health",
        "/media/a/b",
        "/component/a/b",
    ],
)
def test_all_else_is_answered_by_streamlit(path: str) -> None:
    assert answer(path) is None


def test_settings_in_the_address_are_kept_with_a_page() -> None:
    assert answer("/train/x", query=b"epochs=3") == "/train?epochs=3"
    assert answer("/nowhere/x", query=b"epochs=3") == "/"


def test_only_browsers_that_open_a_page_are_turned() -> None:
    assert answer("/train/x", headers=[(b"accept", b"*/*")]) is None
    assert answer("/train/x", headers=[]) is None
    assert answer("/train/x", method="PUT") is None
    assert answer("/train/x", kind="websocket") is None


def test_below_a_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnist_core.web.asgi.st.get_option", lambda _name: "/mnist/lab")
    assert answer("/mnist/lab/train/../..") == "/mnist/lab/train"
    assert answer("/mnist/lab/x/y") == "/mnist/lab/"
    assert answer("/mnist/lab/train") is None
    assert answer("/mnist/lab/_stcore/health") is None


def test_the_pages_are_those_of_the_navigation() -> None:
    assert {"train", "compare", "inspect", "data"} <= PAGES
    assert "home" not in PAGES
