"""Rules that hold for all source of the app, besides who imports whom."""

from __future__ import annotations

import ast
import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.every_file import for_every_file
from tests.rooms import STREAMLIT, room
from tests.source import ROOT, files, tree_of

# Parts of the store that hand out runs and records; of these methods alone, none of which does, pages may use.
READERS: dict[str, set[str]] = {
    "runs": {
        "create",
        "create_group",
        "add_finished",
        "state",
        "version",
        "versions",
        "versions_of",
        "unreadable",
        "delete",
    },
    "record_reader": set(),
    "board": {"versions"},
}


def reads_of_runs(tree: ast.AST) -> Iterator[ast.Attribute]:
    """Where runs or records are asked of the store; a part that is kept in a variable could be asked for anything."""
    harmless = {
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Attribute)
        and node.attr in READERS.get(node.value.attr, ())
    }
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Attribute)
            and node.attr in READERS
            and node not in harmless
            and ast.unparse(node.value).rpartition(".")[2] in ("store()", "store")
        ):
            yield node


# What hands out runs and records to pages, without what a sealed test set hides.
HIDING = ("mnist_core/ui/watch.py", "mnist_core/ui/board.py")


def test_runs_reach_a_page_through_what_hides_test_figures_alone() -> None:
    """`ui/watch.py` and `ui/board.py` leave out what a sealed test set hides: whoever asked the store for runs would show it by mistake."""
    wrong = [
        f"{file.relative_to(ROOT)}:{node.lineno} {ast.unparse(node)}"
        for file in files()
        if room(file) in STREAMLIT and file.relative_to(ROOT).as_posix() not in HIDING
        for node in reads_of_runs(tree_of(file))
    ]
    assert not wrong


@pytest.mark.parametrize(
    ("code", "reads"),
    [
        ("session.store().runs.get(run_id)", 1),
        ("store.record_reader.curves(run_id)", 1),
        ("runs = store.runs\nruns.newest(student)", 1),
        ("ask = self.store.runs.of_group", 1),
        ("session.store().runs.create(student, config)", 0),
        ("partial(store.runs.version, run_id)", 0),
    ],
)
def test_a_read_of_runs_is_found(code: str, reads: int) -> None:
    assert len(list(reads_of_runs(ast.parse(code)))) == reads


# What names of files and of tensors of a checkpoint begin or end with, and who has files of weights with other names.
LAYOUT = ("model.", "best.", "optimizer.", "before.", ".trail", ".safetensors", ".next")
OTHER_WEIGHTS = {"mnist_core/exchange/archive.py", "mnist_core/panels/export_panel.py"}


@for_every_file(files())
def test_one_module_knows_the_layout_of_a_checkpoint(file: Path) -> None:
    if file.relative_to(ROOT).as_posix() in OTHER_WEIGHTS | {"mnist_core/networks/checkpoint_layout.py"}:
        return
    layout_names = [
        f"line {node.lineno}: {node.value}"
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
        if node.value.startswith(LAYOUT) or node.value.endswith(LAYOUT)
        if " " not in node.value  # a sentence
    ]
    assert not layout_names


@for_every_file(files())
def test_a_module_opens_with_its_job(file: Path) -> None:
    assert ast.get_docstring(tree_of(file))


def test_a_page_is_found_under_the_name_of_its_file() -> None:
    """Before the navigation has run once after a start, Streamlit knows a page by its file alone."""
    from mnist_core.ui import frame

    source = inspect.getsource(frame.pages)
    files = {path.stem for path in (ROOT / "pages").glob("*.py")} - {"home"}
    assert {name for name in files if f'_page("{name}"' in source} == files


# A machine's clock may be set at any time: what it says is for people to read (columns *_at of the store, a file's date), and
# decides nothing. Durations and waits go by `time.monotonic`, orders by the store's sequence (store/database.py).
WALL_TIME = {
    *(
        f"mnist_core/store/{name}.py"
        for name in (
            "analyses",
            "classes",
            "facts",
            "queue",
            "reports",
            "retention",
            "rounds",
            "rows",
            "runs",
            "sweeps",
        )
    ),
    "mnist_core/jobs/dispatcher.py",  # since when the cluster is there
    "mnist_core/ui/times.py",  # when a report says that it was handed in
    "mnist_core/bench/class_clients.py",  # beside the store's and the browsers' clocks
    "mnist_core/bench/class_room.py",
}


@for_every_file(files())
def test_no_decision_hangs_on_the_machines_clock(file: Path) -> None:
    source = ast.unparse(tree_of(file))
    asks = re.search(r"\btime\.time\(|\bdatetime\.now\(|\butcnow\(|\bfrom time import\b.*\btime\b", source)
    assert not asks or str(file.relative_to(ROOT).as_posix()) in WALL_TIME
    columns = re.findall(r"order_by\([^)]*_at\b", source)
    assert columns == []


# What is drawn anew by the clock: the line about the data while it comes, a page that the store kept from being drawn, pictures
# that are played. All that moves with runs and analyses is told (ui/live.py).
BY_THE_CLOCK = {"mnist_core/ui/frame.py", "mnist_core/ui/playing.py", "pages/data.py"}


def test_nothing_polls_for_runs() -> None:
    polling = {
        str(file.relative_to(ROOT))
        for file in files()
        for node in ast.walk(tree_of(file))
        if isinstance(node, ast.Call) and any(word.arg in ("run_every", "every") for word in node.keywords)
    }
    assert polling == BY_THE_CLOCK
