"""Backups: everything that belongs to runs comes back, taken while others write, and one that is killed leaves nothing whole."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mnist_core import backup, settings
from mnist_core.backup import making
from mnist_core.cli import main
from mnist_core.errors import BackupError, CheckpointError
from mnist_core.jobs import worker_store
from mnist_core.networks import weights
from mnist_core.networks.checkpoint_layout import checkpoint_file
from mnist_core.store import Store, open_store
from tests.backup.sample_store import CONFIG, crashed, everything, execute, files, filled, paused_after
from tests.conftest import ROOT
from tests.jobs.short_run import rows


@pytest.mark.parametrize("way", ["sqlite to sqlite", "sqlite to postgresql", "postgresql to sqlite"])
def test_everything_comes_back(
    home: Path,
    tmp_path: Path,
    elsewhere: Callable[[], Path],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    way: str,
) -> None:
    source, target = way.split(" to ")
    server = request.getfixturevalue("postgresql") if "postgresql" in way else None
    if source == "postgresql":
        monkeypatch.setenv("MNIST_LAB_STORE", server.new_database())
    store = request.getfixturevalue("store")
    filled(store, monkeypatch)
    (home / "checkpoints" / "nobody.safetensors").write_bytes(b"of no run")
    file = tmp_path / "backup.zip"
    assert main(["backup", str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(home.glob("backup-*.tmp"))

    another = elsewhere()
    if target == "postgresql":
        monkeypatch.setenv("MNIST_LAB_STORE", server.new_database())
    assert main(["restore", str(file)]) == 0
    restored = open_store()
    assert restored.runs.get("crashed").state == "queued"
    assert restored.lease.current().served_seconds == 7.0
    assert restored.lease.current().holder == ""
    assert everything(restored) == everything(store)
    before, after = files(home), files(another)
    # The checkpoint that counts is in its place now.
    (newer,) = [name for name in before if ".next." in name]
    before["crashed.safetensors"] = before.pop(newer)
    del before["nobody.safetensors"]
    assert after == before
    (analysis,) = restored.analyses.newest("ann done", "landscape")
    done = restored.analyses.get(analysis.id)
    assert done is not None
    assert done.arrays["loss"].tolist() == [[0, 1, 2], [3, 4, 5]]
    # What is new comes after all that was there.
    new = restored.runs.create("bob", CONFIG)
    assert restored.runs.newest("bob")[0].id == new
    restored.close()


def test_runs_go_on_to_the_bit(
    store: Store, tmp_path: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store.runs.create("ann", CONFIG)
    execute(store, whole)
    expected, end = rows(store.record_reader.curves(whole)), weights.latest(whole)
    paused, lost = paused_after(store, 7), crashed(store, monkeypatch)
    reached = store.runs.get(lost).checkpoint_step
    backup.make(tmp_path / "backup.zip")
    elsewhere()
    restored_backup = backup.restore(tmp_path / "backup.zip")
    assert (restored_backup.runs, restored_backup.waiting) == (3, 1)
    restored = open_store()
    worker_store._stores[restored.url] = restored
    restored.commands.send(paused, "ann", "resume")
    for run_id, step in ((paused, 7), (lost, reached)):
        assert weights.latest(run_id).step == step
        execute(restored, run_id)
        assert restored.runs.get(run_id).outcome == "completed"
        assert rows(restored.record_reader.curves(run_id)) == expected
        for name, value in weights.latest(run_id).weights.items():
            assert value.tobytes() == end.weights[name].tobytes()
    del worker_store._stores[restored.url]
    restored.close()


# What a worker does, as fast as it can: a checkpoint beside the last one, its records, then the checkpoint in its place.
WRITER = """
import json, sys, threading, numpy as np
from safetensors.numpy import save_file
from mnist_core import settings
from mnist_core.networks.checkpoint_layout import checkpoint_file, next_file
from mnist_core.records import Curves, Progress, Report, STEP_DTYPE
from mnist_core.store import open_store
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
store = open_store()
run = store.queue.claim("busy", "writer", 1)
settings.checkpoint_folder().mkdir(parents=True, exist_ok=True)
step = 0
while not stop.is_set():
    step += 1
    file = next_file(run.id, run.token)
    save_file({"model.a": np.full(9, step, np.float32)}, file, {"state": json.dumps({"step": step})})
    record = np.zeros(1, STEP_DTYPE)
    record["step"] = step
    store.record_writer.publish([Report(run.id, Progress(step, run.config.total_steps), Curves(record), True, None, run.token)])
    file.replace(checkpoint_file(run.id))
    if step == 5:
        print("going", flush=True)
print(step)
"""


def test_while_another_process_writes_rows_and_checkpoints_are_of_one_moment(
    store: Store, tmp_path: Path, elsewhere: Callable[[], Path]
) -> None:
    store.runs.create("ann", CONFIG, run_id="busy")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "going\n"
    for number in range(3):
        assert backup.make(tmp_path / f"{number}.zip").restarting == 0
    before = store.runs.get("busy").progress.step
    wrote, _errors = writer.communicate("")
    assert int(wrote) >= before > 5
    elsewhere()
    backup.restore(tmp_path / "2.zip")
    restored = open_store()
    run = restored.runs.get("busy")
    assert run.state == "queued"
    assert run.checkpoint_step == weights.latest("busy").step == run.progress.step
    assert restored.record_reader.curves("busy").steps["step"].tolist() == [*range(1, run.progress.step + 1)]
    restored.close()


def test_files_that_go_meanwhile_are_gone_and_their_runs_still_open(
    store: Store, tmp_path: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(store, store.runs.create("ann", CONFIG, run_id="finished"))
    paused = paused_after(store, 1)
    real = making._all_files

    def listed(*arguments: Any) -> Any:
        paths = [*real(*arguments)]
        shutil.rmtree(settings.checkpoint_folder())
        return paths

    monkeypatch.setattr(making, "_all_files", listed)
    report = backup.make(tmp_path / "backup.zip")
    assert (report.runs, report.files, report.restarting) == (2, 1, 0)
    elsewhere()
    backup.restore(tmp_path / "backup.zip")
    restored = open_store()
    assert {run.state for run in restored.runs.newest("ann")} == {"finished", "paused"}
    assert weights.latest(paused).step == 1
    with pytest.raises(CheckpointError, match="are not on the server"):
        weights.latest("finished")
    restored.close()


def test_a_checkpoint_that_fits_no_row_is_told(store: Store, tmp_path: Path) -> None:
    checkpoint_file(paused_after(store, 1)).unlink()
    assert backup.make(tmp_path / "backup.zip").restarting == 1


KILLED = """
import sys
from mnist_core import backup, store
from mnist_core.backup import container
from mnist_core.cli import main
from mnist_core.store import transfer
name, file = sys.argv[1:]
owner, method = (container.Writer, "add_file") if name == "backup" else (transfer, "_take_over")
real = getattr(owner, method)
def wait(*arguments):
    found = real(*arguments)
    if name == "backup" or arguments[1].name == "runs":
        print("in the middle", flush=True)
        sys.stdin.read()
    return found
setattr(owner, method, wait)
main([name, file])
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no such signal")
def test_one_that_is_killed_leaves_nothing_that_looks_whole(
    store: Store, tmp_path: Path, elsewhere: Callable[[], Path], home: Path
) -> None:
    paused_after(store, 1)
    place = tmp_path / "place"
    place.mkdir()
    file = place / "backup.zip"
    _kill("backup", file)
    assert not file.exists()
    (part,) = place.iterdir()
    with pytest.raises(BackupError):
        backup.restore(part)
    backup.make(file)
    assert [*place.iterdir()] == [file]
    assert not list(home.glob("backup-*.tmp"))

    another = elsewhere()
    _kill("restore", file)
    restored = open_store()
    assert not restored.transfer.has_runs()
    assert backup.restore(file).runs == 1
    assert restored.runs.get("paused1").state == "paused"
    assert weights.latest("paused1").step == 1
    assert not list(another.glob("backup-*.tmp"))
    restored.close()


def _kill(name: str, file: Path) -> None:
    """Kill such a command in its middle."""
    command = [sys.executable, "-c", KILLED, name, str(file)]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={**os.environ}, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "in the middle\n"
        process.kill()
