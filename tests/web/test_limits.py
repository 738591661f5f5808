"""What is too much for one session gets a status and a sentence; nobody else hears of it, whatever address they share."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from mnist_core.web import limits
from mnist_core.web.asgi import App, Event, Receive, Scope, Send
from mnist_core.web.limits import Limits, Share
from tests.web.exchanges import COOKIE, Answer, Server, connection, parts, request, send_to

OTHER = (b"cookie", b"mnist_lab_student=" + b"f" * 32)
SHARE = Share(burst=3, per_second=0.5)


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def statuses(app: App, *scopes: Scope) -> list[int]:
    async def asking() -> list[int]:
        return [(await send_to(app, scope)).status for scope in scopes]

    return asyncio.run(asking())


def test_one_session_that_asks_too_often_is_told_so_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUESTS", SHARE)
    clock = Clock()
    app = Limits(Server(), clock)
    wild, other, unknown = request(headers=[COOKIE]), request(headers=[OTHER]), request()
    assert statuses(app, *[wild] * 5) == [200, 200, 200, 429, 429]
    assert statuses(app, other, *[unknown] * 9) == [200] * 10
    clock.now = 2.0  # one more
    assert statuses(app, wild, wild) == [200, 429]


def test_an_answer_to_too_much_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "REQUESTS", Share(burst=0, per_second=1))
    answer = asyncio.run(send_to(Limits(Server()), request(headers=[COOKIE])))
    assert answer.body.decode() == limits.TOO_MANY
    assert answer.headers[b"content-type"] == b"text/plain; charset=utf-8"
    assert answer.headers[b"retry-after"] == b"60"
    assert answer.headers[b"cache-control"] == b"no-store"


def upload(session: str, number: int) -> Scope:
    return request(f"/_stcore/upload_file/{session}/{number}", method="PUT")


def test_more_files_than_the_share_wait_for_their_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOADS", Share(burst=3, per_second=50))

    async def asking() -> list[Answer]:
        app = Limits(Server())
        return await asyncio.gather(*(send_to(app, upload("one", number)) for number in range(8)))

    assert [answer.status for answer in asyncio.run(asking())] == [200] * 8


def test_so_many_files_of_a_session_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "UPLOADS", Share(burst=3, per_second=0.001))
    monkeypatch.setattr(limits, "WAITING_UPLOADS", 2)

    async def asking() -> tuple[list[int], list[bool]]:
        app = Limits(Server(), Clock())
        tasks = [asyncio.create_task(send_to(app, upload("one", number))) for number in range(6)]
        refused = await tasks[5]
        other = await send_to(app, upload("two", 1))  # Streamlit's session counts
        waiting = [not task.done() for task in tasks]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert not app._waiting  # who goes away while he waits is forgotten
        return [refused.status, other.status], waiting

    assert asyncio.run(asking()) == ([429, 200], [False, False, False, True, True, False])


def test_an_address_that_is_too_long() -> None:
    app = Limits(Server())
    assert statuses(app, request("/train", query=b"x" * 16_000)) == [200]
    assert statuses(app, request("/train", query=b"x" * 17_000)) == [414]


@pytest.mark.parametrize("length", [b"65537", b"-1", b"many", b"9" * 40])
def test_a_body_that_says_that_it_is_too_large_is_not_read(length: bytes) -> None:
    scope = request("/x", method="POST", headers=[(b"content-length", length)])
    answer = asyncio.run(send_to(Limits(Server()), scope))
    assert (answer.status, answer.body.decode()) == (413, limits.TOO_LARGE)


async def reader(_scope: Scope, receive: Receive, send: Send) -> None:
    """Reads all of the body, then answers with its length."""
    total, more = 0, True
    while more:
        event = await receive()
        total, more = total + len(event["body"]), event["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(total).encode()})


def test_a_body_that_says_nothing_is_read_to_its_bound() -> None:
    async def asking(*bodies: bytes) -> Answer:
        return await send_to(Limits(reader), request("/x", method="POST"), parts(*bodies))

    assert asyncio.run(asking(b"x" * 60_000, b"x" * 5_536)).body == b"65536"
    assert asyncio.run(asking(b"x" * 60_000, b"x" * 5_537)).status == 413


def test_an_upload_is_bounded_by_streamlit_alone() -> None:
    async def asking() -> Answer:
        scope = request("/_stcore/upload_file/one/1", method="PUT", headers=[(b"content-length", b"3000000")])
        return await send_to(Limits(reader), scope, parts(b"x" * 3_000_000))

    assert asyncio.run(asking()).body == b"3000000"


class Sockets:
    """Streamlit's place: accepts connections, and keeps them until they are ended here."""

    def __init__(self) -> None:
        self.end = asyncio.Event()
        self.accepted = 0

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        self.accepted += 1
        await send({"type": "websocket.accept"})
        await self.end.wait()


async def connect(app: App, count: int, *headers: tuple[bytes, bytes], **changes: Any) -> list[Answer]:
    """The answers that came at once; connections that are kept give none."""
    events: list[Event] = [{"type": "websocket.connect"}]
    tasks = [
        asyncio.create_task(send_to(app, connection(headers=list(headers), **changes), events)) for _ in range(count)
    ]
    for _ in range(5):
        await asyncio.sleep(0)
    return [task.result() for task in tasks if task.done()]


def test_a_session_has_so_many_connections_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OPEN_CONNECTIONS", 3)

    async def connecting() -> None:
        sockets = Sockets()
        app = Limits(sockets)
        assert [answer.status for answer in await connect(app, 5, COOKIE)] == [429, 429]
        assert await connect(app, 3, OTHER) == []
        assert await connect(app, 20) == []  # first visits of many who share an address
        sockets.end.set()
        await asyncio.sleep(0.01)
        assert await connect(app, 2, COOKIE) != []  # taken, and ended at once
        assert sockets.accepted == 3 + 3 + 20 + 2

    asyncio.run(connecting())


def test_the_server_has_so_many_connections_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ALL_OPEN_CONNECTIONS", 4)

    async def connecting() -> None:
        app = Limits(Sockets())
        answers = await connect(app, 6)
        assert [(answer.status, answer.body.decode()) for answer in answers] == [(503, limits.FULL)] * 2

    asyncio.run(connecting())


def test_a_page_that_would_find_no_room_for_its_connection_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "OPEN_CONNECTIONS", 3)
    monkeypatch.setattr(limits, "ALL_OPEN_CONNECTIONS", 5)
    document = (b"accept", b"text/html,*/*;q=0.8")

    sockets, pages = Sockets(), Server()

    async def server(scope: Scope, receive: Receive, send: Send) -> None:
        await (pages if scope["type"] == "http" else sockets)(scope, receive, send)

    async def asking() -> None:
        app = Limits(server)

        async def ask(*headers: tuple[bytes, bytes]) -> tuple[int, str]:
            answer = await send_to(app, request("/train", headers=list(headers)))
            return answer.status, answer.body.decode()

        await connect(app, 3, COOKIE)
        assert await ask(document, COOKIE) == (429, limits.TOO_MANY_OPEN)
        assert (await ask(COOKIE))[0] == 200  # a picture of a tab that is open
        assert (await ask(document, OTHER))[0] == 200
        await connect(app, 2)
        assert await ask(document) == (503, limits.FULL)
        assert (await ask())[0] == 200

    asyncio.run(asking())


def test_a_server_that_cannot_answer_a_handshake_closes_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "ALL_OPEN_CONNECTIONS", 0)

    async def connecting() -> None:
        (answer,) = await connect(Limits(Sockets()), 1, refusable=False)
        assert answer.close is not None
        assert answer.close["reason"] == limits.FULL

    asyncio.run(connecting())


def test_messages_beyond_the_share_wait_and_none_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MESSAGES", Share(burst=4, per_second=2))
    clock, waits = Clock(), []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        clock.now += seconds

    received = []

    async def listener(_scope: Scope, receive: Receive, _send: Send) -> None:
        while (event := await receive())["type"] == "websocket.receive":
            received.append(event["bytes"])

    monkeypatch.setattr(limits.asyncio, "sleep", sleep)
    messages = [b"%d" % number for number in range(6)]
    events: list[Event] = [{"type": "websocket.receive", "bytes": message} for message in messages]
    asyncio.run(send_to(Limits(listener, clock), connection(), [*events, {"type": "websocket.disconnect"}]))
    assert received == messages
    assert waits == [0.5, 0.5]


def test_the_log_has_each_refusal_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    app = Limits(Server(), clock)
    long = request("/", query=b"x" * 20_000) | {"client": ("10.1.2.3", 5)}
    with caplog.at_level(logging.WARNING, "mnist_lab"):
        statuses(app, long, long)
        assert len(caplog.messages) == 1
        assert "10.1.2.3" in caplog.text
        clock.now = 61.0
        statuses(app, long)
    assert len(caplog.messages) == 2


def test_memory_of_sessions_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "SESSIONS", 10)
    app = Limits(Server())
    statuses(app, *[request(headers=[(b"cookie", b"mnist_lab_student=%032x" % number)]) for number in range(50)])
    assert len(app._buckets) == 10
