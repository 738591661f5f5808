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
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np

from mnist_core import RunConfig, backup, exchange, settings
from mnist_core.data import augment, digits
from mnist_core.jobs import one_run, run_files, run_job
from mnist_core.messages import message
from mnist_core.presets import PRESETS
from mnist_core.records import DTYPES, SweepRecord
from mnist_core.store import Store
from mnist_core.training.stack import Stack
from tests.compatibility import making_links, today

STUDENT = "0123456789abcdef0123456789abcdef"  # what a browser's cookie says
OTHER = "fedcba9876543210fedcba9876543210"
SMALL = RunConfig(
    dataset="other", train_size=200, validation_size=100, hidden_layers=(3,), batch_size=20, epochs=3, seed=3
)
CNN = SMALL.replace(model="cnn", filters=(4,), kernel_size=5, hidden_layers=(2,), learning_rate=0.05)
PAUSED_AT = 14  # of 30 updates, in the midst of an epoch
# Every optimizer with either kind of step, and every word that a setting may be. Batch normalization only with optimizers that
# do not divide by the size of gradients: that of a bias before it is nothing but rounding.
PAUSED: Mapping[str, RunConfig] = {
    "mlp-sgd": SMALL.replace(
        hidden_layers=(), initialisation="zeros", preprocessing="raw", learning_rate=1e-5, weight_decay=0.01
    ),
    "mlp-momentum": SMALL.replace(
        optimizer="momentum", activation="sigmoid", initialisation="glorot", schedule="step", dropout=0.25, momentum=0.8
    ),
    "mlp-nesterov": SMALL.replace(
        optimizer="nesterov", activation="tanh", preprocessing="centred", schedule="cosine", sampling="replacement",
        loss="squared-error", learning_rate=0.02,
    ),
    "mlp-adagrad": SMALL.replace(
        optimizer="adagrad", preprocessing="standardised", schedule="warm-up", schedule_epochs=2, learning_rate=0.01
    ),
    "mlp-rmsprop": SMALL.replace(
        optimizer="rmsprop", activation="leaky-relu", schedule="one-cycle", learning_rate=0.01, rho=0.95, label_noise=0.1
    ),
    "mlp-adam": SMALL.replace(
        optimizer="adam", activation="gelu", initialisation="normal", init_std=0.05, learning_rate=0.02,
        early_stopping=2, batch_seed=9,
    ),
    "mlp-adamw": SMALL.replace(
        optimizer="adamw", activation="tanh", hidden_layers=(3, 4), learning_rate=0.02, weight_decay=0.1, beta1=0.85,
        beta2=0.99, epsilon=1e-6,
    ),
    "cnn-sgd": CNN.replace(pooling="none", activation="identity"),
    "cnn-momentum": CNN.replace(optimizer="momentum", pooling="average", batch_norm=True, dropout=0.25),
    "cnn-nesterov": CNN.replace(optimizer="nesterov", schedule="rising", learning_rate=0.3),
    "cnn-adagrad": CNN.replace(optimizer="adagrad", learning_rate=0.01),
    "cnn-rmsprop": CNN.replace(optimizer="rmsprop", learning_rate=0.005, dropout=0.25),
    "cnn-adam": CNN.replace(
        optimizer="adam", learning_rate=0.01, dropout=0.25, sampling="replacement", kernel_size=3,
        filters=(4, 4),
    ),
    "cnn-adamw": CNN.replace(optimizer="adamw", learning_rate=0.01, weight_decay=0.1, hidden_layers=(5, 4), activation="gelu",
        filters=(4, 4), kernel_size=3,
    ),
    "norm-nesterov": SMALL.replace(
        optimizer="nesterov", batch_norm=True, dropout=0.25, learning_rate=0.02, sharpness=True, batch_size=30
    ),
    # Records of two updates each, and a record that is half full.
    "open-window": SMALL.replace(hidden_layers=(2,), batch_size=2, epochs=12, optimizer="momentum", learning_rate=0.002),
    "rate-changed": SMALL.replace(optimizer="adam", learning_rate=0.02, stop_when_not_finite=False),
}  # fmt: skip
PAUSED_ELSEWHERE = {"open-window": 701}
CHANGE = (8, 0.005)  # of the rate of "rate-changed": after so many updates, to this


class Crash(BaseException):
    """The worker dies here."""


# ---- runs ------------------------------------------------------------------------------------------------------------


@contextmanager
def reaching(store: Store, owner: str, run_ids: Sequence[str], step: int, then: str) -> Iterator[None]:
    """Runs that train meanwhile make updates up to `step`, then this is asked of them."""
    real, seconds = Stack.advance, one_run.ASK_SECONDS

    def advance(stack: Any, stop: Any, *, seconds: float, steps: int | None = None) -> None:
        real(stack, steps=step - stack.trainers[0].step)
        for run_id in run_ids:
            store.request(run_id, owner, then)  # type: ignore[arg-type]
        stop()

    Stack.advance, one_run.ASK_SECONDS = advance, 0.0  # type: ignore[method-assign, assignment]
    yield
    Stack.advance, one_run.ASK_SECONDS = real, seconds  # type: ignore[method-assign]


def pause(store: Store, owner: str, run_ids: Sequence[str], step: int, then: str = "pause") -> None:
    with reaching(store, owner, run_ids, step, then):
        today.execute(store, run_ids)


def crash(store: Store, owner: str, run_id: str, step: int, *, saving: bool) -> None:
    """The worker that has the run dies a few updates on: just after the store heard of a checkpoint, or (not `saving`) of
    records without one."""
    real, seconds = store.publish, run_job.CHECKPOINT_SECONDS

    def publish(reports: Any) -> Any:
        told = real(reports)
        if reports[0].progress.step >= step:
            raise Crash
        return told

    store.publish = publish  # type: ignore[method-assign]
    run_job.CHECKPOINT_SECONDS = 0.0 if saving else float("inf")
    run_job.CHECKPOINT_SHARE = 1.0
    try:
        pause(store, owner, [run_id], step)
    except Crash:
        pass
    finally:
        store.publish = real  # type: ignore[method-assign]
        run_job.CHECKPOINT_SECONDS = seconds
        Stack.advance = ADVANCE  # type: ignore[method-assign]


ADVANCE = Stack.advance


def forget(store: Store, run_ids: Sequence[str]) -> None:
    """As the dispatcher does where weights need too much room."""
    for run_id in run_ids:
        assert store.forget_weights(run_id)
        run_files.forget_files(run_id)


def resting(store: Store) -> None:
    """Runs that may go on."""
    for run_id, config in PAUSED.items():
        store.create_run(OTHER, config, run_id=run_id)
        step = PAUSED_ELSEWHERE.get(run_id, PAUSED_AT)
        if run_id == "rate-changed":
            pause(store, OTHER, [run_id], CHANGE[0])
            store.request_learning_rate(run_id, OTHER, CHANGE[1])
            store.request(run_id, OTHER, "resume")
        pause(store, OTHER, [run_id], step)
    for run_id, saving in (("lost", False), ("lost-saving", True)):
        store.create_run(
            OTHER, SMALL.replace(hidden_layers=(2,), optimizer="momentum", learning_rate=0.05), run_id=run_id
        )
        pause(store, OTHER, [run_id], 6)
        store.request(run_id, OTHER, "resume")
        crash(store, OTHER, run_id, 12, saving=saving)
    store.create_run(
        OTHER, SMALL.replace(hidden_layers=(2,), optimizer="nesterov", learning_rate=0.05), run_id="failed"
    )
    pause(store, OTHER, ["failed"], PAUSED_AT)
    store.request("failed", OTHER, "resume")
    run = store.claim("failed", "host:1", 1)
    assert run is not None
    why = message("The network needs more memory than there is ({size} MB).", size=700)
    store.finish("failed", "failed", {}, why, run.token)
    rates = (0.05, 0.1, 0.2)
    plan = SweepRecord("", "", 0.0, SMALL.replace(hidden_layers=(2,)), rates, 1, None, None, 0.15, None)
    configs = [SMALL.replace(hidden_layers=(2,), learning_rate=rate) for rate in rates]
    stacked = store.create_runs(OTHER, configs, "stacked000", sweep=plan)
    pause(store, OTHER, stacked, PAUSED_AT)
    for run_id in set(PAUSED) - {"cnn-momentum", "cnn-adam"}:
        run_files.forget_trail(run_id)  # snapshots of the way take much room
    for run_id in (*stacked, "lost", "lost-saving", "failed"):
        run_files.forget_trail(run_id)


def over(store: Store) -> None:
    """Runs of every outcome, with all that a student may have said of them."""

    def run(run_id: str, config: RunConfig, **more: Any) -> None:
        store.create_run(STUDENT, config, run_id=run_id, **more)
        today.execute(store, [run_id])

    small_cnn = CNN.replace(filters=(2, 2), kernel_size=3, hidden_layers=(), epochs=4, learning_rate=0.1)
    run("completed", small_cnn, preset="lenet", prediction="learns")
    run("second", small_cnn.replace(seed=4, optimizer="adam", learning_rate=0.02), prediction="slow")
    run("diverged", SMALL.replace(loss="squared-error", learning_rate=100.0), prediction="breaks")
    run("collapsed", SMALL.replace(learning_rate=2.0, seed=3, epochs=6, hidden_layers=(4, 4)))
    run("early", SMALL.replace(early_stopping=2, epochs=60, optimizer="adam", learning_rate=0.05))
    store.create_run(STUDENT, SMALL, run_id="stopped")
    pause(store, STUDENT, ["stopped"], 17, "stop")
    store.create_run(STUDENT, SMALL, run_id="stopped-queued")
    store.request("stopped-queued", STUDENT, "stop")
    run("away", SMALL)
    store.create_run(STUDENT, SMALL, run_id="changed", preset="overfit-and-stop", variant="early stopping")
    for step, rate in ((7, 0.3), (15, 0.03)):
        pause(store, STUDENT, ["changed"], step)
        store.request_learning_rate("changed", STUDENT, rate)
        store.request("changed", STUDENT, "resume")
    today.execute(store, ["changed"])
    store.create_run(STUDENT, SMALL, run_id="failed-student")
    store.claim("failed-student", "host:1", 1)
    store.finish("failed-student", "failed", {}, message("It ended with {what}.", what=message("nothing")))
    expected = {"diverged": "diverged", "collapsed": "collapsed", "early": "completed", "stopped": "stopped"}
    for run_id, outcome in expected.items():
        assert store.get(run_id).outcome == outcome, (run_id, store.get(run_id).outcome)
    store.label_run("completed", STUDENT, name="première *run*, 한국어", note="two\nlines", star=True, colour=3)
    store.label_run("second", STUDENT, name="<b>second</b>", colour=0)
    store.put_away(["away"], STUDENT)
    store.create_run(STUDENT, SMALL.replace(seed=5), run_id="queued", preset="optimizer-race", variant="Adam")
    store.create_run(STUDENT, SMALL, run_id="step-asked")
    store.request("step-asked", STUDENT, "step")
    store.create_run(STUDENT, SMALL, run_id="reset")
    pause(store, STUDENT, ["reset"], 5)
    store.request("reset", STUDENT, "reset")
    run_files.forget_files("reset")
    swept(store)
    forget(store, ["diverged", "collapsed", "early", "stopped", "away", "changed"])
    run_files.forget_trail("second")


def swept(store: Store) -> None:
    """Runs of one click: a finished sweep with its prediction, the variants of an experiment."""
    rates = (0.01, 0.1, 1.0)
    plan = SweepRecord("", "", 0.0, SMALL, rates, 2, "lenet", None, 0.7, None)
    configs = [SMALL.replace(learning_rate=rate, seed=seed, batch_seed=1) for rate in rates for seed in (3, 4)]
    ids = store.create_runs(STUDENT, configs, "5eed5eed50", preset="lenet", sweep=plan)
    today.execute(store, ids)
    store.settle_sweep("5eed5eed50", 1.4)
    forget(store, ids)
    chosen = PRESETS["optimizer-race"]
    changes = [SMALL.replace(**chosen.variants[name]) for name in ("SGD", "Adam")]
    ids = store.create_runs(STUDENT, changes, "9409409409", preset="optimizer-race", variants=("SGD", "Adam"))
    for run_id in ids:
        today.execute(store, [run_id])
    forget(store, ids)


def studied(store: Store) -> None:
    """A study of each kind with its result, and one in each other state."""
    augment.DRAWS = 1  # one changed image of each is enough
    image = [0] * 300 + [255] * 60 + [0] * 424
    asked: dict[str, dict[str, Any]] = {
        "landscape": {"run": "completed", "plane": "path"},
        "answers": {"run": "completed", "part": "validation"},
        "attention": {"run": "completed", "image": image},
        "course": {"run": "completed"},
        "disturbed": {"runs": ["completed", "second"], "kind": "noise"},
        "exciting": {"run": "completed", "layer": 1},
        "scratch": {"dataset": "other", "rate": 0.5, "iterations": 100},
        "batch-times": {"dataset": "other", "hidden_layers": [4], "images": 200, "sizes": [10, 100]},
        "augmented": {"dataset": "other", "seed": 1},
    }
    for kind, parameters in asked.items():
        store.create_study(STUDENT, kind, parameters, study_id=f"done-{kind}"[:16])  # type: ignore[arg-type]
        found = today.compute(store, f"done-{kind}"[:16])
        assert found.state == "finished", found.message
    store.create_study(STUDENT, "answers", asked["answers"], study_id="waits")
    store.create_study(OTHER, "course", asked["course"], study_id="runs")
    assert store.claim_study("runs")
    store.create_study(STUDENT, "landscape", {"run": "queued", "plane": "random"}, study_id="broken")
    assert today.compute(store, "broken").state == "failed"


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
        names = [*PAUSED, "lost", "lost-saving", "failed", *stacked]
        RESTING.update({one: store.get(one) for one in names})
        told = expected(store, {"student": STUDENT, "other": OTHER, "resting": names, "stack": stacked})
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
