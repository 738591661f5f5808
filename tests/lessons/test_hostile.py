"""Whatever a file says, it is a lesson or a list of faults with lines of that file, and soon."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mnist_core.errors import LessonError
from mnist_core.lessons import Lesson, read, reader
from mnist_core.lessons.blocks import KINDS as KEYS
from mnist_core.lessons.markdown import KINDS
from tests.lessons.test_reader import HEAD, RUN, WHOLE

WORDS = sorted({*KINDS, *(key for keys, _make in KEYS.values() for key in keys), "one", "large", "mnist", "completed"})
SIGNS = [
    "\n",
    "```",
    "---",
    ":",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "&a ",
    "*a",
    "!!x ",
    "|",
    ">",
    "<",
    "'",
    '"',
    "#",
    "$",
    "  ",
    "![",
    "1e3",
    "\t",
    "\u202e",
    "\x00",
]
LETTERS = st.lists(st.one_of(st.sampled_from([*SIGNS, *WORDS]), st.text(max_size=3)), max_size=60).map("".join)
# YAML that Python or PyYAML may stumble over, and what a quoted escape may bring back.
SCALARS = [
    *("10_", "1__0", "-_1", "0x1f", "1e999", "9" * 21, "9" * 5_000, ".5e-9", "self", "null", "~", "true", "١٢", "²"),
    *(
        r'"\UFFFFFFFF"',
        r'"\U00110000"',
        r'"\uD800"',
        r'"\uD800\uDC00"',
        r'"\u202Eabc"',
        r'"\0\x1b\r\N\L"',
        r'"|a|\n|-|\nb"',
    ),
]
VALUES = st.recursive(
    st.sampled_from([*SCALARS, *WORDS]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda values: f"[{', '.join(values)}]"),
        st.lists(st.tuples(st.sampled_from([*SCALARS, *WORDS]), inner), max_size=3).map(
            lambda entries: "{" + ", ".join(f"{key}: {value}" for key, value in entries) + "}"
        ),
    ),
    max_leaves=6,
)


def entries(kind: str) -> st.SearchStrategy[str]:
    """Lines of YAML, most with keys that this kind of block has."""
    keys = st.sampled_from([*KEYS[kind][0], *KEYS[kind][0], "self", r'"\uD800"'])
    return st.lists(st.tuples(keys, VALUES), max_size=5, unique_by=lambda entry: entry[0]).map(
        lambda lines: "".join(f"{key}: {value}\n" for key, value in lines)
    )


def lesson_or_lines(text: str) -> Lesson | list[int]:
    """The lesson, or the lines of its faults; both as a browser can be sent them, else an error of Unicode."""
    try:
        found = read(text, name="one", language="en")
        json.dumps(asdict(found), ensure_ascii=False).encode()
        return found
    except LessonError as error:
        str(error).encode()
        return [problem.line for problem in error.problems]


def assert_is_one_or_the_other(text: str) -> None:
    found = lesson_or_lines(text)
    last = len(text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    assert isinstance(found, Lesson) or (found and all(0 <= line <= last for line in found))


@given(LETTERS)
@settings(max_examples=80, deadline=None)
def test_any_text_after_the_front_matter(text: str) -> None:
    assert_is_one_or_the_other(HEAD + text)


@given(st.text(max_size=200))
@settings(max_examples=50, deadline=None)
def test_any_text_at_all(text: str) -> None:
    assert_is_one_or_the_other(text)


@given(st.sampled_from(KINDS), LETTERS)
@settings(max_examples=150, deadline=None)
def test_any_text_in_a_block(kind: str, text: str) -> None:
    assert_is_one_or_the_other(f"{HEAD}```{kind} one\n{text}\n```\n")


@given(st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind), entries(kind))))
@settings(max_examples=200, deadline=None)
def test_any_yaml_in_a_block(block: tuple[str, str]) -> None:
    kind, text = block
    assert_is_one_or_the_other(f"{HEAD}{RUN}```{kind} two\n{text}```\n")


@given(st.lists(st.tuples(st.sampled_from(["schema", "title", "minutes", "needs"]), VALUES), max_size=3))
@settings(max_examples=80, deadline=None)
def test_any_yaml_in_the_front_matter(lines: list[tuple[str, str]]) -> None:
    assert_is_one_or_the_other("---\n" + "".join(f"{key}: {value}\n" for key, value in lines) + "---\ntext")


@given(st.integers(0, len(WHOLE)), st.integers(0, 40), st.text(max_size=5))
@settings(max_examples=80, deadline=None)
def test_a_lesson_with_a_part_changed(start: int, length: int, other: str) -> None:
    assert_is_one_or_the_other(WHOLE[:start] + other + WHOLE[start + length :])


@given(st.lists(st.text(st.characters(categories=["L", "N"]), max_size=10), max_size=20), st.integers(0, 19))
@settings(max_examples=50, deadline=None)
def test_a_fault_keeps_its_line_whatever_stands_above(above: list[str], extra: int) -> None:
    text = HEAD + "".join(f"{line}\n\n" for line in above) + "\n" * extra
    assert lesson_or_lines(f"{text}```note one\n```\n") == [text.count("\n") + 1]


LAUGHS = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
TABLE = "|" + "a|" * 50 + "\n|" + "-|" * 50 + "\n" + "a\n" * 50 + "\n"  # 2,550 cells
QUOTED = "|" + "a|" * 50 + r"\n|" + "-|" * 50 + r"\n" + r"a\n" * 50
HOSTILE = {
    "a billion laughs": (f"```run one\n{LAUGHS}```", "Anchors"),
    "a tag": ("```run one\nwatch: !!python/object/apply:os.system [ls]\n```", "Anchors"),
    "deep YAML": (f"```run one\nchange: {'[' * 5_000}\n```", "nested"),
    "much YAML": (f"```run one\nchange: [{'1, ' * 5_000}1]\n```", "too long"),
    "a deep list": ("".join(f"{'  ' * depth}- x\n" for depth in range(100)), "nested"),
    "deep quotations": (">" * 5_000, "nested"),
    "brackets": ("[" * 20_000, ""),
    "stars": ("*a_ " * 20_000, ""),
    "backticks": ("".join("`" * n + " " for n in range(400)), ""),
    "a thousand blocks": ("".join(f"```note n{n}\nask: x\n```\n" for n in range(1_000)), "at most 60"),
    "a thousand faults": (
        "".join(f"```run n{n}\nchnage: 1\n```\n" for n in range(50)) + "<b>\n\n" * 950,
        "HTML is not possible",
    ),
    "tables that fill themselves": (TABLE * 2, "more than 5,000 cells"),
    "such tables in quotations": (TABLE.replace("\n", "\n> ") * 2, "more than 5,000 cells"),
    "such tables in blocks": (
        "".join(f'```note n{n}\nask: "{QUOTED}"\n```\n' for n in range(2)),
        "more than 5,000 cells",
    ),
    "headers alone": ("|" + "a|" * 5_001 + "\n|" + "-|" * 5_001, "more than 5,000 cells"),
    "a table": (TABLE, ""),
    "lines across": ("a\n---\n" * 1_000, ""),
    "many lines": ("\n" * 5_001, "at most 5,000"),
    "a megabyte": ("x" * 1_000_000, "at most 100,000"),
    "a huge number": (f"```question one\nask: x\nnumber: {'9' * 5_000}\n```", "must be a number"),
    "a number that ends in a line": ("```question one\nask: x\nnumber: 10_\n```", "must be a number"),
    "a sign beyond all": ('```note one\nask: "\\UFFFFFFFF"\n```', "too large to be read"),
    "a version beyond all": (f"```note one\n%YAML 1.{'1' * 5_000}\n---\nask: x\n```", "too large to be read"),
    "the settings' own word": ("```run one\nchange: {self: 1}\n```", "no setting 'self'"),
    "infinity": ("```question one\nask: x\nnumber: 1e999\n```", "must be a number"),
    "signs that steer": ("```note \x1b[31m\nask: x\n```", "is no name"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_lesson_is_refused_with_a_sentence_or_shown_as_text(name: str) -> None:
    body, words = HOSTILE[name]
    if not words:
        assert isinstance(lesson_or_lines(HEAD + body), Lesson)
        return
    with pytest.raises(LessonError, match=words) as raised:
        read(HEAD + body, name="one", language="en")
    assert len(raised.value.problems) <= 50
    assert len(str(raised.value)) < 20_000


def test_a_table_that_is_too_much_is_told_where_it_begins() -> None:
    second = HEAD.count("\n") + TABLE.count("\n") + 2
    assert lesson_or_lines(HEAD + TABLE * 2) == [second]


@pytest.mark.parametrize(
    ("name", "language"), [("../etc", "en"), ("One", "en"), ("", "en"), ("a" * 61, "en"), ("one", "de")]
)
def test_a_name_or_a_language_that_cannot_be(name: str, language: str) -> None:
    with pytest.raises(LessonError) as raised:
        read(HEAD, name=name, language=language)
    assert [problem.line for problem in raised.value.problems] == [0]


def test_signs_that_turn_the_direction_of_text_are_gone() -> None:
    found = read(f"{HEAD}left \u202e right", name="one", language="en")
    assert [getattr(part, "text", "") for part in found.parts] == ["left   right"]


def test_what_is_no_letter_does_not_come_back_between_quotation_marks() -> None:
    found = read(HEAD + '```note one\nask: "half \\uD800, left \\u202E right\\nand on"\n```', name="one", language="en")
    assert [getattr(block, "ask", "") for block in found.blocks] == ["half  , left   right\nand on"]
    with pytest.raises(LessonError, match="There is no key x  here"):
        read(HEAD + '```note one\nask: x\n"x\\uD800": y\n```', name="one", language="en")


def test_the_bounds_leave_room_for_a_long_lesson() -> None:
    assert len(WHOLE) * 20 < reader.MOST_LETTERS
