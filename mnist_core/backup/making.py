"""How a backup is made while runs train: rows of one moment, and with each run the checkpoint that its row speaks of.

A worker replaces a checkpoint by a newer one every few seconds, after it has told the store. So the checkpoints of the runs
that may go on are held (as links, else as copies) right after the moment whose rows go into the backup, and where one
is newer already, another moment is taken. All other files never change: each is copied whole, or is gone.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import mnist_core
from mnist_core import settings
from mnist_core.backup.container import FOLDER, Writer, new_backup
from mnist_core.backup.place import alone, see_that_it_fits, workspace, writing
from mnist_core.errors import BackupError
from mnist_core.networks.checkpoint_layout import checkpoint_file, files_of, next_file, pull_all
from mnist_core.networks.weights import step_of
from mnist_core.store import Store, open_store
from mnist_core.store.transfer import HEAD, Checkpoint, Snapshot

MOMENTS = 20  # that are tried until every checkpoint fits its row


@dataclass(frozen=True)
class BackupResult:
    """What is in a backup. `restarting`: runs whose checkpoint is missing or another's; they will begin anew."""

    runs: int
    files: int
    bytes: int
    restarting: int


def make(target: Path) -> BackupResult:
    """Write a backup of the home and the store to `target`, a new file. Raises BackupError, StoreUnavailableError."""
    home = settings.home()
    if not home.is_dir():
        raise BackupError("There is no home {folder}. Name it in MNIST_LAB_HOME.", folder=str(home))
    with (
        writing("The backup {file} was not made ({reason}). Mend that, or name another file.", target),
        alone(home),
        workspace(home) as folder,
        new_backup(target) as writer,
    ):
        store = open_store()
        try:
            return _write(writer, store, folder, target)
        finally:
            store.close()


def _write(writer: Writer, store: Store, folder: Path, target: Path) -> BackupResult:
    checkpoints = _HeldCheckpoints(folder)
    for moment in range(MOMENTS):
        with store.transfer.snapshot() as snapshot:
            pull_all({checkpoint.run_id for checkpoint in snapshot.checkpoints()})
            lost = [checkpoint for checkpoint in snapshot.checkpoints() if not checkpoints.hold(checkpoint)]
            if lost and moment < MOMENTS - 1:
                continue
            runs = snapshot.run_ids()
            pull_all(runs)
            see_that_it_fits(sum(map(_size, chain(files_of(runs).values(), checkpoints.files.values()))), target.parent)
            rows = {name: _add_rows(writer, snapshot, name) for name in snapshot.tables()}
        break
    # The moment is over: nothing of the store is kept from being tidied up while the weights are copied.
    sizes = [size for name, file in _all_files(runs, checkpoints) if (size := writer.add_file(name, file)) is not None]
    writer.end(mnist_core.__version__, HEAD, rows)
    return BackupResult(len(runs), len(sizes), sum(sizes), len(lost))


def _add_rows(writer: Writer, snapshot: Snapshot, name: str) -> int:
    count = 0

    def counted() -> Iterator[bytes]:
        nonlocal count
        for line in snapshot.lines(name):
            count += 1
            yield line

    writer.add(f"rows/{name}.jsonl", counted(), packed=True)
    return count


class _HeldCheckpoints:
    """Checkpoints as they were when they were linked, in a folder; `files`: by the ids of their runs."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, Checkpoint] = {}
        self.files: dict[str, Path] = {}

    def hold(self, checkpoint: Checkpoint) -> bool:
        """Hold the checkpoint that the row speaks of; whether it is there. Where it is not, what stands in its place is held."""
        if self._held.get(checkpoint.run_id) == checkpoint:
            return True
        place = self._folder / checkpoint_file(checkpoint.run_id).name
        # As for the worker that goes on from it: the newer file counts where it is not in its place yet.
        newer = next_file(checkpoint.run_id, checkpoint.token)
        for file in (newer, checkpoint_file(checkpoint.run_id)):
            if not _link(file, place):
                continue
            self.files[checkpoint.run_id] = place
            if step_of(place) == checkpoint.step:
                self._held[checkpoint.run_id] = checkpoint
                return True
        return False


def _link(file: Path, place: Path) -> bool:
    """Give a file that may be replaced a second name; False where it is gone."""
    place.unlink(missing_ok=True)
    with suppress(OSError):
        os.link(file, place)
        return True
    try:
        shutil.copyfile(file, place)  # this file system has no links
    except FileNotFoundError:
        return False
    return True


def _all_files(runs: set[str], checkpoints: _HeldCheckpoints) -> Iterable[tuple[str, Path]]:
    """Member and file of all weights: those that are held, and what else is there of these runs."""
    held = {checkpoint_file(run_id).name: file for run_id, file in checkpoints.files.items() if run_id in runs}
    return ((f"{FOLDER}/{name}", file) for name, file in (files_of(runs) | held).items())


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except FileNotFoundError:
        return 0
