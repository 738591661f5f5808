"""The theme changes under an open page, as when the evening comes: charts change with it."""

from __future__ import annotations

import pytest

from mnist_core.figures import theme
from tests.browser.conftest import Open
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
INK = "return document.querySelector('[data-testid=live-chart]')?.layout?.font?.color;"


def choose(page: Page, scheme: str) -> None:
    """What the system asks of pages."""
    wanted = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", wanted)


def ink(page: Page) -> str | None:
    """The color of the first chart's letters."""
    return page.browser.execute_script(INK)


def test_charts_follow_the_theme_while_the_page_is_open(open_browser: Open) -> None:
    page = open_browser().open("/loss_and_gradients")
    wait_until(lambda: ink(page) == theme.ink(False))
    for scheme, dark in (("dark", True), ("light", False)):
        choose(page, scheme)
        wait_until(lambda dark=dark: ink(page) == theme.ink(dark))
