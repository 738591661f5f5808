"""A student stays the same at every reload, whatever happened to the cookie."""

from __future__ import annotations

import re

import pytest

from mnist_core.web.cookie import COOKIE
from tests.browser.conftest import Open
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
WHOLE = "0123456789abcdef" * 2
# As JavaScript sets them; `{path}` of the page, for one that the server does not get.
DAMAGED = ["x", "", "0" * 31, "0" * 33, "A" * 32, "g" * 32, "0" * 3_000, "%00", "a b"]


def names(page: Page) -> list[str]:
    """The values of the cookie as the page sees them."""
    cookies = str(page.browser.execute_script("return document.cookie"))
    return [cookie.partition("=")[2] for cookie in cookies.split("; ") if cookie.startswith(COOKIE + "=")]


def whole(page: Page) -> str | None:
    """The value, where there is one that is whole and no other."""
    values = names(page)
    return values[0] if len(values) == 1 and re.fullmatch("[0-9a-f]{32}", values[0]) else None


def set_cookies(page: Page, *cookies: tuple[str, str]) -> None:
    """Put these (value, path) in place of all cookies, when no page is there to mend them."""
    page.browser.get(page.server + "/_stcore/health")
    page.browser.delete_all_cookies()
    for value, path in cookies:
        page.browser.execute_script("document.cookie = arguments[0]", f"{COOKIE}={value}; path={path}")


def test_a_damaged_cookie_is_made_whole_once(open_browser: Open) -> None:
    page = open_browser().open("/data")
    wait_until(lambda: whole(page), 40)
    first = whole(page)
    page.open("/data")
    assert whole(page) == first
    for value in DAMAGED:
        set_cookies(page, (value, "/"))
        page.open("/data")
        wait_until(lambda: whole(page), 40)
        mended = whole(page)
        page.open("/data")
        wait_until(lambda: whole(page), 40)
        assert whole(page) == mended


def test_of_two_cookies_the_whole_one_counts(open_browser: Open) -> None:
    page = open_browser().open("/data")
    for good, bad in (("/", "/data"), ("/data", "/")):
        set_cookies(page, ("damaged", bad), (WHOLE, good))
        page.open("/data")
        wait_until(lambda: whole(page) == WHOLE, 40)
        page.open("/compare")  # where a cookie of the other page's path is not seen
        wait_until(lambda: whole(page) == WHOLE, 40)
    set_cookies(page, (f'"{WHOLE}"', "/"))
    page.open("/data")
    wait_until(lambda: whole(page) == WHOLE, 40)


def test_a_browser_that_keeps_no_cookies_is_told_so(open_browser: Open) -> None:
    page = open_browser()
    script = "Object.defineProperty(Document.prototype, 'cookie', { get: () => '', set: () => {} });"
    page.browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": script})
    page.open("/data")
    wait_until(
        lambda: (
            ["Your browser does not keep cookies" in toast.text for toast in page.find("[data-testid=stToast]")]
            == [True]
        ),
        40,
    )
