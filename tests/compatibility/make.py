"""Writes the files of a new folder beside this module, with the version of the program that is checked out:

    python -m tests.compatibility.make tests/compatibility/2026_11_28

Run by hand, once for a folder. What an earlier version wrote is never made anew, only added to by a folder of a later one:
files that the version under test has written say nothing of what an earlier one left on the disks of schools. So this module
need not run with every version; who makes the next folder brings it up to date first.

Everything is trained with one thread on a few drawn digits, which lie among the files.
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
from mnist_core.records import DTYPES
from mnist_core.store import Store
from tests.compatibility import making_links, today
from tests.compatibility.making_runs import OTHER, PAUSED, SMALL, STUDENT, over, pause, resting, studied

# ---- what is to be expected ------------------------------------------------------------------------------------------


def expected(store: Store, more: Mapping[str, Any]) -> dict[str, Any]:
    """What the store says of all that is in it."""
    owners = (STUDENT, OTHER)
    with store.snapshot() as snapshot:
        ids = [row["id"] for row in snapshot.rows("runs") if row["id"] != "unreadable"]
        studies = [row["id"] for row in snapshot.rows("studies")]
    runs = {}
    for run_id in ids:
        run, curves = store.get(run_id), store.curves(run_id)
        runs[run_id] = {
            "settings": run.config.to_dict(),
            "seen": today.seen(run),
            "events": today.events(curves),
            "snapshots": today.snapshots(run_id),
            "records": {
                kind: [len(array), today.fingerprint(array, DTYPES[kind].names or ())]
                for kind, array in today.records(curves).items()
            },
        }
    return {
        "fields": {kind: dtype.names for kind, dtype in DTYPES.items()},
        "runs": runs,
        "lists": {owner: [run.id for run in store.list_runs(owner, 500)] for owner in owners},
        "unreadable": {owner: [run.id for run in store.list_unreadable(owner)] for owner in owners},
        "line": [[run.id for run in part] for part in store.line()],
        "sweeps": {owner: [sweep.id for sweep in store.list_sweeps(owner)] for owner in owners},
        "sweep": {one: today.seen_sweep(store, one) for one in ("5eed5eed50", "stacked000")},
        "studies": {one: today.seen_study(study) for one in studies if (study := store.study(one))},
        "facts": {key: store.fact(key) for key in (f"seal {STUDENT}", "speed")},
        **more,
    }


def undisturbed(data: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Curves, weights and results of the runs that rest in the store, where nothing happens to them."""
    curves: dict[str, Any] = {}
    weights: dict[str, Any] = {}
    results: dict[str, Any] = {}
    with home(folder), today.opened() as store:
        asked = {one: (run.config, run.rate_changes) for one, run in RESTING.items()}
        for run_id, (config, changes) in asked.items():
            store.create_run(OTHER, config, run_id=run_id)
            for step, rate in changes:
                pause(store, OTHER, [run_id], step)
                store.request_learning_rate(run_id, OTHER, rate)
                store.request(run_id, OTHER, "resume")
            today.execute(store, [run_id])
            run = store.get(run_id)
            assert run.state == "finished", run
            curves |= {f"{run_id}/{kind}": array for kind, array in today.records(store.curves(run_id)).items()}
            weights |= {f"{run_id}/{name}": value.ravel()[::7] for name, value in today.last_weights(run_id).items()}
            results[run_id] = {"outcome": run.outcome, "result": dict(run.result)}
    return curves, weights, results


RESTING: dict[str, Any] = {}


# ---- files -----------------------------------------------------------------------------------------------------------


@contextmanager
def home(folder: Path) -> Iterator[Path]:
    """The home of the program meanwhile."""
    os.environ["MNIST_LAB_HOME"] = str(folder)
    yield folder


def exchanged(store: Store, folder: Path) -> None:
    """What a student takes along of runs."""
    folder.mkdir()
    kinds: dict[str, tuple[str, tuple[Any, ...]]] = {
        "completed-both": ("completed", ("last", "best")),
        "second-last": ("second", ("last",)),
        "diverged-none": ("diverged", ()),
        "changed-none": ("changed", ()),
    }
    for name, (run_id, which) in kinds.items():
        found = {one: exchange.snapshot(run_id, one) for one in which}
        content = exchange.packed(store.get(run_id), store.curves(run_id), found)
        (folder / f"{name}.zip").write_bytes(content)
    for run_id in ("completed", "changed"):
        run, curves = store.get(run_id), store.curves(run_id)
        (folder / f"{run_id}.json").write_text(exchange.settings_json(run), encoding="utf-8")
        (folder / f"{run_id}.csv").write_bytes(exchange.curves_csv(curves))
        (folder / f"{run_id}.parquet").write_bytes(exchange.curves_parquet(curves))
        (folder / f"{run_id}.tfevents").write_bytes(exchange.events(curves, 1.0e9))
    (folder / "completed.safetensors").write_bytes(exchange.safetensors(exchange.snapshot("completed", "last")))


def scripts(folder: Path, data: Path, store: Store) -> None:
    """Scripts of runs, and what they print."""
    folder.mkdir()
    for run_id in ("mlp-adamw", "cnn-sgd", "changed", "stopped", "mlp-rmsprop"):
        run = store.get(run_id)
        script = folder / f"{run_id}.py.txt"
        script.write_text(exchange.script_of(run), encoding="utf-8")
        words = [sys.executable, "-c", script.read_text(encoding="utf-8"), str(data)]
        env = os.environ | {"OMP_NUM_THREADS": "1"}
        done = subprocess.run(words, capture_output=True, text=True, check=True, env=env)
        (folder / f"{run_id}.out.txt").write_text(done.stdout, encoding="utf-8")


def small_backup(folder: Path, store: Store, target: Path) -> None:
    """The backup of a home with few runs, each of another kind."""
    few = ("mlp-adam", "cnn-adam", "completed", "lost-saving", "queued", "changed")
    shutil.copytree(settings.home(), folder)
    database = sqlite3.connect(folder / "runs.sqlite")
    marks = ", ".join("?" for _one in few)
    for table, column in (("chunks", "run_id"), ("events", "run_id"), ("runs", "id")):
        database.execute(f"DELETE FROM {table} WHERE {column} NOT IN ({marks})", few)
    database.execute("DELETE FROM studies WHERE id NOT IN ('done-answers', 'done-landscape')")
    database.commit()
    database.close()
    with home(folder):
        backup.make(target)


def zipped(folder: Path, target: Path) -> None:
    """The home as it lies on disk, the database in one file."""
    database = sqlite3.connect(folder / "runs.sqlite")
    database.execute("PRAGMA journal_mode = DELETE")
    database.execute("VACUUM")
    database.close()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        for file in sorted(folder.rglob("*")):
            if file.is_file() and (file.name == "runs.sqlite" or "checkpoints" in file.parts):
                archive.write(file, file.relative_to(folder))


def write(file: Path, told: Any) -> None:
    """As JSON, each member of the whole on a line of its own."""
    members = told.items() if isinstance(told, dict) else enumerate(told)
    lines = [
        (f"{json.dumps(name)}: " if isinstance(told, dict) else "")
        + json.dumps(value, ensure_ascii=False, separators=(",", ":"))
        for name, value in members
    ]
    ends = "{}" if isinstance(told, dict) else "[]"
    file.write_text(f"{ends[0]}\n" + ",\n".join(lines) + f"\n{ends[1]}\n", encoding="utf-8")


def commands(folder: Path, data: Path) -> None:
    """Command lines with every option, what they say, and those that are to be known, without being done."""
    from tests.compatibility.making_commands import DONE, KNOWN

    done = []
    for words in DONE:
        status, out, err = today.commanded([str(data) if word == "DATA" else word for word in words])
        assert status == 0, (words, err)
        done.append({"words": words, "said": today.said(out)})
    write(folder / "commands.json", {"done": done, "known": KNOWN})


def main(folder: Path) -> None:
    """Write all files into `folder`, which must not be there."""
    folder.mkdir()
    for name in [name for name in os.environ if name.startswith("MNIST_LAB_")]:
        del os.environ[name]
    platform.node = lambda: "host"
    beside = Path(tempfile.mkdtemp(prefix="made"))
    images, labels = digits.draw_digits(500, 5)
    np.savez_compressed(folder / "digits.npz", images=images, labels=labels)
    today.write_images(beside / "data", {"images": images, "labels": labels})
    os.environ["MNIST_LAB_DATA"] = str(beside / "data")
    with home(beside / "home"), today.opened() as store:
        store.take_lease("host:home")
        store.raise_lease(7.0)
        store.lease_token = None
        resting(store)
        over(store)
        studied(store)
        store.set_fact(f"seal {STUDENT}", {"sealed": True})
        store.set_fact("speed", {"mlp": 1.5, "cnn": 2.5})
        exchanged(store, folder / "taken")
        scripts(folder / "scripts", beside / "data", store)
        links = making_links.made(store, STUDENT)
        today.close_pages()
        store.create_run(STUDENT, SMALL, run_id="unreadable")
        small_backup(beside / "few", store, folder / "backup.zip")
    database = sqlite3.connect(beside / "home" / "runs.sqlite")
    bad = json.dumps(SMALL.to_dict() | {"optimizer": "lion"})
    database.execute("UPDATE runs SET config = ? WHERE id = 'unreadable'", (bad,))
    database.commit()
    database.close()
    with home(beside / "home"), today.opened() as store:
        stacked = [run.id for run in store.list_group("stacked000")]
        left = store.list_group("left000000")[0].id
        names = [*PAUSED, "lost", "lost-saving", "failed", *stacked, left]
        RESTING.update({one: store.get(one) for one in names})
        told = expected(store, {"student": STUDENT, "other": OTHER, "resting": names, "stack": stacked, "left": left})
    with home(beside / "commands"):
        commands(folder, beside / "data")
    rest, weights, results = undisturbed(beside / "data", beside / "undisturbed")
    np.savez_compressed(folder / "gone_on.npz", **rest)
    np.savez_compressed(folder / "weights.npz", **weights)
    write(folder / "store.json", told | {"ends": results})
    write(folder / "links.json", links)
    write(folder / "presets.json", making_links.presets())
    drawn = hashlib.sha256(images.tobytes() + labels.tobytes()).hexdigest()
    made = {"schema": "0006_leases", "date": date.today().isoformat(), "images": drawn}
    write(folder / "made.json", made | versions())
    zipped(beside / "home", folder / "home.zip")
    shutil.rmtree(beside)


def versions() -> dict[str, str]:
    import torch

    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=True).stdout.strip()
    return {"commit": commit, "python": platform.python_version(), "torch": torch.__version__, "numpy": np.__version__}


if __name__ == "__main__":
    main(Path(sys.argv[1]))
