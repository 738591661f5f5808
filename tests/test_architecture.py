"""Who may import whom, and what may be loaded when, as rooms.py has it in tables."""

from __future__ import annotations

import json
import subprocess
import sys
from graphlib import TopologicalSorter
from pathlib import Path

from tests.every_file import for_every_file
from tests.rooms import ARROWS, AT_THE_TOP, HEAVY, LIBRARIES, STREAMLIT, core_room, room
from tests.source import ROOT, files, imports, module


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
    modules = {module(file): file for file in files()}
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
        module(file) for file in files() if room(file) in rooms - {"pages", "app"} and "migrations" not in file.parts
    }
    modules.discard("__future__")
    lines = "\n".join(f"import {name}" for name in sorted(modules))
    assert "import mnist_core.ui.frame" in lines
    assert _loaded(f"{lines}\nfrom mnist_core.jobs import ensure_cluster") == []


def test_the_clusters_process_never_loads_torch() -> None:
    """It would begin to start workers two seconds later, and keep 300 MB."""
    modules = [module(file) for file in files() if room(file) == "jobs" and file.stem != "__main__"]
    lines = "\n".join(f"import {name}" for name in modules)
    assert "import mnist_core.jobs.dispatcher" in lines
    assert "torch" not in _loaded(lines)


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
