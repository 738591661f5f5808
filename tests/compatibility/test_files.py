"""Files that an earlier version wrote are read by this one: zips, settings, scripts, a backup."""

from __future__ import annotations

import contextlib
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.compatibility import today

ZIPS = {"completed-both": ("last", "best"), "second-last": ("last",), "diverged-none": (), "changed-none": ()}
SCRIPTS = ("mlp-adamw", "cnn-sgd", "changed", "stopped", "mlp-rmsprop")
Kept = Mapping[str, Any]


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_is_brought_in(folder: Path, kept: Kept, store: Any, name: str) -> None:
    run_id = name.rpartition("-")[0]
    found = today.exchange.unpacked((folder / "taken" / f"{name}.zip").read_bytes())
    wanted = kept["runs"][run_id]
    seen = wanted["seen"]
    assert today.same_settings(found.config.to_dict(), wanted["settings"])
    assert (found.outcome, found.step, found.name, found.note) == (
        seen["outcome"],
        seen["progress"][0],
        seen["name"],
        seen["note"],
    )
    assert today.events(found.curves) == wanted["events"]
    for kind, array in today.records(found.curves).items():
        here = today.records(store.curves(run_id))[kind]
        assert (array.dtype, array.shape) == (here.dtype, here.shape)
        for field in [field for field in array.dtype.names or () if field != "epoch"]:  # which is reckoned anew
            np.testing.assert_array_equal(array[field], here[field], field)
    figures = {key: value for key, value in seen["result"].items() if key in found.result}
    assert len(figures) > 10
    assert str(found.result) == str({key: figures[key] for key in found.result})
    assert set(found.weights) == set(ZIPS[name])
    for which, snapshot in found.weights.items():
        here = today.exchange.snapshot(run_id, which)
        assert snapshot.step == here.step
        assert {part: value.tobytes() for part, value in snapshot.weights.items()} == {
            part: value.tobytes() for part, value in here.weights.items()
        }


@pytest.mark.parametrize("run_id", ["completed", "changed"])
def test_settings_are_taken(folder: Path, kept: Kept, run_id: str) -> None:
    text = (folder / "taken" / f"{run_id}.json").read_text(encoding="utf-8")
    config, changes = today.exchange.read_settings(text)
    wanted = kept["runs"][run_id]
    assert today.same_settings(config.to_dict(), wanted["settings"])
    assert [list(change) for change in changes] == wanted["seen"]["rate_changes"]
    assert today.RunConfig.from_json(text) == config
    assert bool(changes) == (run_id == "changed")


@pytest.mark.parametrize("run_id", ["completed", "changed"])
def test_tables_are_written_as_they_were(folder: Path, store: Any, run_id: str) -> None:
    """Somebody has a program that reads their columns."""
    import pandas as pd

    for file, made in (("csv", today.exchange.curves_csv), ("parquet", today.exchange.curves_parquet)):
        read = pd.read_csv if file == "csv" else pd.read_parquet
        old = read(folder / "taken" / f"{run_id}.{file}")
        new = read(io.BytesIO(made(store.curves(run_id))))
        pd.testing.assert_frame_equal(new[list(old.columns)], old)
    events = (folder / "taken" / f"{run_id}.tfevents").read_bytes()
    assert today.exchange.events(store.curves(run_id), 1.0e9) == events


def run_script(text: str, images: Path) -> str:
    """What a script prints, run in this process with one thread."""
    import torch

    threads, out = torch.get_num_threads(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out):
        patch.setattr("sys.argv", ["train.py", str(images)])
        torch.set_num_threads(1)
        try:
            exec(compile(text, "train.py", "exec"), {"__name__": "__main__"})
        finally:
            torch.set_num_threads(threads)
    return out.getvalue()


def same_figures(found: str, wanted: str) -> bool:
    """Whether both say the same, with figures that differ in the last digit or by an image at most."""
    number = r"\d+(?:\.\d+)?"
    figures = [[float(figure) for figure in re.findall(number, text)] for text in (found, wanted)]
    return re.sub(number, "", found) == re.sub(number, "", wanted) and np.allclose(*figures, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("run_id", SCRIPTS)
def test_a_script_runs_to_the_same_figures(folder: Path, store: Any, images: Path, run_id: str) -> None:
    """The script from then, and that of today of the same run."""
    old = (folder / "scripts" / f"{run_id}.py.txt").read_text(encoding="utf-8")
    told = (folder / "scripts" / f"{run_id}.out.txt").read_text(encoding="utf-8")
    new = today.exchange.script_of(store.get(run_id))
    assert same_figures(run_script(old, images), told)
    if new != old:
        assert same_figures(run_script(new, images), told)


def test_a_backup_is_restored(
    folder: Path, kept: Kept, home: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_DATA", str(images))
    found = today.backup.restore(folder / "backup.zip")
    assert (found.runs, found.waiting) == (6, 1)
    with today.opened() as store:
        for run_id in ("mlp-adam", "cnn-adam", "completed", "queued", "changed"):
            wanted = kept["runs"][run_id]
            assert today.seen(store.get(run_id)) == wanted["seen"], run_id
            assert today.snapshots(run_id) == wanted["snapshots"]
            assert today.events(store.curves(run_id)) == wanted["events"]
        assert store.study("done-landscape").state == "finished"
        lost = "lost-saving"
        assert store.get(lost).state == "queued"  # as after the death of a cluster
        store.request(lost, kept["other"], "resume")
        today.execute(store, [lost])
        run, curves = store.get(lost), store.curves(lost)
        assert (run.state, run.outcome) == ("finished", kept["ends"][lost]["outcome"])
        with np.load(folder / "gone_on.npz", allow_pickle=False) as file:
            wanted = file[f"{lost}/steps"]
        np.testing.assert_allclose(today.rows(curves.steps, ["loss"])["loss"], wanted["loss"], 1e-4)
        step, _best = today.best_weights("completed")
        assert step == kept["runs"]["completed"]["seen"]["result"]["best_step"]


def test_every_experiment_keeps_its_name(folder: Path) -> None:
    """Links, command lines and runs name it."""
    told = json.loads((folder / "presets.json").read_text(encoding="utf-8"))
    for name, wanted in told.items():
        found = today.preset(today.WORDS.get(name, name))
        assert today.same_settings(found.config.to_dict(), wanted["settings"]), name
        for label, settings in wanted["variants"].items():
            variant = found.variant(today.WORDS.get(label, label))
            assert today.same_settings(variant.to_dict(), settings), (name, label)
