"""The rooms of the app's source, and who may import whom. The picture is in docs/architecture.md.

Modules are found by looking; only the rooms stand here, in tables. A new room needs a line in them.
"""

from __future__ import annotations

from pathlib import Path

from tests.source import ROOT, is_module

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
    "typed_numbers",
    "records",
    "rounds",
}
# What computes without torch, so that pages may ask it at once.
LIGHT = BASE | {
    "data",
    "networks",
    "schedule",
    "stacks",
    "workload",
    "estimate",
    "sweep_range",
    "diagnostics",
    "comparison",
    "exchange",
}
# What pages are made of, below the folder of one page or one idea.
KIT = LIGHT | {"class_records", "lessons", "schema", "figures", "report", "store", "jobs", "ui"}
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
    "config": {"messages", "errors", "old_names", "config_validation", "image_sets", "typed_numbers"},
    "presets": {"messages", "errors", "old_names", "config"},
    "escape": set(),
    "typed_numbers": set(),
    "memo": set(),
    "records": {"messages", "config", "escape", "image_sets"},
    "class_records": {"escape"},
    "rounds": {"messages", "errors", "config", "escape", "records", "sweep_range"},
    "data": {"messages", "errors", "settings", "config", "image_sets", "records", "escape"},
    "schedule": {"config", "networks"},
    "stacks": {"config"},
    "networks": BASE | {"data"},
    "workload": {"config", "networks", "schedule"},
    "estimate": {"config", "networks", "workload"},
    "sweep_range": {"messages", "errors", "config", "typed_numbers"},
    "comparison": {"messages", "config", "records"},
    "exchange": BASE | {"data", "networks", "schedule", "diagnostics"},
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
    "store": BASE | {"class_records", "networks"},  # how many parameters a run has
    "jobs": LIGHT | {"training", "analysis", "schema", "store"},
    "backup": BASE | {"networks", "exchange", "store", "jobs", ""},
    "web": {"messages", "errors", "settings"},
    "ui": LIGHT | {"class_records", "figures", "report", "store", "jobs", "web"},
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


def core_room(name: str) -> str:
    """The room that `mnist_core.…` names."""
    parts = name.split(".")[1:]
    if not parts or not is_module(f"mnist_core.{parts[0]}"):
        return ""
    return _kind_of_file(parts) or parts[0]
