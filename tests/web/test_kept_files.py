"""Files whose address says their content are compressed once, and kept by browsers for good; all others are left alone."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from mnist_core.web.asgi import Receive, Scope, Send
from mnist_core.web.kept_files import KeptFiles, content_hash
from tests.web.exchanges import Answer, Server, request, send_to

GZIP = [(b"host", b"lab.example"), (b"accept-encoding", b"br, gzip")]
PATH = "/component/mnist_core.ui.chart.mnist_lab_plotly/plotly.min.js"


def of_version(server: Server) -> bytes:
    return b"v=" + content_hash(server.body).encode()


def ask(server: Server, *scopes: Scope, room: int = 10**6) -> list[Answer]:
    async def asking() -> list[Answer]:
        kept = KeptFiles(server, room)
        return [await send_to(kept, scope) for scope in scopes]

    return asyncio.run(asking())


def test_a_file_is_read_and_compressed_once_and_kept_by_the_browser() -> None:
    server = Server()
    scope = request(PATH, query=of_version(server), headers=GZIP)
    for answer in ask(server, scope, scope):
        assert gzip.decompress(answer.body) == server.body
        assert answer.headers[b"content-encoding"] == b"gzip"
        assert answer.headers[b"content-length"] == str(len(answer.body)).encode()
        assert b"immutable" in answer.headers[b"cache-control"]
        assert answer.headers[b"vary"] == b"accept-encoding"
        assert answer.headers[b"content-type"] == b"text/javascript"
        assert b"etag" not in answer.headers
    assert len(server.asked) == 1


def test_all_who_ask_at_the_same_time_wait_for_one_reading() -> None:
    server = Server()

    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0)
        await server(scope, receive, send)

    async def asking() -> list[Answer]:
        kept = KeptFiles(slow)
        scope = request(PATH, query=of_version(server), headers=GZIP)
        return await asyncio.gather(*[send_to(kept, scope) for _ in range(60)])

    answers = asyncio.run(asking())
    assert len(server.asked) == 1
    assert {gzip.decompress(answer.body) for answer in answers} == {server.body}


def test_a_browser_that_goes_away_does_not_spoil_it_for_the_others() -> None:
    server = Server()

    async def asking() -> Answer:
        kept = KeptFiles(server)
        scope = request(PATH, query=of_version(server), headers=GZIP)
        first = asyncio.create_task(send_to(kept, scope))
        await asyncio.sleep(0)
        second = asyncio.create_task(send_to(kept, scope))
        await asyncio.sleep(0)
        first.cancel()
        return await second

    assert gzip.decompress(asyncio.run(asking()).body) == server.body
    assert len(server.asked) == 1


def test_a_server_that_waits_for_the_browser_to_go_away_does_not_wait_for_ever() -> None:
    """As Starlette does beside each of its answers."""
    server = Server()

    async def watching(scope: Scope, receive: Receive, send: Send) -> None:
        async def until_gone() -> None:
            while (await receive())["type"] != "http.disconnect":
                pass

        watch = asyncio.create_task(until_gone())
        await server(scope, receive, send)
        await watch

    scope = request(PATH, query=of_version(server), headers=GZIP)
    answer = asyncio.run(asyncio.wait_for(send_to(KeptFiles(watching), scope), 30))
    assert gzip.decompress(answer.body) == server.body


def test_who_takes_no_gzip_gets_it_plain() -> None:
    server = Server()
    plain = request(PATH, query=of_version(server), headers=GZIP[:1])
    compressed, answer = ask(server, request(PATH, query=of_version(server), headers=GZIP), plain)
    assert gzip.decompress(compressed.body) == answer.body == server.body
    assert b"content-encoding" not in answer.headers
    assert b"immutable" in answer.headers[b"cache-control"]


def test_streamlits_own_scripts_are_kept_by_their_names() -> None:
    server = Server()
    first, second = ask(server, *[request("/static/js/index.D.js", query=query, headers=GZIP) for query in (b"", b"x")])
    assert len(server.asked) == 1
    assert gzip.decompress(first.body) == gzip.decompress(second.body) == server.body


@pytest.mark.parametrize(
    "scope",
    [
        request(PATH, headers=GZIP),  # says no version
        request(PATH, query=b"v=0123456789abcdef", headers=GZIP),  # that of another version
        request(PATH, query=b"v=0123456789abcdef&v=1", headers=GZIP),
        request(PATH, query=b"v=0123456789abcdef", headers=[*GZIP, (b"range", b"bytes=0-5")]),
        request(PATH, query=b"v=0123456789abcdef", method="POST", headers=GZIP),
        request("/component/other/a.js", query=b"v=0123456789abcdef", headers=GZIP),
        request("/", headers=GZIP),
        request("/static/media/font.woff2", headers=GZIP),
        request("/train", headers=GZIP),
    ],
)
def test_all_else_is_answered_by_streamlit_each_time(scope: Scope) -> None:
    server = Server()
    for answer in ask(server, scope, scope):
        assert answer.body == server.body
        assert b"cache-control" not in answer.headers
    assert server.asked.count(scope) == 2


@pytest.mark.parametrize("changes", [{"status": 404}, {"headers": [(b"content-type", b"text/html")]}])
def test_what_is_no_such_file_is_not_kept(changes: dict[str, int]) -> None:
    server = Server(**changes)
    for answer in ask(server, *[request("/static/js/a.js", headers=GZIP)] * 2):
        assert answer.status == server.status
        assert answer.body == server.body
    assert len(server.asked) == 4


def test_no_more_is_kept_than_there_is_room_for() -> None:
    server = Server()
    one, two = request("/static/js/1.js", headers=GZIP), request("/static/js/2.js", headers=GZIP)
    room = len(gzip.compress(server.body, 6))
    ask(server, one, two, two, one, room=room)
    assert [scope["path"][-4] for scope in server.asked] == ["1", "2", "1"]


def test_below_a_base_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mnist_core.web.asgi.st.get_option", lambda _name: "/mnist/")
    server = Server()
    (answer,) = ask(server, request("/mnist" + PATH, query=of_version(server), headers=GZIP))
    assert gzip.decompress(answer.body) == server.body
