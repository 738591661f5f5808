"""Every test says what should be seen: none that only runs without an exception."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.every_file import for_every_file

TESTS = Path(__file__).parent
# What fails by itself …
CHECKS = frozenset({"raises", "warns", "fail", "wait_until"})
# … and functions of the tests that check something for those who call them.
HELPERS = frozenset({"disturb", "look_at", "refused", "same", "sentence_or_reading", "start_next", "wait_for"})


def name(node: ast.AST) -> str:
    """What is called, without what stands before the last dot."""
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def says_nothing(check: ast.Assert) -> bool:
    """Whether it asserts no more than that no exception was shown: `not app.exception`."""
    test = check.test
    return isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not) and name(test.operand) == "exception"


def checks(function: ast.AST, checkers: frozenset[str] = CHECKS | HELPERS) -> bool:
    """Whether the function asserts something, or calls what does."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assert) and not says_nothing(node):
            return True
        if isinstance(node, ast.Call) and (name(node.func) in checkers or name(node.func).startswith("assert_")):
            return True
    return False


def functions(file: Path) -> Iterator[ast.FunctionDef]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


@for_every_file(sorted(TESTS.rglob("test_*.py")))
def test_every_test_says_what_should_be_seen(file: Path) -> None:
    tests = [function for function in functions(file) if function.name.startswith("test_")]
    assert [test.name for test in tests if not checks(test)] == []


def test_a_check_of_every_file_names_those_that_fail() -> None:
    def check(file: Path) -> None:
        assert file.name != "conftest.py", "not this one"

    with pytest.raises(AssertionError, match=r"^tests/conftest\.py: not this one"):
        for_every_file([TESTS / "__init__.py", TESTS / "conftest.py"])(check)()
    with pytest.raises(AssertionError, match="no files"):
        for_every_file([])(check)()


def test_the_helpers_do_check() -> None:
    helpers = [function for file in TESTS.rglob("*.py") for function in functions(file) if function.name in HELPERS]
    assert {helper.name for helper in helpers if checks(helper, CHECKS)} == HELPERS


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("pass", False),
        ("app = open_page('why')\n assert not app.exception", False),
        ("assert not app.exception\n assert app.title", True),
        ("with pytest.raises(ValueError):\n  int('x')", True),
        ("np.testing.assert_allclose(1, 1)", True),
        ("wait_until(lambda: True)", True),
    ],
)
def test_what_counts_as_saying_something(body: str, expected: bool) -> None:
    assert checks(ast.parse(f"def test_it():\n {body}")) is expected
