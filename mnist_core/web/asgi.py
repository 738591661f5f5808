"""What the middleware of the server shares: the types of ASGI, what a request says, and a short answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import streamlit as st

Scope = MutableMapping[str, Any]
Event = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Event]]
Send = Callable[[Event], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]
Headers = list[tuple[bytes, bytes]]


def header(scope: Scope, name: bytes) -> bytes:
    """The request's first header of that name (in small letters); empty where there is none."""
    return next((value for key, value in scope["headers"] if key == name), b"")


def base_path() -> str:
    """The path below which the app is served, without slashes at its ends; empty at the root."""
    return str(st.get_option("server.baseUrlPath") or "").strip("/")


def path_below_base(scope: Scope) -> str:
    """The request's path from the app's start on: `/train`, wherever the app is served."""
    base, path = base_path(), str(scope["path"])
    return path.removeprefix(f"/{base}") if base else path


async def answer(scope: Scope, send: Send, status: int, sentence: str, headers: Headers | None = None) -> None:
    """Answer a request, or one for a WebSocket that was not accepted yet, by a status and a sentence as plain text."""
    body = sentence.encode()
    lines = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    if scope["type"] == "websocket" and "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": 1013, "reason": sentence})
        return
    kind = "websocket.http.response" if scope["type"] == "websocket" else "http.response"
    lines += [(b"cache-control", b"no-store"), *(headers or [])]
    await send({"type": f"{kind}.start", "status": status, "headers": lines})
    await send({"type": f"{kind}.body", "body": body})
