"""What a restore refuses, each with a sentence: other files, other versions, damage, what somebody made to do harm."""

from __future__ import annotations

import json
import shutil
import stat
import threading
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import filelock
import pytest

from mnist_core import backup, settings
from mnist_core.backup import container, restoring
from mnist_core.cli import main
from mnist_core.errors import BackupError
from mnist_core.store import Store, open_store
from tests.backup.sample_store import CONFIG, files, paused_after

Change = Callable[[dict[str, bytes]], Any]


@pytest.fixture
def small(store: Store, tmp_path: Path) -> Path:
    """A backup of one finished and one paused run with few weights."""
    store.runs.create("ann", CONFIG, run_id="waits")
    paused_after(store, 1)
    backup.make(tmp_path / "small.zip")
    return tmp_path / "small.zip"


def members(file: Path) -> dict[str, bytes]:
    with container.opened(file) as backup_file:
        names = [f"rows/{table}.jsonl" for table in backup_file.tables()] + [name for name, _run in backup_file.files()]
        return {name: b"".join(backup_file.pieces(name)) for name in names}


def rewritten(file: Path, change: Change, **manifest: Any) -> Path:
    """A backup with right checksums and other contents; `manifest`: revision or rows."""
    with container.opened(file) as backup_file:
        head = {"program": "x", "revision": backup_file.manifest.revision, "rows": backup_file.manifest.rows} | manifest
    content = members(file)
    change(content)
    target = file.with_name("rewritten.zip")
    with container.new_backup(target) as writer:
        for name, value in content.items():
            writer.add(name, [value])
        writer.end(**head)
    return target


def refused(file: Path, sentence: str) -> None:
    """It is refused with this sentence, and nothing of it is in the home."""
    with pytest.raises(BackupError, match=sentence):
        backup.restore(file)
    assert files(settings.home()) == {}
    if (settings.home() / "runs.sqlite").exists():
        store = open_store()
        assert not store.transfer.has_runs()
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
    text.write_text("This file is not a readable zip")
    refused(text, "no backup that MNIST Lab has made")
    with zipfile.ZipFile(tmp_path / "another.zip", "w") as archive:
        archive.writestr("run.json", "{}")
    refused(tmp_path / "another.zip", "no backup that MNIST Lab has made")
    content = small.read_bytes()
    for fraction in (0.2, 0.9, 0.999):
        cut = tmp_path / "cut.zip"
        cut.write_bytes(content[: int(fraction * len(content))])
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
    packed = zipfile.ZipInfo("checkpoints/b.safetensors")
    packed.compress_type = zipfile.ZIP_LZMA
    with pytest.warns(UserWarning, match="Duplicate"):
        doubled = _with(small, zipfile.ZipInfo("rows/runs.jsonl"))
    for file in (_with(small, link), _with(small, packed), doubled):
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


@pytest.mark.parametrize("lie", [lambda size, checksum: (size + 1, checksum), lambda size, _checksum: (size, "0" * 64)])
def test_what_is_not_as_it_is_listed_is_refused(
    small: Path,
    elsewhere: Callable[[], Path],
    monkeypatch: pytest.MonkeyPatch,
    lie: Callable[[int, str], tuple[int, str]],
) -> None:
    real = container.Writer.end

    def end(writer: container.Writer, *arguments: Any, **options: Any) -> None:
        checksum, size, name = writer._checksums[-1].split()
        told_size, told_checksum = lie(int(size), checksum)
        writer._checksums[-1] = f"{told_checksum} {told_size} {name}\n"
        real(writer, *arguments, **options)

    monkeypatch.setattr(container.Writer, "end", end)
    file = rewritten(small, dict.copy)
    elsewhere()
    refused(file, "damaged or was cut short")


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
        late.runs.create("bob", CONFIG, run_id="late")
        late.close()
        return real(*arguments)

    monkeypatch.setattr(restoring, "_staged", staged)
    with pytest.raises(BackupError, match="has runs already"):
        backup.restore(small)
    reopened = open_store()
    assert [run.id for run in reopened.runs.newest("bob")] == ["late"]
    reopened.close()


def test_a_store_that_another_home_serves_is_left_alone(
    small: Path, elsewhere: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere()
    cluster = open_store()
    cluster.lease.take("another:home")
    stop = threading.Event()

    def serve() -> None:
        while not stop.wait(0.05):
            cluster.lease.beat(0.0)

    thread = threading.Thread(target=serve)
    thread.start()
    refused(small, "An app is in use of another:home")
    stop.set()
    thread.join()
    # One that stands still is gone; what it writes when it comes back is refused.
    monkeypatch.setattr(restoring, "LEASE_SECONDS", 0.1)
    monkeypatch.setattr(restoring, "LOOK_SECONDS", 0.05)
    assert backup.restore(small).runs == 2
    with pytest.raises(Exception, match="Another machine now serves the store"):
        cluster.lease.beat(0.0)
    cluster.close()


def test_a_backup_with_an_older_schema_is_brought_up_to_date(small: Path, elsewhere: Callable[[], Path]) -> None:
    later = {
        "soft_deleted_served",
        "created_order",
        "queued_order",
        "finished_order",
        "token",
        "checkpoint_token",
        "color",
        "slice_over",
        "class_id",
        "round_id",
        "stopped_by_teacher",
        "lesson",
        "block",
    }
    later_tables = (
        "lease",
        "counters",
        "usage",
        "classes",
        "members",
        "teachers",
        "attempts",
        "rounds",
        "assignments",
        "lesson_progress",
        "lesson_answers",
        "written_lessons",
        "reports",
        "report_scripts",
        "own_images",
    )
    old_names = {"soft_deleted_at": "put_away_at"}

    def change(content: dict[str, bytes]) -> None:
        for table in later_tables:
            del content[f"rows/{table}.jsonl"]
        for name in [name for name in content if name.startswith("rows/")]:
            rows = [json.loads(line) for line in content[name].splitlines()]
            old_rows = [
                {old_names.get(key, key): value for key, value in row.items() if key not in later} for row in rows
            ]
            content[name] = b"".join(json.dumps(row).encode() + b"\n" for row in old_rows)
        content["rows/studies.jsonl"] = content.pop("rows/analyses.jsonl")

    with container.opened(small) as backup_file:
        counts = {table: count for table, count in backup_file.manifest.rows.items() if table not in later_tables}
    counts["studies"] = counts.pop("analyses")
    old = rewritten(small, change, revision="0004_labels", rows=counts)
    elsewhere()
    assert backup.restore(old).runs == 2
    store = open_store()
    assert [run.id for run in store.runs.newest("ann")] == ["paused1", "waits"]
    store.close()
