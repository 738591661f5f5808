"""The teacher's link: exchanged for a cookie that no script reads, only where the secret is the class's."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from http.cookies import SimpleCookie
from typing import Any

import pytest
import streamlit as st
from starlette.applications import Starlette

from mnist_core.class_records import Class
from mnist_core.store import Store, open_store
from mnist_core.ui import teacher
from tests.web.exchanges import Answer, request, send_to


@pytest.fixture
def store(home: Any) -> Iterator[Store]:
    opened = open_store()
    yield opened
    opened.close()


@pytest.fixture
def opened(store: Store) -> tuple[Class, str]:
    """A class and its secret."""
    return store.classes.open("3b", "a" * 32)


def follow(link: str, *, base: str = "", scheme: str = "http") -> Answer:
    """What the server answers to a browser that opens the link."""
    path, _sign, query = link.partition("?")
    scope = request(f"{base}/{path}", query=query.encode()) | {"scheme": scheme, "server": ("lab", 80), "root_path": ""}
    return asyncio.run(send_to(Starlette(routes=teacher.routes()), scope, [{"type": "http.request", "body": b""}]))


def cookies(answer: Answer) -> SimpleCookie:
    return SimpleCookie(answer.headers.get(b"set-cookie", b"").decode())


def test_the_link_becomes_a_cookie_and_vanishes(opened: tuple[Class, str]) -> None:
    answer = follow(teacher.link(opened[0].id, opened[1]))
    assert (answer.status, answer.headers[b"location"]) == (303, f"classroom?class={opened[0].id}".encode())
    assert answer.headers[b"cache-control"] == b"no-store"
    (cookie,) = cookies(answer).values()
    assert (cookie.key, cookie.value) == (teacher.COOKIE + opened[0].id, opened[1])
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["secure"]) == (True, "lax", "/", "")
    assert opened[1].encode() not in answer.body


def test_over_https_the_cookie_stays_there(opened: tuple[Class, str]) -> None:
    (cookie,) = cookies(follow(teacher.link(*_rights(opened)), scheme="https")).values()
    assert cookie["secure"] is True


def test_below_a_base_path_and_at_the_root(opened: tuple[Class, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "get_option", lambda name: {"server.baseUrlPath": "/mnist/"}[name])
    for base in ("", "/mnist"):
        assert len(cookies(follow(teacher.link(*_rights(opened)), base=base))) == 1


@pytest.mark.parametrize("secret", ["", "0" * 32, "x", "0" * 5_000, "0" * 32 + "%0d%0aset-cookie:a=b"])
def test_a_wrong_secret_gets_no_cookie(opened: tuple[Class, str], secret: str) -> None:
    for class_id in (opened[0].id, "0" * 10, "", "x%0d%0ay"):
        answer = follow(teacher.link(class_id, secret))
        assert (answer.status, answer.headers[b"location"]) == (303, b"classroom")
        assert b"set-cookie" not in answer.headers


def _rights(opened: tuple[Class, str]) -> tuple[str, str]:
    return opened[0].id, opened[1]


def test_what_is_no_cookie_of_ours_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    name = teacher.COOKIE
    sent = [
        f"a=b; {name}{'0' * 10}={'1' * 32}; {name}x={'1' * 32}",
        f"{name}{'2' * 10}=short; x{name}{'3' * 10}={'1' * 32}",
    ]

    class Context:
        class headers:  # noqa: N801
            get_all = staticmethod(lambda _name: sent)

    monkeypatch.setattr(st, "context", Context)
    assert teacher.secrets() == {"0" * 10: "1" * 32}
