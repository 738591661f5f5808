"""Links of an earlier version open what they opened: page, view, settings, runs and groups."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from tests.compatibility import adapter
from tests.conftest import ROOT

PAGES = (
    "home", "train", "learning_rate", "compare", "architecture", "batch_size", "data", "loss_and_gradients", "why", "inspect",
)  # fmt: skip


@pytest.fixture
def links(folder: Path, old_home: Path, monkeypatch: pytest.MonkeyPatch) -> Mapping[str, list[dict[str, Any]]]:
    adapter.without_cluster(monkeypatch)
    links = json.loads((folder / "links.json").read_text(encoding="utf-8"))
    return {page: [link for link in links if link["page"] == page] for page in PAGES}


def open_links(links: list[dict[str, Any]], student: str) -> Iterator[tuple[dict[str, Any], AppTest]]:
    """Each link and its page, in one browser: each asks for something else than what stands there."""
    app: AppTest | Path = ROOT / "app.py"
    for link in links:
        app = adapter.follow(app, link["page"], link["query"], student)
        yield link, app
        if adapter.EVERYWHERE & link["query"].keys():
            app = ROOT / "app.py"  # AppTest cannot change the language of a page that it has drawn


def assert_opens(link: Mapping[str, Any], app: AppTest) -> None:
    """What the address says, since it is what the page shows, is what the link said."""
    values = list(adapter.address(app).values())
    for name, value in link["query"].items():
        if name not in (link["settings"] or {}):
            word = adapter.WORDS.get(value, value)
            assert word in values, (link["page"], name, value, values)
            values.remove(word)
    assert not [toast for toast in app.toast if "link_off" in toast.icon], link  # all of it is used
    visible = adapter.visible(app)
    for part in ("title", "view"):
        assert visible[part] == adapter.TITLES.get(link[part], link[part]), link
    if link["settings"] is not None:
        assert adapter.same_settings(visible["settings"], link["settings"]), link


@pytest.mark.parametrize("page", PAGES)
def test_links_of_a_page(links: Mapping[str, list[dict[str, Any]]], expected: Mapping[str, Any], page: str) -> None:
    whole = [link for link in links[page] if link["view"] is None or set(link["query"]) - {"view", "run"}]
    for link, app in open_links(whole, expected["student"]):
        assert_opens(link, app)
    assert links[page]


@pytest.mark.parametrize("page", [page for page in PAGES if page not in ("home", "train", "learning_rate", "compare")])
def test_links_of_every_view(
    links: Mapping[str, list[dict[str, Any]]],
    expected: Mapping[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    page: str,
) -> None:
    adapter.without_panels(monkeypatch)
    alone = [link for link in links[page] if not set(link["query"]) - {"view", "run"}]
    assert len(alone) > 3
    for link, app in open_links(alone[::-1], expected["student"]):  # the first is what a page shows by itself
        assert_opens(link, app)
