"""Backups: everything that belongs to runs comes back, taken while others write, and nothing else gets in."""

from __future__ import annotations

import json
import os
import shutil
import signal
import stat
import subprocess
import sys
import threading
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import filelock
import numpy as np
import pytest

from mnist_core import backup, data, settings, weights
from mnist_core.backup import container, making, restoring
from mnist_core.cli import main
from mnist_core.config import RunConfig
from mnist_core.data import Dataset
from mnist_core.errors import BackupError, CheckpointError
from mnist_core.jobs import run_job, worker_store
from mnist_core.messages import message
from mnist_core.records import EVALUATION_DTYPE, Curves, Event, Progress, SweepRecord
from mnist_core.store import Store, open_store
from tests.conftest import ROOT
from tests.jobs.disturbed import rows

CONFIG = RunConfig(
    dataset="built-in",
    train_size=400,
    validation_size=200,
    hidden_layers=(8,),
    batch_size=20,
    epochs=3,
    optimizer="adam",
)
Change = Callable[[dict[str, bytes]], Any]


class Crash(BaseException):
    """The worker dies here."""


@pytest.fixture
def store(home: Path, tiny: Dataset, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    """A store that is shared with the jobs of this process, which train on few images."""
    monkeypatch.setattr(data, "load_dataset", lambda _name: tiny)
    opened = open_store()
    worker_store._stores[opened.url] = opened
    yield opened
    del worker_store._stores[opened.url]
    opened.close()


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: Path) -> Callable[[], Path]:
    """Makes another, empty home the one of the settings; returns it."""

    def move() -> Path:
        monkeypatch.setenv("MNIST_LAB_HOME", str(tmp_path / "another"))
        monkeypatch.delenv("MNIST_LAB_STORE", raising=False)
        return tmp_path / "another"

    return move


def execute(store: Store, run_id: str) -> None:
    run_job.execute([run_id], store.url, 1)


def paused_after(store: Store, steps: int) -> str:
    """A run that was paused after so many updates, with its checkpoint."""
    run_id = store.create_run("ann", CONFIG, run_id=f"paused{steps}")
    store.request(run_id, "ann", "pause")
    for _step in range(steps):
        store.request(run_id, "ann", "step")
        execute(store, run_id)
    assert store.get(run_id).state == "paused"
    return run_id


def crashed(store: Store, monkeypatch: pytest.MonkeyPatch, run_id: str = "crashed") -> str:
    """A run whose worker died after the store had heard of a checkpoint that was not in its place yet."""
    store.create_run("ann", CONFIG, run_id=run_id)
    real, calls = store.publish, iter(range(100))

    def publish(reports: Any) -> Any:
        told = real(reports)
        if next(calls) == 3:
            raise Crash
        return told

    with monkeypatch.context() as patch:
        for name, value in (("CHECKPOINT_SECONDS", 0.0), ("PUBLISH_SECONDS", 0.001), ("FIRST_SECONDS", 0.001)):
            patch.setattr(run_job, name, value)
        patch.setattr(run_job, "CHECKPOINT_SHARE", 1.0)
        patch.setattr(store, "publish", publish)
        with pytest.raises(Crash):
            execute(store, run_id)
    assert store.get(run_id).state == "running"
    return run_id


def filled(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs in every state, with all that may hang on them."""
    trained = store.create_run("ann", CONFIG, run_id="trained", preset="lenet", variant="a", prediction="learns")
    execute(store, trained)
    assert weights.steps(trained)
    store.label_run(trained, "ann", name="première *run*", note="two\nlines", star=True, colour=3)
    paused_after(store, 2)
    crashed(store, monkeypatch)
    store.create_run("bob", CONFIG, run_id="queued")
    store.create_run("bob", CONFIG, run_id="stopped")
    store.request("stopped", "bob", "stop")
    away = store.create_run("bob", CONFIG, run_id="away")
    store.put_away([away], "bob")
    failed = store.create_run("bob", CONFIG, run_id="failed")
    store.claim(failed, "worker:1", 1)
    store.finish(failed, "failed", {}, message("It ended with {what}.", what=message("nothing")))
    odd = np.zeros(2, EVALUATION_DTYPE)
    odd["step"], odd["train_loss"] = (3, 9), (np.inf, np.nan)
    happened = (Event(3, "learning_rate", 0.3), Event(9, "not_finite", float("-inf")))
    where = Progress(9, CONFIG.total_steps, 0.4, 1.0)
    for outcome in ("diverged", "collapsed"):
        store.add_finished(
            "bob", CONFIG, Curves(evaluations=odd, events=happened), outcome, {"best": np.inf}, where, run_id=outcome
        )
    plan = SweepRecord("", "", 0.0, CONFIG, (0.1, 0.4), 1, None, None, 0.7, None)
    store.create_runs("ann", [CONFIG.replace(learning_rate=rate) for rate in (0.1, 0.4)], "5eed5eed50", sweep=plan)
    for name in ("waits", "runs", "done", "broken"):
        store.create_study(f"ann {name}", "landscape", {"run": trained}, study_id=name)
        if name != "waits":
            study = store.claim_study(name)
            assert study is not None
    store.finish_study("done", {"reached": 1}, {"loss": np.arange(6, dtype=np.float32).reshape(2, 3)})
    store.fail_study("broken", message("No."))
    store.set_fact("seal ann", {"sealed": True})
    store.set_fact("cluster", {"pid": 1})
    store.set_fact("speed", {"mlp": 1.0})
    store.take_lease("here")
    store.raise_lease(7.0)
    store.lease_token = None


def everything(store: Store) -> dict[str, list[dict[str, Any]]]:
    """All rows that a backup should hold, as they are after the death of a cluster."""
    store.requeue_lost()
    store.requeue_lost_studies()
    with store.snapshot() as snapshot:
        found = {name: list(snapshot.rows(name)) for name in snapshot.tables() if name != "lease"}
    assert {row["key"] for row in found["facts"]} == {"seal ann"}
    return {name: [{key: repr(value) for key, value in row.items()} for row in rows] for name, rows in found.items()}


def files(home: Path) -> dict[str, bytes]:
    folder = home / "checkpoints"
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


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
    if source == "postgresql":
        monkeypatch.setenv("MNIST_LAB_STORE", request.getfixturevalue("postgresql").new_database())
    store = request.getfixturevalue("store")
    filled(store, monkeypatch)
    (home / "checkpoints" / "nobody.safetensors").write_bytes(b"of no run")
    file = tmp_path / "backup.zip"
    assert main(["backup", str(file)]) == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(home.glob("backup-*.tmp"))

    another = elsewhere()
    if target == "postgresql":
        monkeypatch.setenv("MNIST_LAB_STORE", request.getfixturevalue("postgresql").new_database())
    assert main(["restore", str(file)]) == 0
    restored = open_store()
    assert restored.get("crashed").state == "queued"
    assert restored.lease().served_seconds == 7.0
    assert restored.lease().holder == ""
    assert everything(restored) == everything(store)
    was, found = files(home), files(another)
    # The checkpoint that counts is in its place now.
    (newer,) = [name for name in was if ".next." in name]
    was["crashed.safetensors"] = was.pop(newer)
    del was["nobody.safetensors"]
    assert found == was
    (study,) = restored.list_studies("ann done", "landscape")
    done = restored.study(study.id)
    assert done is not None
    assert done.arrays["loss"].tolist() == [[0, 1, 2], [3, 4, 5]]
    # What is new comes after all that was there.
    new = restored.create_run("bob", CONFIG)
    assert restored.list_runs("bob")[0].id == new
    restored.close()


def test_runs_go_on_to_the_bit(
    store: Store, tmp_path: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = store.create_run("ann", CONFIG)
    execute(store, whole)
    expected, end = rows(store.curves(whole)), weights.latest(whole)
    paused, lost = paused_after(store, 7), crashed(store, monkeypatch)
    reached = store.get(lost).checkpoint_step
    backup.make(tmp_path / "backup.zip")
    elsewhere()
    found = backup.restore(tmp_path / "backup.zip")
    assert (found.runs, found.waiting) == (3, 1)
    restored = open_store()
    worker_store._stores[restored.url] = restored
    restored.request(paused, "ann", "resume")
    for run_id, step in ((paused, 7), (lost, reached)):
        assert weights.latest(run_id).step == step
        execute(restored, run_id)
        assert restored.get(run_id).outcome == "completed"
        assert rows(restored.curves(run_id)) == expected
        for name, value in weights.latest(run_id).weights.items():
            assert value.tobytes() == end.weights[name].tobytes()
    del worker_store._stores[restored.url]
    restored.close()


# What a worker does, as fast as it can: a checkpoint beside the last one, its records, then the checkpoint in its place.
WRITER = """
import json, sys, threading, numpy as np
from safetensors.numpy import save_file
from mnist_core import settings
from mnist_core.jobs.run_files import next_file
from mnist_core.records import Curves, Progress, Report, STEP_DTYPE
from mnist_core.store import open_store
stop = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
store = open_store()
run = store.claim("busy", "writer", 1)
settings.checkpoint_folder().mkdir(parents=True, exist_ok=True)
step = 0
while not stop.is_set():
    step += 1
    file = next_file(run.id, run.token)
    save_file({"model.a": np.full(9, step, np.float32)}, file, {"state": json.dumps({"step": step})})
    record = np.zeros(1, STEP_DTYPE)
    record["step"] = step
    store.publish([Report(run.id, Progress(step, run.config.total_steps), Curves(record), True, None, run.token)])
    file.replace(settings.checkpoint_file(run.id))
    if step == 5:
        print("going", flush=True)
print(step)
"""


def test_while_another_process_writes_rows_and_checkpoints_are_of_one_moment(
    store: Store, tmp_path: Path, elsewhere: Callable[[], Path]
) -> None:
    store.create_run("ann", CONFIG, run_id="busy")
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert writer.stdin is not None
    assert writer.stdout is not None
    assert writer.stdout.readline() == "going\n"
    for number in range(3):
        assert backup.make(tmp_path / f"{number}.zip").restarting == 0
    before = store.get("busy").progress.step
    wrote, _errors = writer.communicate("")
    assert int(wrote) >= before > 5
    elsewhere()
    backup.restore(tmp_path / "2.zip")
    restored = open_store()
    run = restored.get("busy")
    assert run.state == "queued"
    assert run.checkpoint_step == weights.latest("busy").step == run.progress.step
    assert restored.curves("busy").steps["step"].tolist() == [*range(1, run.progress.step + 1)]
    restored.close()


def test_files_that_go_meanwhile_are_gone_and_their_runs_still_open(
    store: Store, tmp_path: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    execute(store, store.create_run("ann", CONFIG, run_id="finished"))
    paused = paused_after(store, 1)
    real = making._all_files

    def listed(*arguments: Any) -> Any:
        found = [*real(*arguments)]
        shutil.rmtree(settings.checkpoint_folder())
        return found

    monkeypatch.setattr(making, "_all_files", listed)
    made = backup.make(tmp_path / "backup.zip")
    assert (made.runs, made.files, made.restarting) == (2, 1, 0)
    elsewhere()
    backup.restore(tmp_path / "backup.zip")
    restored = open_store()
    assert {run.state for run in restored.list_runs("ann")} == {"finished", "paused"}
    assert weights.latest(paused).step == 1
    with pytest.raises(CheckpointError, match="missing or damaged"):
        weights.latest("finished")
    restored.close()


def test_a_checkpoint_that_fits_no_row_is_told(store: Store, tmp_path: Path) -> None:
    settings.checkpoint_file(paused_after(store, 1)).unlink()
    assert backup.make(tmp_path / "backup.zip").restarting == 1


# ---- what is refused ------------------------------------------------------------------------------------------------


@pytest.fixture
def small(store: Store, tmp_path: Path) -> Path:
    """A backup of one finished and one paused run with few weights."""
    store.create_run("ann", CONFIG, run_id="waits")
    paused_after(store, 1)
    backup.make(tmp_path / "small.zip")
    return tmp_path / "small.zip"


def members(file: Path) -> dict[str, bytes]:
    with container.opened(file) as found:
        names = [f"rows/{table}.jsonl" for table in found.tables()] + [name for name, _run in found.files()]
        return {name: b"".join(found.pieces(name)) for name in names}


def rewritten(file: Path, change: Change, **manifest: Any) -> Path:
    """A backup with right checksums and other contents; `manifest`: revision or rows."""
    with container.opened(file) as found:
        told = {"program": "x", "revision": found.manifest.revision, "rows": found.manifest.rows} | manifest
    content = members(file)
    change(content)
    target = file.with_name("rewritten.zip")
    with container.new_backup(target) as writer:
        for name, value in content.items():
            writer.add(name, [value])
        writer.end(**told)
    return target


def refused(file: Path, said: str) -> None:
    """It is refused with this sentence, and nothing of it is in the home."""
    with pytest.raises(BackupError, match=said):
        backup.restore(file)
    assert files(settings.home()) == {}
    if (settings.home() / "runs.sqlite").exists():
        store = open_store()
        assert not store.has_runs()
        store.close()
    assert not list(settings.home().glob("backup-*.tmp"))


def test_a_file_that_is_there_stays(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "backup.zip"
    file.write_text("mine")
    assert main(["backup", str(file)]) == 1
    assert "is there already, and stays as it is" in capsys.readouterr().err
    assert file.read_text() == "mine"
    assert main(["backup", str(tmp_path / "nowhere" / "backup.zip")]) == 1
    assert "was not made (No such file or directory" in capsys.readouterr().err


def test_no_home_no_backup(elsewhere: Callable[[], Path], tmp_path: Path) -> None:
    another = elsewhere()
    with pytest.raises(BackupError, match="There is no home"):
        backup.make(tmp_path / "backup.zip")
    assert not another.exists()


def test_what_is_no_backup_is_refused(small: Path, tmp_path: Path, elsewhere: Callable[[], Path]) -> None:
    elsewhere()
    refused(tmp_path / "nothing.zip", "There is no file")
    refused(tmp_path, "There is no file")
    text = tmp_path / "text.zip"
    text.write_text("no zip")
    refused(text, "no backup that MNIST Lab has made")
    with zipfile.ZipFile(tmp_path / "another.zip", "w") as archive:
        archive.writestr("run.json", "{}")
    refused(tmp_path / "another.zip", "no backup that MNIST Lab has made")
    content = small.read_bytes()
    for share in (0.2, 0.9, 0.999):
        cut = tmp_path / "cut.zip"
        cut.write_bytes(content[: int(share * len(content))])
        refused(cut, "damaged or was cut short")


def test_no_changed_byte_is_passed_over(small: Path, tmp_path: Path) -> None:
    content, right, changed = small.read_bytes(), members(small), tmp_path / "changed.zip"
    missed = []
    for place in range(0, len(content), len(content) // 200):
        changed.write_bytes(content[:place] + bytes([content[place] ^ 0x10]) + content[place + 1 :])
        try:
            if members(changed) != right:
                missed.append(place)
        except BackupError:
            continue
    assert missed == []


def test_versions_that_do_not_fit_are_refused(
    small: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere()
    refused(rewritten(small, dict.copy, revision="9999_later"), "newer version of this program \\(schema 9999_later\\)")
    monkeypatch.setattr(container, "FORMAT", 2)
    refused(small, "has another format \\(1\\)")


@pytest.mark.parametrize(
    "name", ["../runs.sqlite", "/etc/passwd", "checkpoints/../a.safetensors", "checkpoints\\a.safetensors", "cluster.key",
             "checkpoints/a.trail/../1.safetensors", "checkpoints/a.trail/", "checkpoints/a.pickle", "rows/a/b.jsonl"],
)  # fmt: skip
def test_strange_names_are_refused(small: Path, elsewhere: Callable[[], Path], name: str) -> None:
    elsewhere()
    refused(rewritten(small, lambda content: content.update({name: b"x"})), "holds what no backup of MNIST Lab holds")


def test_links_doubles_and_other_packing_are_refused(small: Path, elsewhere: Callable[[], Path]) -> None:
    elsewhere()
    link = zipfile.ZipInfo("checkpoints/a.safetensors")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    other = zipfile.ZipInfo("checkpoints/b.safetensors")
    other.compress_type = zipfile.ZIP_LZMA
    with pytest.warns(UserWarning, match="Duplicate"):
        doubled = _with(small, zipfile.ZipInfo("rows/runs.jsonl"))
    for file in (_with(small, link), _with(small, other), doubled):
        refused(file, "holds what no backup of MNIST Lab holds")
    refused(_with(small, zipfile.ZipInfo("checkpoints/c.safetensors")), "damaged")  # in no list of checksums


def _with(file: Path, info: zipfile.ZipInfo) -> Path:
    target = file.with_name(f"with-{info.filename.replace('/', '-')}.zip")
    shutil.copy(file, target)
    with zipfile.ZipFile(target, "a") as archive:
        archive.writestr(info, b"/etc/passwd")
    return target


def test_bombs_are_refused(small: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere()
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: shutil._ntuple_diskusage(10**9, 10**9, 1_000))
    refused(small, "has 0.0 MB free")
    monkeypatch.undo()
    elsewhere()
    monkeypatch.setattr(container, "MOST_LINE", 100)
    long = rewritten(small, lambda content: content.update({"rows/facts.jsonl": b"[" * 1_000}))
    refused(long, "damaged or was cut short")
    monkeypatch.setattr(container, "MOST_DIRECTORY", 100)
    refused(small, "damaged or was cut short")
    monkeypatch.undo()
    elsewhere()
    packed = small.with_name("packed.zip")  # weights are never packed
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, source.read(name))
    refused(packed, "damaged or was cut short")


def test_more_than_was_declared_is_refused(small: Path, elsewhere: Callable[[], Path]) -> None:
    content = small.read_bytes()
    with zipfile.ZipFile(small) as archive:
        listed = archive.read(container.CHECKSUMS)
    (line,) = [line for line in listed.splitlines() if line.endswith(b"runs.jsonl")]
    lying = listed.replace(line, line.replace(line.split()[1], b"1" * len(line.split()[1])))
    another = small.with_name("lying.zip")
    with zipfile.ZipFile(small) as source, zipfile.ZipFile(another, "w") as target:
        for info in source.infolist():
            target.writestr(info, lying if info.filename == container.CHECKSUMS else source.read(info))
    elsewhere()
    refused(another, "damaged or was cut short")
    assert small.read_bytes() == content


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("runs", "id", "../../x"),
        ("runs", "id", "x" * 17),
        ("runs", "state", "flying"),
        ("runs", "result", "[" * 100_000),
        ("runs", "step", 2**70),
        ("runs", "step", "1"),
        ("runs", "star", 1),
        ("runs", "owner", None),
        ("runs", "name", "\ud800"),
        ("runs", "more", 1),
        ("chunks", "run_id", "nobody"),
        ("chunks", "data", "%%%"),
        ("counters", "value", 1e400),
        ("facts", "value", "none"),
    ],
)
def test_rows_that_cannot_be_are_refused(
    small: Path, elsewhere: Callable[[], Path], table: str, column: str, value: Any
) -> None:
    def change(content: dict[str, bytes]) -> None:
        name = f"rows/{table}.jsonl"
        fact = {"key": "seal", "value": "{}", "updated_at": 1.0}
        row = json.loads(content[name].splitlines()[0]) if table != "facts" else fact
        content[name] = json.dumps(row | {column: value}).encode() + b"\n"

    elsewhere()
    refused(rewritten(small, change), "damaged or was cut short")


def test_rows_that_are_missing_are_noticed(small: Path, elsewhere: Callable[[], Path]) -> None:
    elsewhere()
    refused(rewritten(small, lambda content: content.pop("rows/sweeps.jsonl")), "damaged or was cut short")
    small.with_name("rewritten.zip").unlink()
    refused(rewritten(small, lambda content: content.update({"rows/events.jsonl": b""}), rows={"events": 1}), "damaged")


def test_a_home_that_has_runs_or_an_app_is_left_alone(
    store: Store, small: Path, elsewhere: Callable[[], Path], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = files(home)
    with pytest.raises(BackupError, match="has runs already, and stays as it is"):
        backup.restore(small)
    assert files(home) == before
    with filelock.FileLock(home / "backup.lock"), pytest.raises(BackupError, match="is at work"):
        backup.restore(small)
    another = elsewhere()
    another.mkdir()
    with filelock.FileLock(another / "cluster.lock"):
        refused(small, "An app is in use of")
    # A run that comes while the backup is unpacked.
    real = restoring._staged

    def staged(*arguments: Any) -> Store:
        late = open_store()
        late.create_run("bob", CONFIG, run_id="late")
        late.close()
        return real(*arguments)

    monkeypatch.setattr(restoring, "_staged", staged)
    with pytest.raises(BackupError, match="has runs already"):
        backup.restore(small)
    left = open_store()
    assert [run.id for run in left.list_runs("bob")] == ["late"]
    left.close()


def test_a_store_that_another_home_serves_is_left_alone(
    small: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere()
    cluster = open_store()
    cluster.take_lease("another:home")
    stop = threading.Event()

    def serve() -> None:
        while not stop.wait(0.05):
            cluster.raise_lease(0.0)

    thread = threading.Thread(target=serve)
    thread.start()
    refused(small, "An app is in use of another:home")
    stop.set()
    thread.join()
    # One that stands still is gone; what it writes when it comes back is refused.
    monkeypatch.setattr(restoring, "LEASE_SECONDS", 0.1)
    monkeypatch.setattr(restoring, "LOOK_SECONDS", 0.05)
    assert backup.restore(small).runs == 2
    with pytest.raises(Exception, match="Another machine serves the store now"):
        cluster.raise_lease(0.0)
    cluster.close()


def test_a_backup_with_an_older_schema_is_brought_up_to_date(small: Path, elsewhere: Callable[[], Path]) -> None:
    later = {
        "put_away_served",
        "created_order",
        "queued_order",
        "finished_order",
        "token",
        "checkpoint_token",
        "colour",
    }

    def change(content: dict[str, bytes]) -> None:
        for table in ("lease", "counters"):
            del content[f"rows/{table}.jsonl"]
        for name in [name for name in content if name.startswith("rows/")]:
            told = [json.loads(line) for line in content[name].splitlines()]
            kept = [{key: value for key, value in row.items() if key not in later} for row in told]
            content[name] = b"".join(json.dumps(row).encode() + b"\n" for row in kept)

    with container.opened(small) as found:
        counts = {table: count for table, count in found.manifest.rows.items() if table not in ("lease", "counters")}
    old = rewritten(small, change, revision="0004_labels", rows=counts)
    elsewhere()
    assert backup.restore(old).runs == 2
    store = open_store()
    assert [run.id for run in store.list_runs("ann")] == ["paused1", "waits"]
    store.close()


# ---- killed in the middle -------------------------------------------------------------------------------------------

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
    (left,) = place.iterdir()
    with pytest.raises(BackupError):
        backup.restore(left)
    backup.make(file)
    assert [*place.iterdir()] == [file]
    assert not list(home.glob("backup-*.tmp"))

    another = elsewhere()
    _kill("restore", file)
    restored = open_store()
    assert not restored.has_runs()
    assert backup.restore(file).runs == 1
    assert restored.get("paused1").state == "paused"
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
