"""A report's file: what was typed stays text, and everything that it needs is in it."""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import plotly
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mnist_core.escape import UserText, plain
from mnist_core.report import (
    Chart,
    Column,
    Quote,
    Report,
    Section,
    Table,
    with_script,
    without_script,
    written,
)
from mnist_core.ui.texts import catalog
from tests.report import sample

VOID = {"meta", "br"}


class Read(HTMLParser):
    """Elements with their attributes, and texts outside of scripts and styles, as a browser finds them."""

    def __init__(self, content: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.scripts: dict[str, str] = {}
        self.open: list[str] = []
        self._script = ""
        self.feed(content.decode())
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        self._script = str(dict(attributes).get("id", "ours")) if tag == "script" else ""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] == ["script"]:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        elif self.open[-1:] != ["style"]:
            self.texts.append(data)


def policy(read: Read) -> dict[str, str]:
    (content,) = [
        more["content"] or "" for tag, more in read.elements if more.get("http-equiv") == "Content-Security-Policy"
    ]
    return {rule.split()[0]: rule.partition(" ")[2] for rule in content.split("; ")}


def source(content: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()}'"


def shape(text: str) -> list[tuple[str, list[str]]]:
    """The elements of a report in which `text` was typed, with the names of their attributes."""
    read = Read(written(sample.report(text)))
    assert read.open == []
    return [(tag, sorted(more)) for tag, more in read.elements]


def test_typed_text_adds_no_element_and_no_attribute() -> None:
    assert shape(sample.typed()) == shape("harmless")


@given(st.text(max_size=30))
def test_any_text_is_shown_letter_by_letter(text: str) -> None:
    read = Read(written(Report(UserText(text), "en", [Section(UserText(text), [Quote(UserText(text))])])))
    assert [tag for tag, _more in read.elements if tag in ("h1", "h2")] == ["h1", "h2"]
    assert "".join(read.texts).count(plain(text)) >= 2  # title and headings; a quote has lines of its own


def test_scripts_are_those_of_the_policy() -> None:
    read = Read(written(sample.report(sample.typed())))
    packed = base64.b64decode(read.scripts["plotly"])
    assert packed[4:8] == bytes(4)  # no time in it: the same report gives the same bytes
    unpacked = gzip.decompress(packed).decode()
    assert unpacked.encode() == (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    rules = policy(read)
    assert rules["script-src"].split() == [source(read.scripts["ours"]), source(unpacked)]
    assert rules["default-src"] == rules["base-uri"] == rules["form-action"] == "'none'"
    assert "connect-src" not in rules  # nor any other: they are those of default-src
    kinds = [more.get("type", "") for tag, more in read.elements if tag == "script"]
    assert kinds == ["application/json", "text/plain", ""]


def test_nothing_is_asked_for_elsewhere() -> None:
    read = Read(written(sample.report("ann")))
    addresses = [more.get(name) for _tag, more in read.elements for name in ("src", "href", "action") if name in more]
    assert addresses == ["#s0", "#s1", "#s2"]


def test_the_script_is_the_apps_without_its_export() -> None:
    script = Read(written(sample.report("ann"))).scripts["ours"]
    assert "function drawChart(component) {" in script
    assert not re.search(r"^export|</script|<!--", script, re.MULTILINE | re.IGNORECASE)


def data_of(report: Report) -> Any:
    return json.loads(Read(written(report)).scripts["charts"])


def test_a_chart_is_there_once_with_the_colors_of_dark_ground() -> None:
    drawn = sample.chart("ann")
    (chart,) = data_of(Report("r", "en", [Section("s", [drawn])]))["charts"]
    assert chart["figure"] == drawn.light
    assert 0 < len(json.dumps(chart["dark"])) < len(json.dumps(drawn.dark)) / 2
    figure = chart["figure"]
    for path, value in chart["dark"]:
        inner = figure
        for name in path[:-1]:
            inner = inner[name]
        inner[path[-1]] = value
    assert figure == drawn.dark


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ('<a href="https://elsewhere/">x</a>', '&lt;a href="https://elsewhere/">x&lt;/a>'),
        ("<b>x</b><br>y<extra></extra>", "<b>x</b><br>y<extra></extra>"),
        ('<span style="color:#fff">x</span>', '<span style="color:#fff">x</span>'),
        ('<span style="color:url(&quot;x)" href="y">', '&lt;span style="color:url(&quot;x)" href="y">'),
        ("<img src=x>", "&lt;img src=x>"),
    ],
)
def test_of_plotlys_tags_those_that_lead_nowhere_are_left(text: str, drawn: str) -> None:
    figure = {"data": [{"name": text, "x": [1.0, float("nan")]}], "layout": {}}
    (chart,) = data_of(Report("r", "en", [Section("s", [Chart(figure, figure, "d")])]))["charts"]
    assert chart["figure"]["data"] == [{"name": drawn, "x": [1.0, None]}]
    assert chart["dark"] == []


def test_the_same_report_gives_the_same_bytes() -> None:
    assert written(sample.report("ann")) == written(sample.report("ann"))


def test_a_report_without_charts_is_small() -> None:
    content = written(Report("r", "en", [Section("s", [Quote(UserText("x"))])]))
    assert len(content) < 50_000 < 1_000_000 < len(written(sample.report("ann"))) < 2_500_000


def test_a_table_has_a_caption_headers_and_exact_numbers() -> None:
    table = Table("All runs", [Column("Nickname"), Column("Accuracy", ".1%")], [["ann", 0.97512], ["bob", None]])
    content = written(Report("r", "en", [Section("s", [table])])).decode()
    assert "<caption>All runs</caption>" in content
    assert '<th scope="col">Nickname</th><th scope="col" class="number">Accuracy</th>' in content.replace("\n", "")
    assert '<tr><th scope="row">ann</th><td class="number" data-value="0.97512">97.5%</td></tr>' in content
    assert '<tr><th scope="row">bob</th><td class="number">–</td></tr>' in content


def test_a_row_of_another_length_is_no_table() -> None:
    with pytest.raises(ValueError, match="zip"):
        written(Report("r", "en", [Section("s", [Table("t", [Column("a")], [["x", "y"]])])]))


def test_the_file_speaks_the_reports_language() -> None:
    content = written(sample.report("ann", "ko"), catalog("ko").gettext).decode()
    assert '<html lang="ko">' in content
    assert '<nav aria-label="목차">' in content


@pytest.mark.parametrize("text", ["Ann", sample.typed(), '<script type="text/plain" id="plotly">x</script>'])
def test_the_script_is_taken_out_and_put_back(text: str) -> None:
    content = written(sample.report(text))
    page, script = without_script(content)
    assert len(page) < 200_000
    assert gzip.decompress(script) == (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    assert with_script(page, script) == content


def test_a_report_without_charts_has_no_script_to_take_out() -> None:
    content = written(Report("Nothing", "en", []))
    assert without_script(content) == (content, b"")
    assert with_script(content, b"") == content
