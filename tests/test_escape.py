"""Typed text made into text for where it is shown, and no place that forgets it."""

from __future__ import annotations

import ast
import html
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from mnist_core import escape
from mnist_core.escape import JOINER, SPLIT, UserText
from mnist_core.messages import message
from mnist_core.ui import lost_connection, texts

ROOT = Path(__file__).parents[1]
VARIANTS = {"markdown", "plotly", "html", "cell", "plain"}
PARTS = [
    *"![](){}<>&$~|#^=`*_:@/\\-+.;,% '\"x1한\n\t\u202e\x00",
    "\ufeff",
    "\u3000",
    "http",
    "www",
    "->",
    "%{",
    ":smile:",
    "😀",
]
TYPED = st.lists(st.one_of(st.sampled_from(PARTS), st.text(max_size=3)), max_size=12).map("".join)


@given(TYPED)
def test_markdown_holds_no_sign_that_means_something_and_reads_as_it_was_typed(text: str) -> None:
    nodes = escape.markdown(text).split(SPLIT)  # the texts that Streamlit has once Markdown was read
    escaped = "".join(nodes)
    assert html.unescape(escaped) == escape.plain(text).strip()  # and is copied so
    assert not re.search(r"[\\`*_\[\]{}<>$~|!^=\n]|:\S|&(?!#\d+;)|#(?!\d+;)", escaped)
    assert not re.match(r"[-+]|\d+[.)](\s|$)", escaped)  # a list
    # What Streamlit looks for once Markdown was read, when an escaped sign is a sign again.
    for later in map(html.unescape, nodes):
        assert not re.search(r"(?i)https?://|www\.|[-.\w+]@|:[\w+-]+:|<->|->|<-|--|[<>~]=", later)


@given(TYPED)
def test_labels_of_charts_have_no_tag_no_field_and_no_formula(text: str) -> None:
    escaped = escape.plotly(text)
    assert html.unescape(escaped) == html.unescape(html.escape(escape.plain(text), quote=False))
    assert not re.search(r"<|%\{|\$|&(?!amp;|lt;|#36;|#123;)", escaped)


@given(TYPED)
def test_html_has_no_tag_and_stays_in_its_quotes(text: str) -> None:
    assert not re.search(r"[<>\"']|&(?!amp;|lt;|gt;|quot;|#x27;)", escape.html(text))


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "  =1", "a;=1", "a; -1", "\t=1", "＝1"])
def test_a_cell_is_no_formula(text: str) -> None:
    escaped = escape.cell(text)
    assert JOINER in escaped
    assert escaped.replace(JOINER, "") == escape.plain(text)
    assert not any(part.strip().startswith(("=", "+", "-", "@", "＝")) for part in escaped.split(";"))


def test_ordinary_names_stay_as_they_are() -> None:
    for text in ("784-128-10 · SGD 0.1 · batch 100", "Erster Versuch (neu), 50 %", "학습률 0.1: 빠름", "1.5 / 2"):
        assert escape.markdown(text) == escape.plotly(text) == escape.cell(text) == text


def test_typed_text_shows_nowhere_by_accident() -> None:
    text = UserText("a")
    for show in (str, "{}".format, lambda text: f"{text}", lambda text: "%s" % text, json.dumps):  # noqa: UP031
        with pytest.raises(TypeError):
            show(text)
    with pytest.raises(TypeError):
        message("The run {name}.", name=text).text()


def test_joined_text_is_still_to_be_said_where() -> None:
    text = escape.joined(" · ", UserText("=<b>"), "run 3")
    assert text == UserText("=<b> · run 3")
    with pytest.raises(TypeError):
        str(text)


def test_the_lines_of_a_text_are_plain() -> None:
    assert UserText("one\n\ntwo\u2028\x00three").rows == ["one", "", "two  three"]


# ---- no place that forgets it ----------------------------------------------------------------------------------


def sources(*folders: str) -> Iterator[tuple[str, ast.Module]]:
    for folder in folders:
        for file in sorted((ROOT / folder).rglob("*.py")):
            yield str(file.relative_to(ROOT)), ast.parse(file.read_text(encoding="utf-8"))


def test_who_shows_the_title_of_a_run_says_where() -> None:
    """A title may be what somebody typed; `{title}` in an f-string is found when it is drawn only."""
    wrong = []
    for file, tree in sources("mnist_core/ui", "pages"):
        with_variant = {
            id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in VARIANTS
        }
        for node in ast.walk(tree):
            is_title = (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and ast.unparse(node.func) in ("names.run_title", "names.variant")
            )
            if is_title and id(node) not in with_variant:
                wrong.append(f"{file}:{node.lineno}")  # type: ignore[attr-defined]
    assert wrong == []


def test_typed_text_as_it_is_goes_into_fields_and_files_only() -> None:
    places = {
        f"{file}: {ast.unparse(node)}"
        for file, tree in sources("mnist_core", "pages")
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr == "raw"
    }
    assert places == {
        "mnist_core/escape.py: self.raw",
        "mnist_core/escape.py: part.raw",
        "mnist_core/store/rounds.py: plan.title.raw",  # what the store keeps
        "mnist_core/store/rounds.py: plan.instruction.raw",
        "mnist_core/exchange/archive.py: run.name.raw",
        "mnist_core/exchange/archive.py: run.note.raw",
        "mnist_core/compare_page/table_panel.py: run.name.raw",  # the fields in which it is typed
        "mnist_core/compare_page/table_panel.py: run.note.raw",
        "mnist_core/ui/names.py: title.raw",
    }


def test_html_of_pages_is_our_own() -> None:
    """`st.html` shows constants, and one style with a sentence of the catalogs; nothing else lets HTML through."""
    own = re.compile(r"_?[A-Z]+( \+ lost_connection\.style\(\))?")
    for file, tree in sources("mnist_core/ui", "pages"):
        for node in ast.walk(tree):
            if isinstance(node, ast.keyword):
                assert node.arg not in ("unsafe_allow_html", "unsafe_allow_javascript"), file
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.html":
                assert own.fullmatch(ast.unparse(node.args[0])), f"{file}:{node.lineno}"
    for language in texts.LANGUAGES:
        with texts.speaking(language):
            assert re.findall("<[^>]*>?", lost_connection.style()) == ["<style>", "</style>"]


LINKS = [
    "[text](https://example.org)",
    "![picture](https://example.org/x.png)",
    "[text][name]\n\n[name]: https://example.org",
    "<https://example.org>",
    "<mail@example.org>",
    "`$` [text](https://example.org) `$`",
]


@pytest.mark.parametrize("text", LINKS)
def test_without_links_markdown_leads_nowhere(text: str) -> None:
    assert links(text)
    assert not links(escape.without_links(text))


@given(TYPED)
def test_without_links_no_text_leads_anywhere_and_reads_as_it_was_typed(text: str) -> None:
    escaped = escape.without_links(text)
    assert not links(escaped)
    assert not links(escape.as_typed(escaped))
    assert escaped.replace(JOINER, "") == text.replace(JOINER, "")


def links(text: str) -> list[str]:
    """What of this Markdown is a link or a picture."""
    tokens = MarkdownIt("commonmark").parse(text)
    children = [child for token in tokens for child in token.children or []]
    return [child.type for child in children if child.type in ("link_open", "image")]
