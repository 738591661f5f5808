"""What a browser sends to middleware, and what comes back, without a network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mnist_core.web.asgi import App, Event, Headers, Receive, Scope, Send

STUDENT = "0123456789abcdef" * 2
COOKIE = (b"cookie", f"mnist_lab_student={STUDENT}".encode())


def request(path: str = "/", *, method: str = "GET", query: bytes = b"", headers: Headers | None = None) -> Scope:
    """A request's scope."""
    return {
        "type": "http",
        "path": path,
        "raw_path": path.encode(),
        "method": method,
        "query_string": query,
        "headers": headers or [],
    }


def connection(*, path: str = "/_stcore/stream", headers: Headers | None = None, refusable: bool = True) -> Scope:
    """The scope of a WebSocket."""
    extensions: dict[str, Any] = {"websocket.http.response": {}} if refusable else {}
    return request(path, headers=headers) | {"type": "websocket", "extensions": extensions}


@dataclass
class Answer:
    """What came back."""

    status: int = 0
    headers: dict[bytes, bytes] = field(default_factory=dict)
    body: bytes = b""
    close: Event | None = None


async def send_to(app: App, scope: Scope, events: Iterable[Event] = ()) -> Answer:
    """What `app` answers to the scope and these events; fails where more is read."""
    told, waiting = Answer(), list(events)

    async def receive() -> Event:
        assert waiting, "more is read than was sent"
        return waiting.pop(0)

    async def send(event: Event) -> None:
        kind = event["type"]
        if kind.endswith("response.start"):
            told.status, told.headers = event["status"], dict(event["headers"])
        elif kind.endswith("response.body"):
            told.body += event.get("body", b"")
        elif kind == "websocket.close":
            told.close = event

    await app(scope, receive, send)
    return told


@dataclass
class Server:
    """Streamlit's place: answers with one file, and counts."""

    body: bytes = b"let x = 1;" * 1_000
    headers: Headers = field(default_factory=lambda: [(b"content-type", b"text/javascript"), (b"etag", b"1")])
    status: int = 200
    asked: list[Scope] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer in two parts."""
        self.asked.append(scope)
        half = len(self.body) // 2
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body[:half], "more_body": True})
        await send({"type": "http.response.body", "body": self.body[half:]})


def parts(*bodies: bytes) -> Sequence[Event]:
    """A request's body, in parts."""
    last = len(bodies) - 1
    return [{"type": "http.request", "body": body, "more_body": at < last} for at, body in enumerate(bodies)]
