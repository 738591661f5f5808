"""The first request after a server's start, which Streamlit answers by the page's file alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.browsers import Browsers
from tests.browser.conftest import lab_in
from tests.browser.page import Page

pytestmark = pytest.mark.browser


def test_the_first_visitor_finds_the_page_in_its_frame(browsers: Browsers, drawn: Path, home: Path) -> None:
    with lab_in(home, drawn) as lab:
        page = Page(browsers.take("en-US", (1400, 1300)), lab.address).open("/train?preset=two-layer-net-rate-1.5")
        page.wait_for("Train a network and watch it learn")
        page.wait_for("한국어")
        page.wait_for("39,760")
        assert "preset=two-layer-net-rate-1.5" in page.address
        browsers.give_back()
