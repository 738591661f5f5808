"""Text that somebody typed, made into text for where it is shown: Markdown, Plotly's labels, HTML and SVG, tables.

A name may hold anything: an image whose address another student's browser would fetch, a link, a badge, a tag that breaks a
legend, a formula for a spreadsheet. Shown through here it is what was typed, letter by letter, and nothing else.
"""

from __future__ import annotations

import html as _html
import re
from dataclasses import dataclass

# Invisible and no blank (U+2060): what is no longer beside its neighbor is no link to Markdown, and no formula to a spreadsheet.
JOINER = "\u2060"
# The same for Streamlit, which looks for addresses, icons and arrows after Markdown was read, where an escaped sign is a sign again.
# It is an element without a letter: who copies the text has what was typed.
SPLIT = ":gray[]"
_PLACE = "\0"  # where it is to stand: `plain` leaves no such sign
# Signs that Markdown, Streamlit's colors and formulas are made of, and a colon before a word (`:red[…]`, `:tada:`).
_SIGNS = re.compile(r"[\\`*_\[\]{}<>&$~|#!^=]|:(?!\s|$)")
_LIST = re.compile(r"^(\d*(?=[.)](?:\s|$)))([.)])|^([-+])")  # at the head of a line: a list, or a line across
_ITEM = re.compile(r"\s*(?:([-*+])|(\d{1,3})[.)])\s+")  # of a list
# What `markdown` made of **bold** and *italic*: no blank inside at the ends, and none of it across another.
_EMPHASIS = tuple(
    (re.compile(rf"(?<!&#42;){sign}(?=[^\s&])((?:(?!&#42;).)*?[^\s;])\s*{sign}(?!&#42;)"), mark)
    for sign, mark in (("&#42;&#42;", "**"), ("&#42;", "*"))
)
_FOUND_LATER = re.compile(
    r"(?<=:)(?=[\w+-]+:)"  # :smile: :material_check: :streamlit:
    r"|(?<=[hH][tT][tT][pP]:)(?=//)|(?<=[hH][tT][tT][pP][sS]:)(?=//)|(?<=[wW]{3})(?=\.)"
    r"|(?<=[-.\w+])(?=@)"  # an address for mail
    r"|(?<=[-<>~])(?=[-=>])"  # -> becomes an arrow, -- a dash
)
# Where Markdown makes a link: [text](address), [name]: address, <address>, and an address that stands in a sentence.
_TAGS = ((re.compile(r"\*\*(?!\s)(.+?)(?<!\s)\*\*"), "strong"), (re.compile(r"\*(?!\s)([^*<]+?)(?<!\s)\*"), "em"))
_LEADS = re.compile(
    r"(?<=\])(?=[(:])|(?<=<)(?=[A-Za-z][\w+.-]{1,31}:|[^\s<>]{1,99}@)"
    r"|(?<=[hH][tT][tT][pP]:)(?=//)|(?<=[hH][tT][tT][pP][sS]:)(?=//)|(?<=[wW]{3})(?=\.)|(?<=[-.\w+])(?=@[\w-]+\.)"
)
_CUT_ADDRESS = (
    rf"(?<=[pPsS]):{JOINER}(?=//)|(?<=[wW]{{3}}){JOINER}(?=\.)|(?<=[-.\w+]){JOINER}(?=@)"  # by the last three of these
)
# A tilde between words, which would strike out what stands between it and the next: "5~10 minutes, 3~4 students", and an address.
# What comes before in the pattern is passed over: an escaped sign, code, a formula.
_IN_TEXT = re.compile(
    r"\\.|(?<![`$])(`{1,3}|\${1,2})(?![`$])(?:(?!\n[ \t]*\n).)+?(?<![`$])\1(?![`$])"
    rf"|(?<!~)(?P<tilde>~)(?!~)|(?P<cut>{_CUT_ADDRESS})",
    re.DOTALL,
)
# What a spreadsheet takes for the beginning of a formula (the wide signs, too), at the head of a cell or of what it may take
# for one.
_FORMULA = re.compile(r"(^|[;|])(\s*)(?=[=+\-@＝＋－＠])")
# No letters: what steers a terminal or a printer, turns the direction of what follows around, or is half a letter.
_NO_LETTERS = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class UserText:
    """What somebody typed (a name, a note). It shows nowhere as it is: whoever shows it says where, and gets a string for there.

    Formatting it (`f"{text}"`) raises TypeError, so that no place is forgotten.
    """

    raw: str = ""

    @property
    def markdown(self) -> str:
        """For everything of Streamlit's that reads Markdown: texts, labels of buttons and switches, tips, messages."""
        return markdown(self.raw)

    @property
    def formatted(self) -> str:
        """The same for a text of several lines, of which paragraphs, lists, **bold** and *italic* stay what they are."""
        return formatted(self.raw)

    @property
    def plotly(self) -> str:
        """For figures: names, titles, ticks, notes, hover."""
        return plotly(self.raw)

    @property
    def html(self) -> str:
        """For HTML and SVG, between tags and in attributes."""
        return html(self.raw)

    @property
    def cell(self) -> str:
        """For cells of tables, which may be saved as CSV."""
        return cell(self.raw)

    @property
    def plain(self) -> str:
        """For what shows text as text: fields, entries of a list to choose from, what is read to those who do not see."""
        return plain(self.raw)

    @property
    def rows(self) -> list[str]:
        """Its lines, each as `plain`."""
        return [plain(row) for row in self.raw.split("\n")]

    def __bool__(self) -> bool:
        return bool(self.raw)

    def __str__(self) -> str:
        raise TypeError("Say where this text is to stand: .markdown, .plotly, .html, .cell or .plain.")

    def __format__(self, _spec: str) -> str:
        return str(self)


def joined(separator: str, *parts: str | UserText) -> UserText:
    """What was typed together with words of ours, or of somebody else, as one text."""
    return UserText(separator.join(part.raw if isinstance(part, UserText) else part for part in parts))


def plain(text: str) -> str:
    """`text` in one line, with a blank in place of each sign that is no letter (control signs, turned direction)."""
    return _NO_LETTERS.sub(" ", text)


def visible(text: str) -> str:
    """`text` with a sign that can be seen in place of each that is no letter: ␀, ␡, or its number."""

    def sign(found: re.Match[str]) -> str:
        number = ord(found[0])
        return chr(0x2400 + number) if number < 32 else "␡" if number == 127 else f"[U+{number:04X}]"

    return _NO_LETTERS.sub(sign, text)


def line(text: str) -> str:
    """`text` as it is kept where one line is meant, such as a name: in one line, without blanks at its ends."""
    return " ".join(plain(text).split())


def lines(text: str) -> str:
    """`text` as it is kept where several lines are meant, such as a note."""
    return "\n".join(plain(row).rstrip() for row in text.splitlines()).strip()


def markdown(text: str) -> str:
    """`text` as Streamlit's Markdown that shows it, in one line."""
    joined = _FOUND_LATER.sub(_PLACE, plain(text))
    signs = _SIGNS.sub(lambda sign: f"&#{ord(sign[0])};", joined.strip())
    lines = _LIST.sub(lambda head: f"{head[1] or ''}&#{ord(head[2] or head[3])};", signs)
    return lines.replace(_PLACE, SPLIT)


def formatted(text: str) -> str:
    """`text` as Streamlit's Markdown, line by line: lists, **bold** and *italic* stay, all else is shown as it was typed."""
    return "\n".join(map(_formatted_line, text.splitlines()))


def without_links(text: str) -> str:
    """Markdown that stays what it is, but leads nowhere: an address is shown as text. Of pictures the same is true."""
    return _LEADS.sub(JOINER, text)


def as_typed(text: str) -> str:
    """Markdown `without_links` that stays what it is, but outside of code and formulas a single tilde is a sign, as between two
    numbers (two strike out), and who copies an address has what was typed."""

    def shown(found: re.Match[str]) -> str:
        if found["tilde"]:
            return r"\~"
        return found[0].replace(":", "&#58;").replace(JOINER, SPLIT) if found["cut"] else found[0]

    return _IN_TEXT.sub(shown, text)


def without_escapes(text: str) -> str:
    """What Markdown from here was before `without_links` and `as_typed`, for what shows it letter by letter."""
    return text.replace(JOINER, "").replace(f"&#58;{SPLIT}", ":").replace(SPLIT, "").replace(r"\~", "~")


def _formatted_line(row: str) -> str:
    item = _ITEM.match(row)
    head = "" if item is None else ("- " if item[2] is None else f"{item[2]}. ")
    shown = markdown(row if item is None else row[item.end() :])
    for marked, mark in _EMPHASIS:
        shown = marked.sub(rf"{mark}\1{mark}", shown)
    return f"{head}{shown}" if item is not None else f"{shown}  "  # two blanks: the next line begins a line


def plotly(text: str) -> str:
    """`text` as a label of Plotly's that shows it: no tag, no field of a hover template, no formula."""
    escaped = plain(text).replace("&", "&amp;").replace("<", "&lt;").replace("$", "&#36;")
    return escaped.replace("%{", "%&#123;")


def html(text: str) -> str:
    """`text` for HTML and SVG, between tags or in an attribute with quotes."""
    return _html.escape(plain(text), quote=True)


def formatted_html(row: str) -> str:
    """A line for HTML in which a list's sign, **bold** and *italic* are what they are, as in `formatted`."""
    item = _ITEM.match(row)
    shown = html(row if item is None else row[item.end() :])
    for marked, tag in _TAGS:
        shown = marked.sub(rf"<{tag}>\1</{tag}>", shown)
    if item is None:
        return shown
    return f"• {shown}" if item[2] is None else f"{item[2]}. {shown}"


def cell(text: str) -> str:
    """`text` as a cell of a table: saved as CSV and opened in a spreadsheet, it is no formula."""
    return _FORMULA.sub(lambda head: f"{head[1]}{head[2]}{JOINER}", plain(text))


NOTHING = UserText()
