"""The Home page and the frame around every page."""

from __future__ import annotations

from tests.pages.conftest import Open


def test_home_says_what_this_is(open_page: Open) -> None:
    app = open_page()
    assert app.title[0].value == "See how neural networks train"
    assert "Break it" in [heading.value for heading in app.subheader]


def test_the_language_can_be_changed(open_page: Open) -> None:
    app = open_page(lang="ko")
    assert app.title[0].value != "See how neural networks train"
