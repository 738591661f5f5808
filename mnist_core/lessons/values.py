"""YAML as plain values that know their lines, without what makes YAML dangerous or surprising.

No anchors, aliases or tags, no key twice, little nesting. Words are words: only `true` and `false` are a switch, `1e-3` is a number.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import yaml

from mnist_core import escape
from mnist_core.lessons.faults import Faults, shown
from mnist_core.messages import N_, Message, TypedText, message

MOST_NESTING = 6  # lists and mappings within each other
MOST_VALUES = 2_000  # of one block
_DIGITS = r"(\d{1,21}|\d{1,3}(_\d{3}){1,6})"  # with thousands in groups, as `typed_numbers` has them
_WHOLE = re.compile(rf"[-+]?{_DIGITS}", re.ASCII)
_NUMBER = re.compile(rf"[-+]?({_DIGITS}(\.\d{{0,20}})?|\.\d{{1,20}})([eE][-+]?\d{{1,3}})?", re.ASCII)
_WORDS = {"": None, "~": None, "null": None, "true": True, "false": False}


@dataclass(frozen=True)
class Value:
    """A text, number, switch or nothing, a list of Values, or a dict of them, and the line that it stands in (of its key, if any)."""

    line: int
    content: Any

    @property
    def plain(self) -> Any:
        """Without lines: lists and dicts of plain values."""
        if isinstance(self.content, list):
            return [value.plain for value in self.content]
        if isinstance(self.content, dict):
            return {key: value.plain for key, value in self.content.items()}
        return self.content


class _RefusedError(Exception):
    """Reading cannot go on; what is wrong has been told."""


def read(text: str, line: int, faults: Faults) -> Value | None:
    """The value that is written in `text`, whose first line is this one of the file; None where it is faulty."""
    reader = _Reader(text, line, faults)
    try:
        return reader.document()
    except _RefusedError:
        return None
    except yaml.MarkedYAMLError as error:
        sentence, mark = _in_words(error)
        faults.tell(line + (0 if mark is None else mark.line), sentence)
    except yaml.YAMLError:
        faults.add(line, N_("This has signs in it that are no letters."))
    except (ValueError, OverflowError):  # of PyYAML, such as of "\UFFFFFFFF"
        faults.add(line, N_("A number or a sign in this is too large to be read."))
    return None


_NO_ANCHORS = N_("Anchors, aliases and tags (&, *, !) are not possible. Use quotation marks.")
# What PyYAML says of common faults, and what to do about them; True: where that began says more than where it was noticed.
_FAULTS: tuple[tuple[str, str, bool], ...] = (
    (
        "mapping values are not allowed",
        N_(
            "A colon cannot stand here. Put a text with a colon between quotation marks. Begin each key on its own line, as far in as the others."
        ),
        False,
    ),
    ("could not find expected ':'", N_("A colon is missing: expected “key: value”."), False),
    (r"found character '\\t'", N_("A tab stands here. Use blanks to indent."), False),
    (
        "found character '(?P<sign>.+)' that cannot start",
        N_("No value can begin with {sign}. Put the text between quotation marks."),
        False,
    ),
    ("found unexpected end of stream", N_("A quotation mark is not closed. Add the second one."), True),
    ("found unexpected document separator", N_("A quotation mark is not closed. Add the second one."), True),
    (
        r"expected ',' or '\]'",
        N_("The list that begins with [ is not closed, or a comma is missing in it. Close it with ]."),
        True,
    ),
    (
        "expected ',' or '}'",
        N_("The entries that begin with {{ are not closed, or a comma is missing in them. Close them with }}."),
        True,
    ),
    (
        r"expected <block end>, but found '[]},]'",
        N_("A bracket or comma here is too much. Put a text that has one between quotation marks."),
        False,
    ),
    (
        "expected <block end>, but found '<scalar>'",
        N_("A text goes on after its last quotation mark. Put the other kind of quotation marks around it."),
        False,
    ),
    (
        "expected <block end>",
        N_("This line does not belong to those above. Indent all entries of a list or block equally."),
        False,
    ),
    (
        "sequence entries are not allowed",
        N_("No list can begin here. Begin it on a new line, each entry with “- ”."),
        False,
    ),
    (
        "found unknown escape character|expected escape sequence",
        N_("A backslash cannot stand between these quotation marks. Use single ones: '…'."),
        False,
    ),
    (
        "expected chomping|expected indentation|expected a comment or a line break",
        N_("Behind | or > nothing can stand. Begin the text on the next line, indented."),
        False,
    ),
    ("expected the node content", N_("A value is missing here, or a bracket or comma is too much."), False),
)


def _in_words(error: yaml.MarkedYAMLError) -> tuple[Message, Any]:
    """What is wrong and what to do, and the place."""
    reason, place = error.problem or "", error.problem_mark or error.context_mark
    if re.search("alias|anchor|tag", error.context or ""):
        return message(_NO_ANCHORS), place
    for pattern, template, from_beginning in _FAULTS:
        if found := re.match(pattern, reason):
            signs = {name: TypedText(sign) for name, sign in found.groupdict().items()}
            return message(template, **signs), (from_beginning and error.context_mark) or place
    template = N_("This cannot be read. Check its colons, quotation marks, brackets and blanks at the head of lines.")
    return message(template), place


class _Reader:
    """The events of a text, one after the other, so that nothing is built of what is refused."""

    def __init__(self, text: str, line: int, faults: Faults) -> None:
        self.events: Iterator[Any] = yaml.parse(text, Loader=yaml.SafeLoader)
        self.line, self.faults, self.count = line, faults, 0

    def document(self) -> Value:
        next(self.events)  # the stream begins
        if isinstance(next(self.events), yaml.StreamEndEvent):
            return Value(self.line, None)
        value = self.value(next(self.events), 0)
        next(self.events)  # the document ends
        after = next(self.events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self.refused(after, N_("A second part begins here. Leave --- and … out."))
        return value

    def value(self, event: Any, depth: int) -> Value:
        self.count += 1
        if isinstance(event, yaml.AliasEvent) or event.anchor is not None or event.tag is not None:
            raise self.refused(event, _NO_ANCHORS)
        if depth > MOST_NESTING or self.count > MOST_VALUES:
            raise self.refused(event, N_("This is nested too deep or too long."))
        line = self.line + event.start_mark.line
        if isinstance(event, yaml.ScalarEvent):
            text = _letters(event.value)
            return Value(line, text if event.style else unquoted(text))
        content = self.entries(depth) if isinstance(event, yaml.MappingStartEvent) else list(self.items(depth))
        return Value(line, content)

    def items(self, depth: int) -> Iterator[Value]:
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            yield self.value(event, depth + 1)

    def entries(self, depth: int) -> dict[str, Value]:
        found: dict[str, Value] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            key = self.value(event, depth + 1)
            if not isinstance(event, yaml.ScalarEvent):
                raise self.refused(event, N_("A key must be a word."))
            name = _letters(event.value)
            if name in found:
                self.faults.add(key.line, N_("{key} stands here for the second time."), key=shown(name))
            content = self.value(next(self.events), depth + 1).content
            found.setdefault(name, Value(key.line, content))
        return found

    def refused(self, event: Any, template: str) -> _RefusedError:
        self.faults.add(self.line + event.start_mark.line, template)
        return _RefusedError()


def _letters(text: str) -> str:
    """`text` without the signs that are no letters: an escape between quotation marks brings them back."""
    return "\n".join(map(escape.plain, text.split("\n")))


def unquoted(text: str) -> Any:
    """What a word is where no quotation marks stand around it."""
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.fullmatch(text):
        return int(text)
    if _NUMBER.fullmatch(text) and math.isfinite(number := float(text)):
        return number
    return text
