"""Every page in Korean, as it is drawn: no English sentence is left anywhere."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from mnist_core.presets import PRESETS
from tests.pages.conftest import ROOT, Open

PAGES = sorted(path.stem for path in Path(ROOT / "pages").glob("*.py"))
ENGLISH = re.compile(r"[A-Za-z]{2,}(?: [A-Za-z]{2,}){2,}")
# Names and commands that are the same in every language.
NAMES = ("python -m mnist_core data",)
EXPERIMENTS = list(PRESETS)


def all_texts(app: AppTest) -> Iterator[str]:
    """Every text on the page."""
    for element in [*app.main, *app.sidebar]:
        for name in ("label", "value", "help", "placeholder", "options", "body", "caption"):
            if name == "value" and hasattr(element, "options"):
                continue  # the option as the program knows it; what is shown is among the options
            value = getattr(element, name, None)
            yield from [str(item) for item in value] if isinstance(value, list) else [str(value)]


def unnamed_placeholders(app: AppTest) -> list[str]:
    """Choices of several without words of ours for none: Streamlit's are English."""
    return [choice.label for choice in app.multiselect if choice.proto.placeholder in ("", "Choose options")]


def english(app: AppTest) -> list[str]:
    """Texts with three English words in a row."""
    sentences = []
    for text in all_texts(app):
        for name in NAMES:
            text = text.replace(name, "")
        if ENGLISH.search(text):
            sentences.append(text)
    return sentences


@pytest.mark.parametrize("page", PAGES)
def test_no_english_sentence_is_left(open_page: Open, page: str) -> None:
    app = open_page(page, lang="ko")
    assert not english(app)
    assert not unnamed_placeholders(app)


@pytest.mark.parametrize("preset", EXPERIMENTS)
def test_nor_in_any_experiment(open_page: Open, preset: str) -> None:
    assert not english(open_page("train", lang="ko", preset=preset))


def test_the_search_finds_english(open_page: Open) -> None:
    assert english(open_page("train"))
