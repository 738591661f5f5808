"""How much one session may ask of the server, so that nobody is kept waiting by another's script, or browser gone wild.

A session is what the student's cookie names, for messages one connection. An address is no session: sixty students behind one
router have one. Who sends no cookie, as at a first visit, counts to the server's bounds alone: what costs, a page, needs a
connection, and of these there is a greatest number. A message or a file more than its share waits, which keeps the sender from sending
on (TCP); all else that is too much gets a status and a sentence.

Streamlit itself bounds a file (`server.maxUploadSize`) and a message (`server.maxWidgetStateSize`), ui/visits.py the files kept.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

from mnist_core.web import cookie
from mnist_core.web.asgi import App, Event, Receive, Scope, Send, answer, header, path_below_base

LOG = logging.getLogger("mnist_lab")
LOG_AGAIN = 60.0  # seconds until the log has the same refusal once more
SESSIONS = 5_000  # whose shares are remembered


@dataclass(frozen=True)
class Share:
    """So much at once, and so much a second."""

    burst: float
    per_second: float


# A first visit asks for 150 files, a page that is drawn for its pictures.
REQUESTS = Share(burst=2_000, per_second=50)
UPLOADS = Share(burst=30, per_second=0.5)
WAITING_UPLOADS = 60  # files of one session, all of which have had their turn in two minutes
# A tab has two connections (Streamlit's and that for news); one that reloads makes new ones.
CONNECTIONS = Share(burst=60, per_second=1)
# A pad says 14 strokes a second while the pen is down.
MESSAGES = Share(burst=300, per_second=30)
OPEN_CONNECTIONS = 40  # of one session
ALL_OPEN_CONNECTIONS = 2_000  # of the server
ADDRESS_BYTES = 16_384  # path and query
BODY_BYTES = 65_536  # of a request that is no upload

TOO_MANY = "Too many requests from this browser. Wait a minute, then reload the page."
TOO_MANY_OPEN = "Too many tabs of this browser are open. Close some, then reload the page."
FULL = "The server has no room for more browsers. Try again in a minute."
TOO_LONG = "This address is too long."
TOO_LARGE = "This request is too large."


@dataclass
class Bucket:
    """What is left of a share."""

    share: Share
    clock: Callable[[], float]
    left: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.left, self.at = self.share.burst, self.clock()

    def take(self) -> float:
        """Take one; returns the seconds until there is one (0: it was taken)."""
        now = self.clock()
        self.left = min(self.share.burst, self.left + (now - self.at) * self.share.per_second)
        self.at = now
        if self.left < 1:
            return (1 - self.left) / self.share.per_second
        self.left -= 1
        return 0.0


class Limits:
    """ASGI middleware in front of Streamlit and our own routes."""

    def __init__(self, app: App, clock: Callable[[], float] = time.monotonic) -> None:
        self._app = app
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, Share], Bucket] = OrderedDict()
        self._open: dict[str, int] = {}  # connections by session; "" for those without one
        self._waiting: dict[str, int] = {}  # files that wait, by the session that uploads them
        self._logged: dict[str, float] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or let the app answer within the limits."""
        if scope["type"] == "http":
            await self._request(scope, receive, send)
        elif scope["type"] == "websocket":
            await self._connection(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        if len(scope.get("raw_path") or b"") + len(scope.get("query_string", b"")) > ADDRESS_BYTES:
            await self._refuse(scope, send, 414, TOO_LONG)
        elif self._waits(cookie.student(scope), REQUESTS) or not await self._turn(_uploader(scope)):
            await self._refuse(scope, send, 429, TOO_MANY)
        elif _is_page(scope) and (refusal := self._no_room(cookie.student(scope))):
            await self._refuse(
                scope, send, *refusal
            )  # a page that found none for its connection would say nothing of it
        elif _uploader(scope):
            await self._app(scope, receive, send)  # Streamlit bounds it while it reads
        else:
            await self._bounded(scope, receive, send)

    async def _bounded(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let the app answer a request whose body may not be large, whatever its headers say of it."""
        length = header(scope, b"content-length")
        if length and not (length.isdigit() and int(length) <= BODY_BYTES):
            await self._refuse(scope, send, 413, TOO_LARGE)
            return
        total, answered = 0, False

        async def receive_bounded() -> Event:
            nonlocal total
            event = await receive()
            total += len(event.get("body", b""))
            if total > BODY_BYTES:
                raise _TooLargeError
            return event

        async def send_noted(event: Event) -> None:
            nonlocal answered
            answered = True
            await send(event)

        try:
            await self._app(scope, receive_bounded, send_noted)
        except _TooLargeError:
            if not answered:
                await self._refuse(scope, send, 413, TOO_LARGE)

    async def _connection(self, scope: Scope, receive: Receive, send: Send) -> None:
        session = cookie.student(scope)
        if refusal := self._no_room(session):
            await self._refuse_connection(scope, receive, send, *refusal)
        elif self._waits(session, CONNECTIONS):
            await self._refuse_connection(scope, receive, send, 429, TOO_MANY)
        else:
            self._open[session] = self._open.get(session, 0) + 1
            try:
                await self._app(scope, self._slowed(receive), send)
            finally:
                self._open[session] -= 1
                if not self._open[session]:
                    del self._open[session]

    def _no_room(self, session: str) -> tuple[int, str] | None:
        """Status and sentence where the session may have no connection more."""
        if sum(self._open.values()) >= ALL_OPEN_CONNECTIONS:
            return 503, FULL
        if session and self._open.get(session, 0) >= OPEN_CONNECTIONS:
            return 429, TOO_MANY_OPEN
        return None

    def _slowed(self, receive: Receive) -> Receive:
        """The connection's messages, no faster than its share."""
        bucket = Bucket(MESSAGES, self._clock)

        async def receive_slowly() -> Event:
            event = await receive()
            if event["type"] == "websocket.receive":
                while seconds := bucket.take():
                    await asyncio.sleep(seconds)
            return event

        return receive_slowly

    def _waits(self, session: str, share: Share) -> bool:
        """Whether the session has used up its share; takes one of it else."""
        if not session:
            return False
        bucket = self._buckets.get((session, share))
        if bucket is None:
            bucket = self._buckets[session, share] = Bucket(share, self._clock)
            if len(self._buckets) > SESSIONS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end((session, share))
        return bucket.take() > 0

    async def _turn(self, uploader: str) -> bool:
        """Wait until the session may upload a file; False where too many of its files wait. The browser shows them on their way."""
        while uploader and self._waits(uploader, UPLOADS):
            if self._waiting.get(uploader, 0) >= WAITING_UPLOADS:
                return False
            self._waiting[uploader] = self._waiting.get(uploader, 0) + 1
            try:
                await asyncio.sleep(1 / UPLOADS.per_second)
            finally:
                self._waiting[uploader] -= 1
                if not self._waiting[uploader]:
                    del self._waiting[uploader]
        return True

    async def _refuse_connection(self, scope: Scope, receive: Receive, send: Send, status: int, sentence: str) -> None:
        await receive()  # that it wants to connect
        await self._refuse(scope, send, status, sentence)

    async def _refuse(self, scope: Scope, send: Send, status: int, sentence: str) -> None:
        now = self._clock()
        if now - self._logged.get(sentence, -LOG_AGAIN) >= LOG_AGAIN:
            self._logged[sentence] = now
            client = scope.get("client")
            LOG.warning("Refused (%d) for %s: %s", status, client[0] if client else "?", sentence)
        again = [(b"retry-after", b"60")] if status in (429, 503) else []
        await answer(scope, send, status, sentence, again)


class _TooLargeError(Exception):
    """A body grew beyond its bound."""


def _is_page(scope: Scope) -> bool:
    """Whether a browser asks for a page to show: of all that it asks for only then it names HTML."""
    return b"text/html" in header(scope, b"accept")


def _uploader(scope: Scope) -> str:
    """Streamlit's session for which a file comes, as the address has it; empty for other requests."""
    parts = path_below_base(scope).split("/")
    return f"upload {parts[3]}" if parts[1:3] == ["_stcore", "upload_file"] and len(parts) == 5 else ""
