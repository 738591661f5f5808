"""What a server refuses, as a browser shows it: a sentence; the tabs that are open go on."""

from __future__ import annotations

import http.client
from contextlib import ExitStack
from urllib.parse import urlsplit

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from mnist_core.web import limits
from mnist_core.web.cookie import COOKIE
from tests.browser.conftest import Lab, Open
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def take_all_connections(page: Page, kept: ExitStack) -> None:
    """Open connections of this student until the server has no room for one more, which it says."""
    headers = {"Cookie": f"{COOKIE}={page.student()}"}
    for _one in range(limits.OPEN_CONNECTIONS):
        try:
            address = page.server.replace("http", "ws", 1) + "/live"
            kept.enter_context(connect(address, origin=page.server, additional_headers=headers))  # type: ignore[arg-type]
        except InvalidStatus as refusal:
            answer = refusal.response
            assert (answer.status_code, bytes(answer.body or b"").decode()) == (429, limits.TOO_MANY_OPEN)
            return
    raise AssertionError("The server took all connections.")


def text_of(page: Page) -> str:
    return str(page.browser.execute_script("return document.body.innerText"))


def test_a_tab_too_many_is_a_sentence_and_the_others_go_on(open_browser: Open) -> None:
    page = open_browser().open("/train?preset=two-layer-net&epochs=1000")
    page.press("run")
    wait_until(lambda: page.points() > 0, 60)
    first = page.browser.current_window_handle
    with ExitStack() as kept:
        take_all_connections(page, kept)
        page.browser.switch_to.new_window("tab")
        second = page.browser.current_window_handle
        page.browser.get(f"{page.server}/train")
        assert text_of(page) == limits.TOO_MANY_OPEN
        page.browser.switch_to.window(first)
        points = page.points()
        wait_until(lambda: page.points() > points, 30)
    page.browser.switch_to.window(second)
    page.open("/train")  # there is room again


@pytest.mark.parametrize(
    ("method", "path", "length", "status", "sentence"),
    [
        ("POST", "/train", limits.BODY_BYTES + 1, 413, limits.TOO_LARGE),
        ("GET", "/train?" + limits.ADDRESS_BYTES * "x", 0, 414, limits.TOO_LONG),
    ],
)
def test_what_is_too_large_is_a_sentence(
    lab: Lab, method: str, path: str, length: int, status: int, sentence: str
) -> None:
    connection = http.client.HTTPConnection(urlsplit(lab.address).netloc, timeout=10)
    connection.putrequest(method, path)
    connection.putheader("Content-Length", str(length))
    connection.endheaders()
    answer = connection.getresponse()
    assert (answer.status, answer.read().decode()) == (status, sentence)
    connection.close()
