"""What `mnist_core` shows of itself."""

from __future__ import annotations

import ast
import inspect
from pathlib import Path

import pytest

import mnist_core

ROOT = Path(__file__).parents[1]


def test_public_names_are_there_and_have_docstrings() -> None:
    assert mnist_core.__all__ == sorted(mnist_core.__all__, key=lambda name: (not name.isupper(), name))
    for name in mnist_core.__all__:
        value = getattr(mnist_core, name)
        assert not callable(value) or inspect.getdoc(value), f"{name} has no docstring"


def test_public_names_for_type_checkers_are_the_same() -> None:
    tree = ast.parse((ROOT / "mnist_core" / "__init__.py").read_text(encoding="utf-8"))
    guarded = [node for node in tree.body if isinstance(node, ast.If)]
    names = {alias.name for node in ast.walk(guarded[0]) if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert names == set(mnist_core.__all__)


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        mnist_core.nothing  # noqa: B018
