"""What each answer tells the browser that it may do with it: run no script but the server's, tell nobody where it was, guess no types."""

from __future__ import annotations

import base64
import hashlib
import logging
import re
from functools import lru_cache
from pathlib import Path

import streamlit as st

from mnist_core import settings
from mnist_core.web.asgi import App, Event, Receive, Scope, Send

LOG = logging.getLogger("mnist_lab")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class SecurityHeaders:
    """ASGI middleware in front of all others."""

    def __init__(self, app: App) -> None:
        self._app = app
        self._headers = [
            (b"x-content-type-options", b"nosniff"),
            (b"referrer-policy", b"same-origin"),
            (b"content-security-policy", content_security_policy().encode()),
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with the headers more."""

        async def send_with_headers(event: Event) -> None:
            if event["type"] in ("http.response.start", "websocket.http.response.start"):
                event["headers"] = [*event.get("headers", []), *self._headers]
            await send(event)

        await self._app(scope, receive, send_with_headers)


def content_security_policy() -> str:
    """The policy that the pages need, and no more; `settings.frame_ancestors` says which other sites may show them in a frame."""
    ancestors, refused = settings.frame_ancestors()
    if refused:
        LOG.warning("MNIST_LAB_FRAME_ANCESTORS: no address of a site, left out: %s", " ".join(map(repr, refused)))
    rules = {
        "default-src": "'self'",
        # Components of the second kind (the pad, charts) are scripts that the page's own script makes: blob.
        "script-src": " ".join(["'self'", "blob:", *_inline_scripts()]),
        # Streamlit and Plotly write style elements.
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "media-src": "'self' data: blob:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(["'self'", *ancestors]),
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


@lru_cache(maxsize=1)
def _inline_scripts() -> list[str]:
    """The scripts that stand in Streamlit's page itself, by their hashes."""
    page = Path(st.__file__).with_name("static") / "index.html"
    try:
        scripts = _INLINE.findall(page.read_text(encoding="utf-8"))
    except OSError:
        return []
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    return [f"'sha256-{text}'" for text in hashes]
