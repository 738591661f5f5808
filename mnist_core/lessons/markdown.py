"""The Markdown of a lesson: front matter, and prose, code, pictures and blocks in their order.

HTML and links are refused. What is left leads nowhere, also where another reader of Markdown finds a link that this one does not
(`escape.without_links`), and a single tilde strikes nothing out (`escape.as_typed`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby, takewhile

from markdown_it import MarkdownIt
from markdown_it.token import Token

from mnist_core import escape
from mnist_core.lessons.faults import Faults, shown
from mnist_core.lessons.schema import Code, Picture, Prose
from mnist_core.messages import N_

KINDS = ("run", "sweep", "range-test", "idea", "inspect", "compare", "predict", "question", "note", "check", "seal")
PICTURE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,59}\.(png|jpg|jpeg|webp)", re.ASCII)
MOST_NESTING = 12  # of Markdown's tokens: a paragraph of a list in a list has 5
MOST_CELLS = 5_000  # of all tables of a lesson: a parser fills each row up to the columns of its table
_BELOW_HEADERS = re.compile(r"[-:|>\s]+")  # the second line of a table, maybe in a quotation
_READER = MarkdownIt("commonmark").enable("table")


@dataclass(frozen=True)
class Fence:
    """A fence that is a block: its kind and name, and the YAML in it, whose first line is the one after `line`."""

    kind: str
    name: str
    text: str
    line: int


Piece = Prose | Code | Picture | Fence


def front_matter(lines: Sequence[str]) -> tuple[str, int] | None:
    """What stands between the first line and the next one that are `---`, and how many lines that is in all; None where it is not there."""
    if not lines or lines[0].rstrip() != "---":
        return None
    end = next((number for number, line in enumerate(lines[1:], 1) if line.rstrip() == "---"), None)
    return None if end is None else ("\n".join(lines[1:end]), end + 1)


def pieces(lines: Sequence[str], first: int, faults: Faults) -> list[Piece]:
    """What these lines hold, of which the first is this line of the file."""
    if not _fit(lines, first, faults):
        return []
    tokens = _READER.parse("\n".join(lines))
    _check(tokens, first, faults)
    found: list[Piece] = []
    begin, shown_lines = 0, _as_shown(lines, tokens)
    for piece, start, end in _set_apart(tokens, lines, first, faults):
        found += _prose(shown_lines, begin, start, first)
        found.append(piece)
        begin = end
    return found + _prose(shown_lines, begin, len(lines), first)


def checked(text: str, line: int, faults: Faults) -> str:
    """A text of one block, without what leads elsewhere."""
    if not _fit(text.split("\n"), line, faults, single=True):
        return ""
    tokens = _READER.parse(text)
    _check(tokens, line, faults, single=True)
    for token in tokens:
        if _picture(token) is not None:
            faults.add(line, N_("A picture stands in a paragraph of its own, not in a block or a sentence."))
    return "\n".join(_as_shown(text.split("\n"), tokens))


def _fit(lines: Sequence[str], first: int, faults: Faults, *, single: bool = False) -> bool:
    """Whether the tables in these lines, and all before, are small enough to be read. `single`: all of it is said of the first line."""
    for place in range(1, len(lines)):
        if "|" in lines[place - 1] and _BELOW_HEADERS.fullmatch(lines[place]):
            rows = takewhile(lambda line: line.strip("> \t"), lines[place:])  # with this one, for the headers
            faults.cells += sum(1 for _row in rows) * (lines[place].count("|") + 1)
        if faults.cells > MOST_CELLS:
            template = N_("The tables up to here have more than {most} cells in all. Use fewer or smaller ones.")
            faults.add(first if single else first + place, template, most=MOST_CELLS)
            return False
    return True


def _as_shown(lines: Sequence[str], tokens: Sequence[Token]) -> list[str]:
    """These lines as Streamlit is to show them: no text leads anywhere, none is struck out by single tildes."""
    code = {
        place
        for token in tokens
        if token.type in ("fence", "code_block") and token.map is not None
        for place in range(*token.map)
    }
    found: list[str] = []
    for is_code, places in groupby(range(len(lines)), code.__contains__):
        text = escape.without_links("\n".join(lines[place] for place in places))
        found += (text if is_code else escape.as_typed(text)).split("\n")
    return found


def _prose(lines: Sequence[str], begin: int, end: int, first: int) -> list[Piece]:
    while begin < end and not lines[begin].strip():
        begin += 1
    text = "\n".join(lines[begin:end]).rstrip()
    return [Prose(text, first + begin)] if text else []


def _set_apart(
    tokens: Sequence[Token], lines: Sequence[str], first: int, faults: Faults
) -> Iterator[tuple[Piece, int, int]]:
    """What is no prose, each with its first line and the one after its last, from 0."""
    for token in tokens:
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "fence":
            piece = _fence(token, lines, first, faults)
            if token.level == 0:
                yield piece, start, end
            elif isinstance(piece, Fence):
                faults.add(first + start, N_("A block stands by itself, not in a list or a quotation."))
        elif token.level == 1 and (image := _picture(token)) is not None:
            yield Picture(_source(image, first + start, faults), image.content, first + start), start, end


def _fence(token: Token, lines: Sequence[str], first: int, faults: Faults) -> Code | Fence:
    assert token.map is not None
    line = first + token.map[0]
    if not _is_closed(token, lines):
        faults.add(line, N_("What begins here has no end: its last line must be {fence}"), fence=token.markup)
    words = token.info.split()
    kind = words[0] if words else ""
    if kind in KINDS:
        return Fence(kind, " ".join(words[1:]), token.content, line)
    if len(words) == 2 and (close := get_close_matches(kind, KINDS, n=1)):
        faults.add(line, N_("There is no kind of block “{kind}”. Did you mean {likely}?"), kind=kind, likely=close[0])
    return Code(token.content.rstrip("\n"), kind, line)


def _is_closed(token: Token, lines: Sequence[str]) -> bool:
    assert token.map is not None
    start, end = token.map
    last = lines[end - 1].lstrip("> \t").rstrip()
    return end - start > 1 and len(last) >= len(token.markup) and set(last) == {token.markup[0]}


def _picture(token: Token) -> Token | None:
    """The picture that is all of a paragraph."""
    children = token.children or []
    return children[0] if token.type == "inline" and len(children) == 1 and children[0].type == "image" else None


def _source(image: Token, line: int, faults: Faults) -> str:
    file = str(image.attrs.get("src", ""))
    if not PICTURE.fullmatch(file):
        template = N_(
            "“{file}” is no picture beside the lesson. Name a PNG, JPEG or WebP file there, such as loss.png."
        )
        faults.add(line, template, file=shown(file))
    return file


def _check(tokens: Sequence[Token], first: int, faults: Faults, *, single: bool = False) -> None:
    """Tell what is refused. `single`: all of it is said of the first line."""
    line = first
    for token in tokens:
        if token.map is not None and not single:
            line = first + token.map[0]
        if token.level > MOST_NESTING:
            faults.add(line, N_("This is nested too deep or too long."))
            return
        if token.type == "html_block":
            faults.add(line, _NO_HTML, html=shown(token.content.strip()))
        alone = _picture(token)
        for child in token.children or []:
            if child.type in ("softbreak", "hardbreak"):
                line += not single
            elif child.type == "html_inline":
                faults.add(line, _NO_HTML, html=shown(child.content))
            elif child.type == "link_open":
                template = N_("Links are not possible. Write the address {address} as text, without brackets.")
                faults.add(line, template, address=shown(child.attrs.get("href", "")))
            elif child.type == "image" and (alone is None or token.level > 1):
                faults.add(line, N_("A picture stands in a paragraph of its own, not in a block or a sentence."))


_NO_HTML = N_("HTML is not possible: {html}. A < in a sentence or formula needs a blank after it.")
