"""A report as one HTML file: all that it needs is in it, and the same report gives the same bytes.

What a person typed cannot become markup or script: texts are escaped, data of charts is JSON without `<`, and the file's own
policy lets no script run but the two whose hashes it names (ours, and Plotly's), and asks the network for nothing. Plotly's
script lies in the file compressed, which makes a report of 2 MB out of one of 5; without a chart it is left out. Charts are
drawn by the script that draws them in the app (`ui/scripts/chart.js`).
"""

from __future__ import annotations

import base64
import gzip
import hashlib
import json
import math
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import plotly

from mnist_core import escape
from mnist_core.escape import UserText
from mnist_core.messages import N_, Translate
from mnist_core.report.document import Cell, Chart, Column, Facts, Paragraph, Part, Quote, Report, Section, Table, Words

_HERE = Path(__file__).parent
_CHART = _HERE.parent / "ui" / "scripts" / "chart.js"
_PLOTLY = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
_EXPORT = "export default function (component)"  # what a module hands out, the file has as a function
_PLOTLY_HEAD = '<script type="text/plain" id="plotly">'  # nothing that is typed has such an element
CONTENTS_FROM = 3  # sections: a report of fewer has no list of them
# What figures of ours may say in Plotly's own words; any other tag is shown as letters. It could be a link.
_TAG = re.compile(r'<(?!/?(?:b|i|sub|sup|extra|span)>|br ?/?>|span style="[\w #:;.,%()-]*">)')


def written(report: Report, translate: Translate = str) -> bytes:
    """The file. `translate`: into the report's language (default: English), for what the writer says itself."""
    charts = [part for section in report.sections for part in section.parts if isinstance(part, Chart)]
    script = _script()
    lines = [
        "<!DOCTYPE html>",
        f'<html lang="{escape.html(report.language)}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(script)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        '<meta name="referrer" content="no-referrer">',
        '<meta name="color-scheme" content="light dark">',
        f"<title>{_html(report.title)}</title>",
        f"<style>{_text('report.css')}</style>",
        "</head>",
        "<body>",
        "<main>",
        *_body(report, translate),
        "</main>",
        f'<script type="application/json" id="charts">{_data(charts, translate)}</script>',
    ]
    if charts:
        lines.append(f"{_PLOTLY_HEAD}{_plotly_packed()}</script>")
    lines += [f"<script>{script}</script>", "</body>", "</html>", ""]
    return "\n".join(lines).encode()


def without_script(content: bytes) -> tuple[bytes, bytes]:
    """A report's file without Plotly's script, and the script, which many have alike; empty where it has no charts."""
    before, head, after = content.partition(_PLOTLY_HEAD.encode())
    script, end, rest = after.partition(b"</script>")
    return before + head + end + rest, base64.b64decode(script)


def with_script(page: bytes, script: bytes) -> bytes:
    """The file that `without_script` was given."""
    head = _PLOTLY_HEAD.encode()
    return page.replace(head, head + base64.b64encode(script), 1) if script else page


# ---- what is read ----------------------------------------------------------------------------------------------


def _html(words: Words) -> str:
    return words.html if isinstance(words, UserText) else escape.html(words)


def _body(report: Report, translate: Translate) -> Iterator[str]:
    yield f"<header><h1>{_html(report.title)}</h1>"
    yield from (f'<p class="lead">{_html(words)}</p>' for words in report.lead)
    for blank in report.blanks:
        yield f'<p class="blank"><span>{_html(blank.label)}</span><span class="line">{blank.text.html}</span></p>'
    yield "</header>"
    if len(report.sections) >= CONTENTS_FROM:
        yield from _contents(report.sections, translate(N_("Contents")))
    numbers = iter(range(1_000_000))
    for place, section in enumerate(report.sections):
        kind = ' class="new-page"' if section.new_page else ""
        yield f'<section id="s{place}" aria-labelledby="h{place}"{kind}><h2 id="h{place}">{_html(section.title)}</h2>'
        for part in section.parts:
            yield from _part(part, numbers, translate)
        yield "</section>"


def _contents(sections: Sequence[Section], title: str) -> Iterator[str]:
    yield f'<nav aria-label="{escape.html(title)}"><ul>'
    yield from (f'<li><a href="#s{place}">{_html(section.title)}</a></li>' for place, section in enumerate(sections))
    yield "</ul></nav>"


def _part(part: Part, numbers: Iterator[int], translate: Translate) -> Iterator[str]:
    match part:
        case Paragraph(text):
            yield f"<p>{_html(text)}</p>"
        case Quote(text, formatted):
            lines = map(escape.formatted_html if formatted else escape.html, text.rows)
            yield f"<blockquote>{'<br>'.join(lines)}</blockquote>"
        case Facts(rows):
            yield "<dl>"
            yield from (f"<div><dt>{_html(name)}</dt><dd>{_html(value)}</dd></div>" for name, value in rows)
            yield "</dl>"
        case Table():
            yield from _table(part)
        case Chart():
            # What stands here is read where no script runs; the chart takes its place.
            number = next(numbers)
            height = f"min-height:{part.height}px"
            yield f'<figure data-chart="{number}" style="{height}"><p>{escape.html(part.description)}</p></figure>'


def _table(table: Table) -> Iterator[str]:
    caption = _html(table.caption)
    yield f'<div class="table" role="region" aria-label="{caption}" tabindex="0"><table><caption>{caption}</caption>'
    yield "<thead><tr>"
    kinds = [_kind(table, place) for place in range(len(table.columns))]
    heads = zip(table.columns, kinds, strict=True)
    yield from (f'<th scope="col"{kind}>{_html(column.title)}</th>' for column, kind in heads)
    yield "</tr></thead><tbody>"
    for row in table.rows:
        kinds_of = zip(row, table.columns, kinds, strict=True)
        cells = (_cell(*three, head=not place) for place, three in enumerate(kinds_of))
        yield f"<tr>{''.join(cells)}</tr>"
    yield "</tbody></table></div>"


def _kind(table: Table, place: int) -> str:
    return ' class="number"' if any(isinstance(row[place], int | float) for row in table.rows) else ""


def _cell(cell: Cell, column: Column, kind: str, *, head: bool) -> str:
    """A cell; the first of a row is its header. Numbers have their exact value beside, to sort by."""
    tag = 'th scope="row"' if head else "td"
    if cell is None:
        text = f"<{tag}{kind}>–"
    elif isinstance(cell, int | float):
        text = f'<{tag}{kind} data-value="{cell!r}">{escape.html(_number(cell, column.form))}'
    else:
        text = f"<{tag}>{_html(cell)}"
    return f"{text}</{tag.split()[0]}>"


def _number(value: float, form: str) -> str:
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else ("∞" if value > 0 else "−∞")
    return format(value, form)


# ---- what the file's scripts know ------------------------------------------------------------------------------


def _data(charts: Sequence[Chart], translate: Translate) -> str:
    """The charts as JSON that ends no element, whatever stands in it."""
    content = {
        "charts": [
            {
                "figure": _safe(chart.light),
                "dark": list(_changes(_safe(chart.light), _safe(chart.dark))),
                "height": chart.height,
                "description": escape.plain(chart.description),
            }
            for chart in charts
        ],
        "svg": translate(N_("Download as SVG")),
        "failure": translate(N_("This browser cannot draw the charts of this file. Open it in a newer browser.")),
    }
    return json.dumps(content, allow_nan=False, separators=(",", ":")).replace("<", "\\u003c")


def _safe(value: Any) -> Any:
    """A figure's value as JSON can have it; of Plotly's tags those that are known."""
    match value:
        case str():
            return _TAG.sub("&lt;", value)
        case dict():
            return {name: _safe(inner) for name, inner in value.items()}
        case list() | tuple():
            return [_safe(inner) for inner in value]
        case float() if not math.isfinite(value):
            return None
    return value


def _changes(light: Any, dark: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """Where the dark figure differs, and what stands there: only colors do, so that the data is there once."""
    if isinstance(light, dict) and isinstance(dark, dict) and light.keys() == dark.keys():
        for name in light:
            yield from _changes(light[name], dark[name], (*path, name))
    elif isinstance(light, list) and isinstance(dark, list) and len(light) == len(dark):
        for place, (one, other) in enumerate(zip(light, dark, strict=True)):
            yield from _changes(one, other, (*path, place))
    elif light != dark:
        yield path, dark


def _policy(script: str) -> str:
    """No script but ours and Plotly's, and no address at all."""
    rules = {
        "default-src": "'none'",
        "script-src": f"{_source(hashlib.sha256(script.encode()).digest())} {_source(_plotly_hash())}",
        "style-src": "'unsafe-inline'",  # Plotly writes style elements and attributes
        "img-src": "data: blob:",  # a chart that is saved is drawn as an image first
        "base-uri": "'none'",
        "form-action": "'none'",
    }
    return "; ".join(f"{name} {sources}" for name, sources in rules.items())


def _source(digest: bytes) -> str:
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _text(file: str) -> str:
    return (_HERE / file).read_text(encoding="utf-8")


def _script() -> str:
    """Our script: the app's for charts, and the report's own."""
    chart = _CHART.read_text(encoding="utf-8").replace(_EXPORT, "function drawChart(component)")
    return f'(() => {{\n"use strict";\n{chart}\n{_text("report.js")}\n}})();'


@lru_cache(maxsize=1)
def _plotly_packed() -> str:
    return base64.b64encode(gzip.compress(_PLOTLY.read_bytes(), 9, mtime=0)).decode()


@lru_cache(maxsize=1)
def _plotly_hash() -> bytes:
    return hashlib.sha256(_PLOTLY.read_bytes()).digest()
