"""The app's source, read for tests of it: its files, their syntax trees, what they import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Import:
    """One import statement's name, where it stands, and whether it runs when the module is loaded."""

    file: Path
    line: int
    name: str
    at_the_top: bool

    @property
    def library(self) -> str:
        return self.name.split(".")[0]

    def __str__(self) -> str:
        return f"{self.file.relative_to(ROOT)}:{self.line} imports {self.name}"


def files() -> list[Path]:
    """All source of the app."""
    sources = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *(ROOT / "mnist_core").rglob("*.py")]
    return sorted(sources)


@cache
def tree_of(file: Path) -> ast.Module:
    """The file's syntax tree, which no test changes."""
    return ast.parse(file.read_text(encoding="utf-8"))


@cache
def imports(file: Path) -> list[Import]:
    """Every import in the file, however deep."""
    tree = tree_of(file)
    top = set(_at_the_top(tree))
    return [
        Import(file, node.lineno, name, node in top)  # type: ignore[attr-defined]
        for node in ast.walk(tree)
        for name in _names(node)
    ]


def _names(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        assert node.level == 0, f"line {node.lineno}: relative imports hide the room"
        whole = node.module or ""
        inside = [f"{whole}.{alias.name}" for alias in node.names] if whole.startswith("mnist_core") else []
        return [name if is_module(name) else whole for name in inside] or [whole]
    return []


def _at_the_top(node: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is loaded: not in functions, not for type checkers only."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
            continue
        yield child
        yield from _at_the_top(child)


def is_module(name: str) -> bool:
    """Whether this names a module or folder of ours."""
    place = ROOT.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").exists()


def module(file: Path) -> str:
    """The file's name as an import has it."""
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
