"""Addresses that lead nowhere lead to the app: a link with something behind the page's name, or with dots that climb.

Streamlit answers every address with its page, whose scripts are looked for beside it: of `/train/x` below `/train`, where there are
none, so that the browser stays blank; addresses with `..` it refuses with two words.
"""

from __future__ import annotations

from mnist_core import settings
from mnist_core.web.asgi import App, Receive, Scope, Send, base_path, header, path_below_base

PAGES = frozenset(file.stem for file in (settings.APP / "pages").glob("*.py")) - {"home"}
# What Streamlit serves below these is no page.
_SERVED = ("_stcore", "media", "component", "static", "app")


class Redirect:
    """ASGI middleware in front of Streamlit: turns a browser that asks for such an address to the page that it begins with, else
    to the first."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let Streamlit answer."""
        target = _target(scope) if scope["type"] == "http" else None
        if target is None:
            await self._app(scope, receive, send)
            return
        headers = [(b"location", target), (b"content-length", b"0"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": 307, "headers": headers})
        await send({"type": "http.response.body", "body": b""})


def _target(scope: Scope) -> bytes | None:
    """Where the browser is sent; None where Streamlit's answer is as good."""
    if scope["method"] != "GET" or b"text/html" not in header(scope, b"accept"):
        return None
    base = base_path()
    parts = path_below_base(scope).replace("\\", "/").split("/")[1:]
    if not parts or parts[0] in _SERVED or (len(parts) == 1 and _plain(parts[0])):
        return None
    if parts[-1] == "" and len(parts) == 2 and _plain(parts[0]):
        return None  # Streamlit takes the slash away
    start = f"/{base}/" if base else "/"
    # Of the path only the name of a page goes into the answer.
    page = parts[0] if parts[0] in PAGES else ""
    query = scope.get("query_string", b"")
    return (start + page).encode() + (b"?" + query if query and page else b"")


def _plain(part: str) -> bool:
    return ".." not in part and part.isprintable()
