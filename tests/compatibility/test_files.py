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

from mnist_core.store import Store
from tests.compatibility import adapter

ZIPS = {"completed-both": ("last", "best"), "second-last": ("last",), "diverged-none": (), "changed-none": ()}
SCRIPTS = ("mlp-adamw", "cnn-sgd", "changed", "stopped", "mlp-rmsprop")
Expected = Mapping[str, Any]


@pytest.mark.parametrize("name", ZIPS)
def test_a_zip_is_imported(folder: Path, expected: Expected, store: Store, name: str) -> None:
    run_id = name.rpartition("-")[0]
    imported = adapter.exchange.unpacked((folder / "taken" / f"{name}.zip").read_bytes())
    run = expected["runs"][run_id]
    fields = run["seen"]
    assert adapter.same_settings(imported.config.to_dict(), run["settings"])
    assert (imported.outcome, imported.step, imported.name, imported.note) == (
        fields["outcome"],
        fields["progress"][0],
        fields["name"],
        fields["note"],
    )
    assert adapter.events(imported.curves) == run["events"]
    for kind, array in adapter.records(imported.curves).items():
        stored = adapter.records(store.record_reader.curves(run_id))[kind]
        assert (array.dtype, array.shape) == (stored.dtype, stored.shape)
        for field in [field for field in array.dtype.names or () if field != "epoch"]:  # which is reckoned anew
            np.testing.assert_array_equal(array[field], stored[field], field)
    figures = {key: value for key, value in fields["result"].items() if key in imported.result}
    assert len(figures) > 10
    assert str(imported.result) == str({key: figures[key] for key in imported.result})
    assert set(imported.weights) == set(ZIPS[name])
    for which, snapshot in imported.weights.items():
        on_disk = adapter.exchange.snapshot(run_id, which)
        assert snapshot.step == on_disk.step
        assert {part: value.tobytes() for part, value in snapshot.weights.items()} == {
            part: value.tobytes() for part, value in on_disk.weights.items()
        }


@pytest.mark.parametrize("run_id", ["completed", "changed"])
def test_settings_are_read(folder: Path, expected: Expected, run_id: str) -> None:
    text = (folder / "taken" / f"{run_id}.json").read_text(encoding="utf-8")
    config, changes = adapter.exchange.read_settings(text)
    run = expected["runs"][run_id]
    assert adapter.same_settings(config.to_dict(), run["settings"])
    assert [list(change) for change in changes] == run["seen"]["rate_changes"]
    assert adapter.RunConfig.from_json(text) == config
    assert bool(changes) == (run_id == "changed")


@pytest.mark.parametrize("run_id", ["completed", "changed"])
def test_tables_are_written_as_they_were(folder: Path, store: Store, run_id: str) -> None:
    """Somebody has a program that reads their columns."""
    import pandas as pd

    for file, write in (("csv", adapter.exchange.curves_csv), ("parquet", adapter.exchange.curves_parquet)):
        load = pd.read_csv if file == "csv" else pd.read_parquet
        old = load(folder / "taken" / f"{run_id}.{file}")
        new = load(io.BytesIO(write(store.record_reader.curves(run_id))))
        pd.testing.assert_frame_equal(new[list(old.columns)], old)
    events = (folder / "taken" / f"{run_id}.tfevents").read_bytes()
    assert adapter.exchange.events(store.record_reader.curves(run_id), 1.0e9) == events


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


def same_figures(output: str, expected: str) -> bool:
    """Whether both say the same, with figures that differ in the last digit or by an image at most."""
    number = r"\d+(?:\.\d+)?"
    figures = [[float(figure) for figure in re.findall(number, text)] for text in (output, expected)]
    return re.sub(number, "", output) == re.sub(number, "", expected) and np.allclose(*figures, rtol=2e-3, atol=2e-4)


@pytest.mark.parametrize("run_id", SCRIPTS)
def test_a_script_runs_to_the_same_figures(folder: Path, store: Store, images: Path, run_id: str) -> None:
    """The script from then, and that of adapter of the same run."""
    old = (folder / "scripts" / f"{run_id}.py.txt").read_text(encoding="utf-8")
    output = (folder / "scripts" / f"{run_id}.out.txt").read_text(encoding="utf-8")
    new = adapter.exchange.script_of(store.runs.get(run_id))
    assert same_figures(run_script(old, images), output)
    if new != old:
        assert same_figures(run_script(new, images), output)


def test_a_backup_is_restored(
    folder: Path, expected: Expected, home: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MNIST_LAB_DATA", str(images))
    restored = adapter.backup.restore(folder / "backup.zip")
    assert (restored.runs, restored.waiting) == (6, 1)
    with adapter.opened() as store:
        for run_id in ("mlp-adam", "cnn-adam", "completed", "queued", "changed"):
            saved = expected["runs"][run_id]
            assert adapter.run_fields(store.runs.get(run_id)) == saved["seen"], run_id
            assert adapter.snapshots(run_id) == saved["snapshots"]
            assert adapter.events(store.record_reader.curves(run_id)) == saved["events"]
        assert adapter.analysis_of(store, "done-landscape").state == "finished"
        lost = "lost-saving"
        assert store.runs.get(lost).state == "queued"  # as after the death of a cluster
        store.commands.send(lost, expected["other"], "resume")
        adapter.execute(store, [lost])
        run, curves = store.runs.get(lost), store.record_reader.curves(lost)
        assert (run.state, run.outcome) == ("finished", expected["ends"][lost]["outcome"])
        with np.load(folder / "gone_on.npz", allow_pickle=False) as file:
            steps = file[f"{lost}/steps"]
        np.testing.assert_allclose(adapter.rows(curves.steps, ["loss"])["loss"], steps["loss"], 1e-4)
        step, _best = adapter.best_weights("completed")
        assert step == expected["runs"]["completed"]["seen"]["result"]["best_step"]


def test_every_experiment_keeps_its_name(folder: Path) -> None:
    """Links, command lines and runs name it."""
    presets = json.loads((folder / "presets.json").read_text(encoding="utf-8"))
    for name, old in presets.items():
        preset = adapter.preset(adapter.WORDS.get(name, name))
        assert adapter.same_settings(preset.config.to_dict(), old["settings"]), name
        for label, settings in old["variants"].items():
            variant = preset.variant(adapter.WORDS.get(label, label))
            assert adapter.same_settings(variant.to_dict(), settings), (name, label)
