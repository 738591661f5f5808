"""The catalogs: complete, with the same fields as the English, and no visible text that bypasses them."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path
from string import Formatter
from typing import Any

import pytest
from babel.messages.catalog import Message

from mnist_core.ui import texts
from tests.every_file import for_every_file

ROOT = Path(__file__).parents[1]
UPDATE: dict[str, Any] = runpy.run_path(str(ROOT / "locales" / "update.py"))
CATALOGS: list[Path] = UPDATE["catalog_files"]()


def entries(file: Path) -> list[Message]:
    """The catalog's texts, without its header."""
    return [entry for entry in UPDATE["read"](file) if entry.id]


def forms(text: str | Sequence[str]) -> Sequence[str]:
    """The text, or its singular and plural."""
    return [text] if isinstance(text, str) else text


def fields(text: str | Sequence[str]) -> set[str]:
    """Names of the fields in all forms of `text`."""
    parts = (part for form in forms(text) for part in Formatter().parse(form))
    return {name for _literal, name, _spec, _conversion in parts if name is not None}


def test_every_language_has_a_catalog() -> None:
    assert {UPDATE["language"](file) for file in CATALOGS} | {"en"} == set(texts.LANGUAGES)


@pytest.mark.parametrize("file", CATALOGS, ids=lambda file: file.parts[-3])
class TestCatalog:
    def test_has_every_text_and_nothing_else(self, file: Path) -> None:
        texts, ids = UPDATE["texts"](), [entry.id for entry in entries(file)]
        assert not set(texts) - set(ids), "new texts: python locales/update.py, then translate them"
        assert not set(ids) - set(texts), "texts that are gone: python locales/update.py"
        assert not UPDATE["read"](file).obsolete

    def test_every_text_is_translated(self, file: Path) -> None:
        assert not [entry.id for entry in entries(file) if not all(forms(entry.string)) or entry.fuzzy]

    def test_fields_are_the_same_as_in_english(self, file: Path) -> None:
        wrong = [entry.id for entry in entries(file) if fields(entry.string) != fields(entry.id)]
        assert not wrong

    def test_markdown_and_icons_are_kept(self, file: Path) -> None:
        signs = re.compile(r":material/\w+:|`[^`]*`|\*\*|\[|\]\(")
        wrong = [
            entry.id
            for entry in entries(file)
            for translated, original in product(forms(entry.string), forms(entry.id))
            if sorted(signs.findall(translated)) != sorted(signs.findall(original))
        ]
        assert not wrong

    def test_is_as_the_tool_writes_it(self, file: Path) -> None:
        assert file.read_text(encoding="utf-8") == UPDATE["updated"](file), "python locales/update.py"


def test_korean_needs_no_particle_that_depends_on_a_value() -> None:
    """Korean particles depend on the sound before them, which a value does not tell."""
    alternatives = re.compile(r"\((은|는|이|가|을|를|과|와|로|으로)\)")
    after_a_field = re.compile(r"\}(은|는|이|가|을|를|과|와|로|으로)(?![가-힣])|\}(라는|이라는|였|이었)")
    korean = entries(ROOT / "locales" / "ko" / "LC_MESSAGES" / "mnist_lab.po")
    texts = [text for entry in korean for text in forms(entry.string)]
    assert not [text for text in texts if alternatives.search(text) or after_a_field.search(text)]


def test_one_thing_is_singular_and_korean_has_one_form(monkeypatch: pytest.MonkeyPatch) -> None:
    def translated(code: str, n: int) -> str:
        monkeypatch.setattr(texts, "language", lambda: code)
        return texts.ngettext("{n} earlier run", "{n} earlier runs", n).format(n=n)

    assert [translated("en", n) for n in (0, 1, 2)] == ["0 earlier runs", "1 earlier run", "2 earlier runs"]
    assert [translated("ko", n) for n in (1, 2)] == ["이전 실행 1개", "이전 실행 2개"]


def test_a_text_without_translation_is_shown_in_english() -> None:
    assert texts.catalog("ko").gettext("No such text") == "No such text"
    assert texts.catalog("en").gettext("Learning rate") == "Learning rate"
    assert texts.catalog("ko").gettext("Learning rate") == "학습률"


# Calls whose arguments a student reads: the first one and some keywords, or only keywords.
FIRST = """
title header subheader markdown write caption text info warning error success toast button download_button checkbox
toggle radio selectbox multiselect slider select_slider text_input text_area number_input segmented_control pills
file_uploader metric expander popover spinner status tabs color_picker form_submit_button chat_input link_button
menu_button
"""
ONLY_KEYWORDS = "page_link image Page progress dataframe table columns container"
CALLS = dict.fromkeys(FIRST.split(), True) | dict.fromkeys(ONLY_KEYWORDS.split(), False)
KEYWORDS = {"label", "body", "text", "caption", "help", "placeholder", "title", "description"}
# In figures: keys of Plotly's dicts that hold words.
FIGURE_KEYS = {"text", "title", "name", "hovertemplate", "ticktext"}
# Read in every language.
SAME_EVERYWHERE = {"Language · 언어", "MNIST Lab"}


def sources(*folders: str) -> list[Path]:
    """Python files below the folders."""
    return sorted(file for folder in folders for file in (ROOT / folder).rglob("*.py"))


def literals(node: ast.AST) -> Iterator[ast.Constant]:
    """Strings in an expression that are shown as they stand: not what is handed to calls, such as `_("…")`."""
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("format", "join"):
            yield from literals(node.func.value)
        return
    if isinstance(node, ast.Subscript | ast.Compare | ast.Dict):
        return
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from literals(child)


def has_words(text: str) -> bool:
    """Whether there is something to translate in `text`, apart from icons, colors, Plotly's fields and units."""
    signs = r":material/\w+:|:\w+(-\w+)?\[|%\{[^}]*\}|<[^>]*>|\{[^}]*\}|&\w+;"
    return text not in SAME_EVERYWHERE and bool(re.search(r"[^\W\d_]{2,}", re.sub(signs, " ", text)))


def untranslated(code: str, *, figures: bool) -> list[str]:
    """Visible words in the code that do not pass through the catalog, each with its line."""
    parts = [part for node in ast.walk(ast.parse(code)) for part in _shown(node, figures=figures)]
    words = {(text.lineno, str(text.value)) for part in parts for text in literals(part)}
    return [f"line {line}: {text!r}" for line, text in sorted(words) if has_words(text)]


def _shown(node: ast.AST, *, figures: bool) -> Iterator[ast.expr]:
    if isinstance(node, ast.Dict) and figures:
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in FIGURE_KEYS:
                yield value
    if not isinstance(node, ast.Call):
        return
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    # The controls of a panel take their own name first (ui/panel.py).
    first = 1 if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) == "panel" else 0
    if name == "one_of":
        yield node.args[1]
        yield from node.args[2].values if isinstance(node.args[2], ast.Dict) else ()
    if name in CALLS:
        yield from node.args[first : first + 1] if CALLS[name] else ()
        yield from (keyword.value for keyword in node.keywords if keyword.arg in KEYWORDS)


# Folders of what a student sees.
SEEN = ("pages", *(f"mnist_core/{name}" for name in ("ui", "figures", "panels", "ideas")))
PAGE_FOLDERS = tuple(str(folder.relative_to(ROOT)) for folder in sorted((ROOT / "mnist_core").glob("*_page")))


@for_every_file(sources(*SEEN, *PAGE_FOLDERS))
def test_no_visible_words_bypass_the_catalog(file: Path) -> None:
    figures = "figures" in file.parts or file.stem.endswith("figure")
    assert not untranslated(file.read_text(encoding="utf-8"), figures=figures)


@pytest.mark.parametrize(
    ("code", "caught"),
    [
        ('st.button("Press")', True),
        ('st.button(_("Press"), help="Now")', True),
        ('st.markdown(f"**{name}** or so")', True),
        ('st.caption("Step {n}".format(n=1))', True),
        ('st.tabs(["One", "Two"])', True),
        ('st.info("Yes" if ready else _("No"))', True),
        ('panel.one_of("answer", _("Answer"), {1: N_("yes"), 0: "no"}, 1)', True),
        ('panel.one_of("answer", _("Answer"), {1: N_("yes"), 0: N_("no")}, 1)', False),
        ('panel.slider("rate", "Rate", 0, 1, 0)', True),
        ('panel.slider("rate", _("Rate"), 0, 1, 0)', False),
        ('st.button(_("Press"), key="press", icon=":material/play_arrow:")', False),
        ('st.markdown(f"**{_(title)}** :gray-badge[{state}]")', False),
        ('st.caption(_("Step {n}").format(n=1))', False),
        ('st.page_link("pages/data.py", label=_("Data"))', False),
        ('st.columns([4, 5], gap="medium")', False),
    ],
)
def test_the_search_for_visible_words_finds_them(code: str, caught: bool) -> None:
    assert bool(untranslated(code, figures=False)) == caught


@for_every_file(sources("pages", "mnist_core"))
def test_what_is_marked_for_translation_can_be_found_in_the_source(file: Path) -> None:
    """`_(f"…")` is never in a catalog, and neither is a text put together with +; both forms of one that counts."""
    marks = [
        node
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_", "ngettext")
    ]
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno}"
        for node in marks
        if isinstance(node.args[0], ast.JoinedStr | ast.BinOp)
        or (
            isinstance(node.func, ast.Name)
            and node.func.id != "_"
            and not all(isinstance(text, ast.Constant) for text in node.args[:2])
        )
    ]
    assert not wrong


@for_every_file(sources("pages", "mnist_core"))
def test_no_text_stands_inside_of_an_f_string(file: Path) -> None:
    """What collects texts sees them there from Python 3.12 on alone, and would write another catalog than on 3.11."""
    templates = [
        node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.JoinedStr)
    ]
    calls = [node for template in templates for node in ast.walk(template) if isinstance(node, ast.Call)]
    marked = [node for node in calls if isinstance(node.func, ast.Name) and node.func.id in ("_", "N_", "ngettext")]
    wrong = [node.lineno for node in marked if any(isinstance(argument, ast.Constant) for argument in node.args)]
    assert not wrong


def test_every_text_is_found_by_what_collects_them() -> None:
    known = {form for text in UPDATE["texts"]() for form in forms(text)}
    calls = (
        node
        for file in [*(ROOT / "mnist_core").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "app.py"]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("_", "N_", "ngettext")
    )
    literals = {
        argument.value
        for call in calls
        for argument in call.args[: 2 if isinstance(call.func, ast.Name) and call.func.id == "ngettext" else 1]
        if isinstance(argument, ast.Constant) and isinstance(argument.value, str) and argument.value
    }
    assert literals
    assert not literals - known
