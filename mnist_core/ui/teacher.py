"""The teacher's right in a browser: a link carries the class's secret once, and a cookie that no script can read keeps it.

The link leads to a route of our own, which sets the cookie and sends the browser on to the console, so that the secret is neither
in the address bar nor in the history. Whether it is the right one, the store says each time (`store.classes`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from mnist_core.web.asgi import base_path

PATH = "teacher"
COOKIE = "mnist_lab_teacher_"  # and the class's id
_COOKIE = re.compile(f"{COOKIE}([0-9a-f]{{10}})=([0-9a-f]{{32}})")
CLASSES = 20  # of one browser that are looked at
DAYS = 400  # that a browser keeps a cookie, at most


def routes() -> list[BaseRoute]:
    """The route, where the app stands, and at the root, where a proxy takes the base path away."""
    return [Route(f"/{path}", exchange) for path in dict.fromkeys((PATH, f"{base_path()}/{PATH}".strip("/")))]


def link(class_id: str, secret: str) -> str:
    """The address that makes a browser the teacher's, from the app's start on."""
    return f"{PATH}?class={class_id}&secret={secret}"


async def exchange(request: Request) -> Response:
    """Set the cookie, where the secret is the class's, and lead to the console."""
    class_id, secret = (request.query_params.get(name, "") for name in ("class", "secret"))
    # From here on relative: a proxy may have taken the base path away.
    response = RedirectResponse("classroom", 303, headers={"cache-control": "no-store"})
    is_one = _COOKIE.fullmatch(f"{COOKIE}{class_id}={secret}") is not None
    if is_one and await run_in_threadpool(_is_teacher, class_id, secret):
        response.headers["location"] = f"classroom?class={class_id}"
        response.set_cookie(
            COOKIE + class_id,
            secret,
            max_age=86_400 * DAYS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
    return response


def _is_teacher(class_id: str, secret: str) -> bool:
    from mnist_core.errors import StoreError
    from mnist_core.ui import session

    try:
        return session.store().classes.is_teacher(class_id, secret)
    except StoreError:
        return False  # the page that comes says what is wrong


def secrets() -> dict[str, str]:
    """Id of a class → what this browser has for its secret."""
    return secrets_in(st.context.headers.get_all("Cookie"))


def secrets_in(headers: Iterable[str]) -> dict[str, str]:
    """The same of a request with these headers of cookies."""
    cookies = (cookie.strip() for header in headers for cookie in header.split(";"))
    found = [(match[1], match[2]) for cookie in cookies if (match := _COOKIE.fullmatch(cookie))]
    return dict(found[:CLASSES])
