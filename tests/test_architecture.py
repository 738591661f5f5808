"""Who may import whom, what may be loaded when, and the public names. The picture is in docs/architecture.md.

Modules are found by looking; only the rooms stand here, in tables. A new room needs a line in them.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import mnist_core
from tests.every_file import for_every_file

ROOT = Path(__file__).parents[1]

# What everything may lean on: words, errors, settings, plain records.
BASE = {
    "memo",
    "image_sets",
    "messages",
    "errors",
    "settings",
    "old_names",
    "config",
    "config_validation",
    "presets",
    "escape",
    "records",
    "rounds",
}
# What computes without torch, so that pages may ask it at once.
LIGHT = BASE | {
    "data",
    "networks",
    "schedule",
    "stacks",
    "estimate",
    "sweep_range",
    "diagnostics",
    "comparison",
    "exchange",
}
# What pages are made of, below the folder of one page or one idea.
KIT = LIGHT | {"lessons", "schema", "figures", "report", "store", "jobs", "ui"}
PAGE_FOLDERS = {
    "classroom_page",
    "home_page",
    "lessons_page",
    "train_page",
    "sweep_page",
    "compare_page",
    "inspect_page",
}
# In the folders of ideas and pages the file's name says what it is: `concept.py` or `…_concept.py` is arithmetic, `figure.py` or
# `…_figure.py` a chart, `recorded.py` curves that were trained once and are only shown, `names.py` what a lesson may name. Each kind is
# a room of its own; the rest of a folder is panels.
KINDS_OF_FILE = ("concept", "figure", "recorded", "names")
# In `analysis/` these are the room `schema`, which pages may use: what a kind is asked with and what it gives. The rest computes.
SCHEMA_FILES = ("schema", "registry")
# Room → rooms of mnist_core that it may import besides itself.
ARROWS: dict[str, set[str]] = {
    "messages": set(),
    "errors": {"messages"},
    "settings": {"messages", "errors"},
    "old_names": set(),
    "config_validation": {"messages", "errors", "image_sets"},
    "image_sets": {"messages"},
    "config": {"messages", "errors", "old_names", "config_validation", "image_sets"},
    "presets": {"messages", "errors", "old_names", "config"},
    "escape": set(),
    "memo": set(),
    "records": {"messages", "config", "escape", "image_sets"},
    "rounds": {"messages", "errors", "config", "escape", "records"},
    "data": {"messages", "errors", "settings", "config", "image_sets", "records", "escape"},
    "schedule": {"config", "networks"},
    "stacks": {"config"},
    "networks": BASE | {"data"},
    "estimate": {"config", "networks", "schedule"},
    "sweep_range": {"messages", "errors", "config"},
    "comparison": {"messages", "config", "records"},
    "exchange": BASE | {"data", "networks", "schedule"},
    "report": {"messages", "escape"},
    "lessons": LIGHT | {"names"},  # without torch; `lesson run` trains by a function that it is given
    "diagnostics": BASE | {"networks", "schedule"},
    "concept": set(),
    "recorded": {"config", "diagnostics"},
    "names": {"messages"},  # of ideas
    "figures": BASE | {"networks", "schedule", "diagnostics"},
    "figure": BASE | {"networks", "schedule", "diagnostics", "figures", "concept", "recorded", "schema"},
    "notebook": LIGHT | {"figures"},
    "training": LIGHT | {"notebook"},
    "schema": BASE | {"data"},
    "analysis": LIGHT | {"training", "concept", "schema"},
    "store": BASE | {"networks"},  # how many parameters a run has
    "jobs": LIGHT | {"training", "analysis", "schema", "store"},
    "backup": BASE | {"networks", "exchange", "store", "jobs", ""},
    "web": {"messages", "errors", "settings"},
    "ui": LIGHT | {"figures", "report", "store", "jobs", "web"},
    "panels": KIT,
    "ideas": KIT | {"panels", "figure", "concept", "names"},
    **{folder: KIT | {"panels", "figure", "concept", "recorded"} for folder in PAGE_FOLDERS},
    "lessons_page": KIT | {"panels", "ideas"},
    "bench": LIGHT | {"training", "analysis", "figures", "concept", "recorded", "store", "cli_options", ""},
    "cli_options": set(),
    "cli_lesson": LIGHT | {"lessons", "training", "cli_options"},
    "cli": LIGHT | {"training", "bench", "backup", "cli_options", "cli_lesson", ""},
    "__main__": {"cli"},
    "": LIGHT | {"training"},  # mnist_core/__init__.py
    "pages": LIGHT | {"figures", "ui", "panels", "ideas"} | PAGE_FOLDERS,
    "app": {"ui", "web"},
}
STREAMLIT = {"ui", "panels", "ideas", "pages"} | PAGE_FOLDERS
# Library → rooms that may import it at all.
LIBRARIES: dict[str, set[str]] = {
    "streamlit": {"app", "bench", "web"} | STREAMLIT,
    "plotly": {"ui", "bench", "report", "notebook"},
    "tqdm": {"notebook"},
    "nbformat": {"exchange"},
    "onnx": {"exchange"},
    "babel": {"ui"},
    "torch": {"data", "networks", "training", "analysis", "jobs", "bench"},
    "torchvision": {"data", "bench"},
    "keras": {"bench"},
    "sklearn": {"bench"},
    "safetensors": {"training", "networks", "exchange"},
    "distributed": {"jobs"},
    "dask": {"jobs"},
    "sqlalchemy": {"store"},
    "alembic": {"store"},
    "sqlite3": {"store"},
    "selenium": {"bench"},
    "pandas": {"training", "exchange"} | STREAMLIT,
    "threading": {"memo", "data", "store", "jobs", "ui", "panels", "training", "bench"},
    "multiprocessing": {"jobs", "training"},
    "subprocess": {"jobs", "bench"},
    "pickle": set(),
}
# Library → rooms where it may be imported at the top of a module; elsewhere inside the function that needs it.
AT_THE_TOP: dict[str, set[str]] = {
    "torch": {"training", "analysis"},
    "torchvision": set(),
    "keras": set(),
    "sklearn": set(),
    "distributed": {"jobs"},
    "dask": {"jobs"},
    "selenium": set(),
    "tqdm": set(),
    "nbformat": set(),
}
# The page's process never loads these: torch alone costs 500 MB and three seconds.
HEAVY = ("torch", "torchvision", "distributed", "dask")


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


def room(file: Path) -> str:
    """The room that the file belongs to."""
    first, *rest = file.relative_to(ROOT).with_suffix("").parts
    if first != "mnist_core":
        return first
    return "" if rest == ["__init__"] else _kind_of_file(rest) or rest[0]


def _kind_of_file(parts: list[str]) -> str | None:
    """Concept or figure, where the parts of a module's name (without `mnist_core`) end with one; schema in `analysis`."""
    if parts[0] == "analysis":
        return "schema" if parts[-1] in SCHEMA_FILES else None
    if parts[0] not in PAGE_FOLDERS | {"ideas"}:
        return None
    return next((kind for kind in KINDS_OF_FILE if parts[-1] == kind or parts[-1].endswith(f"_{kind}")), None)


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
        module = node.module or ""
        inside = [f"{module}.{alias.name}" for alias in node.names] if module.startswith("mnist_core") else []
        return [name if _is_module(name) else module for name in inside] or [module]
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


def _is_module(name: str) -> bool:
    place = ROOT.joinpath(*name.split("."))
    return place.is_dir() or place.with_suffix(".py").exists()


def core_room(name: str) -> str:
    """The room that `mnist_core.…` names."""
    parts = name.split(".")[1:]
    if not parts or not _is_module(f"mnist_core.{parts[0]}"):
        return ""
    return _kind_of_file(parts) or parts[0]


@for_every_file(files())
def test_imports_run_one_way(file: Path) -> None:
    importer = room(file)
    assert importer in ARROWS, f"{file.relative_to(ROOT)} is in a room that ARROWS does not know"
    wrong = [
        str(imported)
        for imported in imports(file)
        if imported.library == "mnist_core" and core_room(imported.name) not in ARROWS[importer] | {importer}
    ]
    assert not wrong


def test_the_rooms_have_no_circle() -> None:
    below = {name: arrows for name, arrows in ARROWS.items() if name}
    assert list(TopologicalSorter(below).static_order())


def test_no_modules_import_each_other_in_a_circle() -> None:
    """Not even within functions, or for type checkers: of two modules one can be read without the other."""
    modules = {_module(file): file for file in files()}
    graph = {name: {_defining(modules, imported.name) for imported in imports(file)} for name, file in modules.items()}
    order = TopologicalSorter({name: below - {"", name} for name, below in graph.items()}).static_order()
    assert set(order) >= set(modules)  # a circle is a CycleError that names its modules


def _defining(modules: dict[str, Path], name: str) -> str:
    """The module of ours that an import is of; "" for one of a library."""
    while name not in modules and name:
        name = name.rpartition(".")[0]
    return name


@for_every_file(files())
def test_libraries_stay_in_their_rooms(file: Path) -> None:
    importer = room(file)
    names = list(imports(file))
    wrong = [str(name) for name in names if name.library in LIBRARIES and importer not in LIBRARIES[name.library]]
    early = [
        f"{name} at the top of the module"
        for name in names
        if name.at_the_top and name.library in AT_THE_TOP and importer not in AT_THE_TOP[name.library]
    ]
    assert not wrong + early


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


def _loaded(code: str) -> list[str]:
    """Which of HEAVY a fresh process has loaded after `code`."""
    ending = f"\nimport json, sys\nprint(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    command = [sys.executable, "-W", "ignore", "-c", code + ending]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stderr
    loaded: list[str] = json.loads(ended.stdout.splitlines()[-1])
    return loaded


def test_the_pages_process_never_loads_torch_or_dask() -> None:
    rooms = STREAMLIT | {"web", "figures", "figure", "concept", "schema", "store", "app"}
    modules = {
        imported.name for file in files() if room(file) in rooms for imported in imports(file) if imported.at_the_top
    }
    modules |= {
        _module(file) for file in files() if room(file) in rooms - {"pages", "app"} and "migrations" not in file.parts
    }
    modules.discard("__future__")
    lines = "\n".join(f"import {name}" for name in sorted(modules))
    assert "import mnist_core.ui.frame" in lines
    assert _loaded(f"{lines}\nfrom mnist_core.jobs import ensure_cluster") == []


def test_the_clusters_process_never_loads_torch() -> None:
    """It would begin to start workers two seconds later, and keep 300 MB."""
    modules = [_module(file) for file in files() if room(file) == "jobs" and file.stem != "__main__"]
    lines = "\n".join(f"import {name}" for name in modules)
    assert "import mnist_core.jobs.dispatcher" in lines
    assert "torch" not in _loaded(lines)


def _module(file: Path) -> str:
    parts = file.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def test_what_pages_ask_at_once_needs_no_torch() -> None:
    code = """
from mnist_core import PRESETS, RunConfig, describe
from mnist_core.estimate import Speed, estimate_seconds
for preset in PRESETS.values():
    describe(preset.config)
    estimate_seconds(preset.config, Speed.from_dict(None))
"""
    assert _loaded(code) == []


def test_loading_mnist_core_loads_next_to_nothing() -> None:
    code = "import sys, mnist_core\nassert 'numpy' not in sys.modules and 'mnist_core.config' not in sys.modules"
    assert _loaded(code) == []


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
            "commands",
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
