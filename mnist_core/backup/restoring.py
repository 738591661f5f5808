"""How a backup is put back: unpacked, checked and brought up to date beside the home, then moved into a store without runs.

The rows come last, in one transaction: until then nothing points to the files, and a restore that is killed can be made again.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mnist_core import settings
from mnist_core.backup.container import FOLDER, Reader, damaged, opened
from mnist_core.backup.place import alone, locked, see_that_it_fits, workspace, writing
from mnist_core.errors import BackupError
from mnist_core.jobs.dispatcher import LEASE_SECONDS, holder_name
from mnist_core.jobs.liveness import Watch
from mnist_core.networks.checkpoint_layout import forget_next, push_all
from mnist_core.store import Store, open_store
from mnist_core.store.transfer import known_revisions, stage

LOOK_SECONDS = 0.5
_IN_USE = "An app is in use of {folder}. End it, restore, and start it again; or name an empty home in MNIST_LAB_HOME."


@dataclass(frozen=True)
class RestoreResult:
    """What came out of a backup. `waiting`: runs that were training, and are in the queue now."""

    runs: int
    files: int
    bytes: int
    waiting: int


def restore(file: Path) -> RestoreResult:
    """Put the backup in `file` into the home and the store of the settings, which have no runs yet.

    Raises BackupError, StoreUnavailableError; nothing is changed then.
    """
    with opened(file) as backup, writing("{file} was not restored ({reason}). Mend that and try again.", file):
        _check_revision(backup)
        home = settings.make_home()
        with alone(home), locked(home / "cluster.lock", _IN_USE, home), workspace(home) as folder:
            store = open_store()
            try:
                _check_target(store)
                see_that_it_fits(backup.bytes, home)
                return _restore(backup, store, folder)
            finally:
                store.close()


def _restore(backup: Reader, store: Store, folder: Path) -> RestoreResult:
    staged = _staged(backup, folder)
    try:
        # As after the death of a cluster.
        waiting = staged.queue.requeue_lost()
        staged.analyses.requeue_lost()
        with staged.transfer.snapshot() as snapshot:
            runs = snapshot.run_ids()
            files = [(name, run_id) for name, run_id in backup.files() if run_id in runs]
            size = sum(_unpack(backup, name, folder) for name, _run_id in files)
            _move(folder / FOLDER, runs)
            push_all(runs)
            if not store.transfer.fill(snapshot):
                raise _has_runs(store)
        return RestoreResult(len(runs), len(files), size, len(waiting))
    finally:
        staged.close()


def _check_revision(backup: Reader) -> None:
    revision = backup.manifest.revision
    if revision not in known_revisions():
        raise BackupError(
            "{file} was made by a newer version of this program (schema {revision}). Update the program, then restore it.",
            file=str(backup.file),
            revision=revision[:40],
        )


def _check_target(store: Store) -> None:
    """Raises BackupError where the store has runs, or a cluster of another home serves it."""
    if store.transfer.has_runs():
        raise _has_runs(store)
    watch: Watch[int] = Watch()
    first = store.lease.current()
    while (lease := store.lease.current()).holder not in ("", holder_name()):
        if (lease.token, lease.beats) != (first.token, first.beats):
            raise BackupError(_IN_USE, folder=lease.holder)
        if watch.look({lease.token: lease.beats})[lease.token] >= LEASE_SECONDS:
            return
        time.sleep(LOOK_SECONDS)


def _has_runs(store: Store) -> BackupError:
    return BackupError(
        "The store {store} has runs already, and stays as it is. Name an empty folder in MNIST_LAB_HOME (and, for PostgreSQL, "
        "an empty database in MNIST_LAB_STORE), or move runs.sqlite, runs.sqlite-wal, runs.sqlite-shm and checkpoints away.",
        store=store.shown_address,
    )


def _staged(backup: Reader, folder: Path) -> Store:
    """A store of its own with the rows of the backup, brought up to date."""
    file = folder / "runs.sqlite"
    listed = set(backup.tables())

    def lines(table: str) -> Iterator[bytes]:
        if table not in listed:
            raise ValueError(f"no rows of {table}")
        return backup.lines(table)

    try:
        counts = stage(file, backup.manifest.revision, lines)
    except ValueError as error:
        raise damaged(backup.file) from error
    if counts != backup.manifest.rows or counts.keys() != listed:
        raise damaged(backup.file)
    return Store(f"sqlite:///{file}")


def _unpack(backup: Reader, name: str, folder: Path) -> int:
    """Write a file of weights below the folder; returns its size."""
    place = folder / name
    for parent in (place.parent.parent, place.parent):
        settings.make_private(parent)
    with os.fdopen(
        os.open(place, os.O_CREAT | os.O_EXCL | os.O_WRONLY | getattr(os, "O_BINARY", 0), 0o600), "wb"
    ) as file:
        for piece in backup.pieces(name):
            file.write(piece)
    return place.stat().st_size


def _move(folder: Path, runs: set[str]) -> None:
    """Move the files to where those of runs lie, in place of what a killed restore has left there."""
    target = settings.make_private(settings.checkpoint_folder())
    for run_id in runs:
        forget_next(run_id)
    for place in folder.iterdir() if folder.is_dir() else []:
        if place.is_dir():
            shutil.rmtree(target / place.name, ignore_errors=True)
        shutil.move(place, target / place.name)
