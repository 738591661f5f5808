"""Writes the files of a new folder beside this module, with the version of the program that is checked out:

    python -m tests.compatibility.make tests/compatibility/<date>

Run by hand, once for a folder. What an earlier version wrote is never made anew, only added to by a folder of a later one:
files that the version under test has written say nothing of what an earlier one left on the disks of schools. The folder
`2026_11_28` was made by this module as it was in that version (`made.json` names the commit).

Everything is trained with one thread on a few drawn digits, which lie among the files. What the store is expected to say stands
in the words of the first folder (`adapter.py`), so that the same tests read all folders; all else is in the words of this version.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core import backup, exchange, settings
from mnist_core.data import digits
from mnist_core.networks.weights import Which
from mnist_core.records import DTYPES, Run
from mnist_core.store import Store
from mnist_core.store.transfer import HEAD
from tests.compatibility import adapter, make_links, make_runs
from tests.compatibility.make_commands import EXECUTED, PARSED
from tests.compatibility.make_runs import OTHER, PAUSED, SMALL, STUDENT

# ---- what is to be expected ------------------------------------------------------------------------------------------


def expected(store: Store, names: Mapping[str, Any]) -> dict[str, Any]:
    """What the store says of all that is in it."""
    owners = (STUDENT, OTHER)
    with store.transfer.snapshot() as snapshot:
        run_ids = [row["id"] for row in snapshot.rows("runs") if row["id"] != "unreadable"]
        analysis_ids = [row["id"] for row in snapshot.rows("analyses")]
    return {
        "fields": {kind: dtype.names for kind, dtype in DTYPES.items()},
        "runs": {run_id: expected_run(store, run_id) for run_id in run_ids},
        "lists": {owner: [run.id for run in store.runs.newest(owner, 500)] for owner in owners},
        "unreadable": {owner: [run.id for run in store.runs.unreadable(owner)] for owner in owners},
        "line": [[run.id for run in part] for part in store.queue.overview()],
        "sweeps": {owner: [sweep.id for sweep in store.sweeps.newest(owner)] for owner in owners},
        "sweep": {sweep_id: adapter.sweep_fields(store, sweep_id) for sweep_id in ("5eed5eed50", "stacked000")},
        "studies": {
            analysis_id: adapter.analysis_fields(adapter.analysis_of(store, analysis_id))
            for analysis_id in analysis_ids
        },
        "facts": {key: store.facts.get(key) for key in (f"seal {STUDENT}", "speed")},
        **names,
    }


def expected_run(store: Store, run_id: str) -> dict[str, Any]:
    """What the store says of a run."""
    run, curves = store.runs.get(run_id), store.record_reader.curves(run_id)
    return {
        "settings": run.config.to_dict(),
        "seen": adapter.run_fields(run),
        "events": adapter.events(curves),
        "snapshots": adapter.snapshots(run_id),
        "records": {
            kind: [len(array), adapter.fingerprint(array, DTYPES[kind].names or ())]
            for kind, array in adapter.records(curves).items()
        },
    }


def uninterrupted(paused: Mapping[str, Run], folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Curves, weights and results of these runs, where nothing happens to them."""
    curves: dict[str, Any] = {}
    weights: dict[str, Any] = {}
    results: dict[str, Any] = {}
    with home(folder), adapter.opened() as store:
        for run_id, old in paused.items():
            run = train(store, run_id, old)
            records = adapter.records(store.record_reader.curves(run_id))
            curves |= {f"{run_id}/{kind}": array for kind, array in records.items()}
            weights |= {f"{run_id}/{name}": value.ravel()[::7] for name, value in adapter.last_weights(run_id).items()}
            results[run_id] = {"outcome": run.outcome, "result": dict(run.result)}
    return curves, weights, results


def train(store: Store, run_id: str, old: Run) -> Run:
    """Train a run from its start to its end with the settings of `old`, and the changes of its rate."""
    store.runs.create(OTHER, old.config, run_id=run_id)
    for step, rate in old.rate_changes:
        make_runs.pause(store, OTHER, [run_id], step)
        store.commands.set_learning_rate(run_id, OTHER, rate)
        store.commands.send(run_id, OTHER, "resume")
    adapter.execute(store, [run_id])
    run = store.runs.get(run_id)
    assert run.state == "finished", run
    return run


# ---- files -----------------------------------------------------------------------------------------------------------


@contextmanager
def home(folder: Path) -> Iterator[Path]:
    """The home of the program meanwhile."""
    os.environ["MNIST_LAB_HOME"] = str(folder)
    yield folder


def exports(store: Store, folder: Path) -> None:
    """What a student exports of runs."""
    folder.mkdir()
    kinds: dict[str, tuple[str, tuple[Which, ...]]] = {
        "completed-both": ("completed", ("last", "best")),
        "second-last": ("second", ("last",)),
        "diverged-none": ("diverged", ()),
        "changed-none": ("changed", ()),
    }
    for name, (run_id, which) in kinds.items():
        weights = {kind: exchange.snapshot(run_id, kind) for kind in which}
        content = exchange.packed(store.runs.get(run_id), store.record_reader.curves(run_id), weights)
        (folder / f"{name}.zip").write_bytes(content)
    for run_id in ("completed", "changed"):
        run, curves = store.runs.get(run_id), store.record_reader.curves(run_id)
        (folder / f"{run_id}.json").write_text(exchange.settings_json(run), encoding="utf-8")
        (folder / f"{run_id}.csv").write_bytes(exchange.curves_csv(curves))
        (folder / f"{run_id}.parquet").write_bytes(exchange.curves_parquet(curves))
        (folder / f"{run_id}.tfevents").write_bytes(exchange.events(curves, 1.0e9))
    (folder / "completed.safetensors").write_bytes(exchange.safetensors(exchange.snapshot("completed", "last")))


def scripts(folder: Path, data: Path, store: Store) -> None:
    """Scripts of runs, and what they print."""
    folder.mkdir()
    for run_id in ("mlp-adamw", "cnn-sgd", "changed", "stopped", "mlp-rmsprop"):
        text = exchange.script_of(store.runs.get(run_id))
        (folder / f"{run_id}.py.txt").write_text(text, encoding="utf-8")
        command = [sys.executable, "-c", text, str(data)]
        env = os.environ | {"OMP_NUM_THREADS": "1"}
        process = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
        (folder / f"{run_id}.out.txt").write_text(process.stdout, encoding="utf-8")


def small_backup(folder: Path, target: Path) -> None:
    """The backup of a home with few runs, each of another kind."""
    few = ("mlp-adam", "cnn-adam", "completed", "lost-saving", "queued", "changed")
    shutil.copytree(settings.home(), folder)
    marks = ", ".join("?" * len(few))
    with database(folder) as connection:
        for table, column in (("chunks", "run_id"), ("events", "run_id"), ("runs", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} NOT IN ({marks})", few)
        connection.execute("DELETE FROM analyses WHERE id NOT IN ('done-answers', 'done-landscape')")
    with home(folder):
        backup.make(target)


def spoil(folder: Path) -> None:
    """Give a run settings that are none for this version."""
    bad = json.dumps(SMALL.to_dict() | {"optimizer": "lion"})
    with database(folder) as connection:
        connection.execute("UPDATE runs SET config = ? WHERE id = 'unreadable'", (bad,))


@contextmanager
def database(folder: Path) -> Iterator[sqlite3.Connection]:
    """The store's database; what is done to it is kept."""
    connection = sqlite3.connect(folder / "runs.sqlite")
    yield connection
    connection.commit()
    connection.close()


def zipped(folder: Path, target: Path) -> None:
    """The home as it lies on disk, the database in one file."""
    with database(folder) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("VACUUM")
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and (file.name == "runs.sqlite" or "checkpoints" in file.parts):
                archive.write(file, file.relative_to(folder))


def write(file: Path, content: dict[str, Any] | list[Any]) -> None:
    """As JSON, each member on a line of its own."""
    if isinstance(content, dict):
        lines = [f"{json.dumps(name)}: {compact(value)}" for name, value in content.items()]
    else:
        lines = [compact(value) for value in content]
    start, end = "{}" if isinstance(content, dict) else "[]"
    file.write_text(f"{start}\n" + ",\n".join(lines) + f"\n{end}\n", encoding="utf-8")


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def commands(folder: Path, data: Path) -> None:
    """Command lines with every option, and what they print; those that are only parsed."""
    executed = []
    for words in EXECUTED:
        status, out, err = adapter.run_command([str(data) if word == "DATA" else word for word in words])
        assert status == 0, (words, err)
        executed.append({"words": words, "said": adapter.parse_output(out)})
    write(folder / "commands.json", {"done": executed, "known": PARSED})


def images(folder: Path, data: Path) -> str:
    """The digits of all runs, in a file and as a data set; their SHA-256."""
    pixels, labels = digits.draw_digits(500, 5)
    np.savez_compressed(folder / "digits.npz", images=pixels, labels=labels)
    adapter.write_images(data, {"images": pixels, "labels": labels})
    return hashlib.sha256(pixels.tobytes() + labels.tobytes()).hexdigest()


def fill(folder: Path, scratch: Path) -> None:
    """Fill the home, and write what is taken from it."""
    with home(scratch / "home"), adapter.opened() as store:
        store.lease.take("host:home")
        store.lease.beat(7.0)
        store.database.lease_token = None
        make_runs.unfinished(store)
        make_runs.finished(store)
        make_runs.analyses(store)
        store.facts.set(f"seal {STUDENT}", {"sealed": True})
        store.facts.set("speed", {"mlp": 1.5, "cnn": 2.5})
        exports(store, folder / "taken")
        scripts(folder / "scripts", scratch / "data", store)
        write(folder / "links.json", make_links.links(STUDENT))
        adapter.close_pages()
        store.runs.create(STUDENT, SMALL, run_id="unreadable")
        small_backup(scratch / "few", folder / "backup.zip")
    spoil(scratch / "home")


def expectations(scratch: Path) -> tuple[dict[str, Any], dict[str, Run]]:
    """What the store of the filled home says, and its runs that may resume."""
    with home(scratch / "home"), adapter.opened() as store:
        stacked = [run.id for run in store.runs.of_group("stacked000")]
        remaining = store.runs.of_group("left000000")[0].id
        paused = {
            run_id: store.runs.get(run_id) for run_id in (*PAUSED, "lost", "lost-saving", "failed", *stacked, remaining)
        }
        names = {"student": STUDENT, "other": OTHER, "resting": [*paused], "stack": stacked, "left": remaining}
        return expected(store, names), paused


def main(folder: Path) -> None:
    """Write all files into `folder`, which must not be there."""
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("MNIST_LAB_")]:
        del os.environ[name]
    platform.node = lambda: "host"
    scratch = Path(tempfile.mkdtemp(prefix="made"))
    fingerprint = images(folder, scratch / "data")
    os.environ["MNIST_LAB_DATA"] = str(scratch / "data")
    fill(folder, scratch)
    store, paused = expectations(scratch)
    with home(scratch / "commands"):
        commands(folder, scratch / "data")
    curves, weights, results = uninterrupted(paused, scratch / "uninterrupted")
    np.savez_compressed(folder / "gone_on.npz", **curves)
    np.savez_compressed(folder / "weights.npz", **weights)
    write(folder / "store.json", store | {"ends": results})
    write(folder / "presets.json", make_links.presets())
    origin = {"schema": HEAD, "date": date.today().isoformat(), "images": fingerprint}
    write(folder / "made.json", origin | versions())
    zipped(scratch / "home", folder / "home.zip")
    shutil.rmtree(scratch)


def versions() -> dict[str, str]:
    import torch

    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    return {"commit": commit, "python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
