"""Scripts and style sheets whose address says their content: compressed once for all browsers, and kept by each for good.

That is Plotly's script (4.7 MB, compressed 1.5), our own, and Streamlit's (5 MB for a first visit, sent plain by itself, since a
compression at each request would cost more than the network). Ours have their content's hash in the address
(`component/<name>/<file>?v=<hash>`), which is checked before an answer may be kept: an address of another version is answered
by Streamlit, and not kept. Streamlit's (`static/`) have it in their names.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass
from urllib.parse import parse_qs

from mnist_core.web.asgi import App, Event, Headers, Receive, Scope, Send, header, path_below_base

ROOM = 16_000_000  # bytes of compressed files that are kept; all that the pages ask for are 4 MB
LEVEL = 6  # of gzip: 9 makes Plotly's script 0.2 % smaller in a third more time
_TYPES = (b"text/javascript", b"application/javascript", b"text/css")
_OURS = "/component/mnist_core."  # Streamlit puts the module in front of a component's name
_FOR_GOOD = (b"cache-control", b"public, max-age=31536000, immutable")
# Headers of the answer that speak of its plain form.
_OF_PLAIN = {
    b"content-length",
    b"content-encoding",
    b"cache-control",
    b"etag",
    b"last-modified",
    b"accept-ranges",
    b"vary",
}


def content_hash(content: bytes) -> str:
    """What stands in the address of a file with this content."""
    return hashlib.sha256(content).hexdigest()[:16]


@dataclass(frozen=True)
class KeptFile:
    """A file as it is sent: compressed, with the headers that are sent with either form."""

    compressed: bytes
    headers: Headers


class KeptFiles:
    """ASGI middleware in front of Streamlit that answers requests for such files from memory."""

    def __init__(self, app: App, room: int = ROOM) -> None:
        self._app = app
        self._room = room
        self._files: dict[str, asyncio.Task[KeptFile | None]] = {}  # by address, in the order of their first requests

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let Streamlit answer."""
        address = _address(scope) if scope["type"] == "http" else None
        file = await self._file(address, scope) if address is not None else None
        if file is None:
            await self._app(scope, receive, send)
            return
        body, encoding = file.compressed, [(b"content-encoding", b"gzip")]
        if b"gzip" not in header(scope, b"accept-encoding"):
            body, encoding = await asyncio.to_thread(gzip.decompress, body), []
        headers = [*file.headers, *encoding, (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    async def _file(self, address: str, scope: Scope) -> KeptFile | None:
        """The file, read and compressed once, however many ask at the same time; None where the answer cannot be kept."""
        task = self._files.get(address)
        if task is None:
            # A task of its own: the browser that asked first may go away.
            task = self._files[address] = asyncio.create_task(self._read(dict(scope)))
        try:
            file = await asyncio.shield(task)
        except Exception:
            file = None  # Streamlit's answer says what is wrong
        if file is None:
            if self._files.get(address) is task:
                del self._files[address]
            return None
        self._make_room()
        return file

    async def _read(self, scope: Scope) -> KeptFile | None:
        scope["headers"] = [(b"host", header(scope, b"host"))]
        status, headers, body = await _whole_answer(self._app, scope)
        types = [value for name, value in headers if name == b"content-type"]
        version = _version(scope)
        if status != 200 or not any(kind.startswith(_TYPES) for kind in types):
            return None
        if version is not None and version != content_hash(body):
            return None
        compressed = await asyncio.to_thread(gzip.compress, body, LEVEL)
        kept = [line for line in headers if line[0] not in _OF_PLAIN]
        return KeptFile(compressed, [*kept, _FOR_GOOD, (b"vary", b"accept-encoding")])

    def _make_room(self) -> None:
        sizes = {
            address: len(file.compressed)
            for address, task in self._files.items()
            if task.done() and not task.exception() and (file := task.result())
        }
        total = sum(sizes.values())
        for address, size in sizes.items():
            if total <= self._room:
                return
            del self._files[address]
            total -= size


def _address(scope: Scope) -> str | None:
    """What a file is kept by; None for what is no such file, or is asked for in part."""
    if scope["method"] != "GET" or header(scope, b"range"):
        return None
    path = path_below_base(scope)
    if path.startswith("/static/") and path.endswith((".js", ".css")):
        return path
    version = _version(scope)
    return f"{path}?{version}" if path.startswith(_OURS) and version else None


def _version(scope: Scope) -> str | None:
    """The hash in the address of a file of ours; None where there is none, and for Streamlit's files."""
    if not path_below_base(scope).startswith(_OURS):
        return None
    values = parse_qs(scope.get("query_string", b"")[:100].decode("latin-1")).get("v", [])
    return values[0] if len(values) == 1 else None


async def _whole_answer(app: App, scope: Scope) -> tuple[int, Headers, bytes]:
    """Status, headers and body of what `app` answers."""
    status, headers, parts = 0, [], []
    read, gone = False, asyncio.Event()

    async def receive() -> Event:
        nonlocal read
        if read:
            await gone.wait()  # who waits for the browser to go away waits until the answer is whole
            return {"type": "http.disconnect"}
        read = True
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(event: Event) -> None:
        nonlocal status, headers
        if event["type"] == "http.response.start":
            status, headers = event["status"], list(event["headers"])
        elif event["type"] == "http.response.body":
            parts.append(event.get("body", b""))
            if not event.get("more_body"):
                gone.set()

    await app(scope, receive, send)
    return status, headers, b"".join(parts)
