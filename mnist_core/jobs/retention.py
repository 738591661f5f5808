"""What goes for good: soft-deleted runs, and weights that have outgrown their room on the disk."""

from __future__ import annotations

from pathlib import Path

from mnist_core import settings
from mnist_core.errors import TransientStoreError
from mnist_core.networks import checkpoint_layout
from mnist_core.networks.checkpoint_layout import forget_files, forget_snapshots
from mnist_core.store import Store

SOFT_DELETED_SECONDS = 86_400.0  # a soft-deleted run can be restored for so long


def delete_expired(store: Store) -> None:
    """Delete what was soft-deleted a day ago, by the store's own clock, with its files."""
    for run_id, owner in store.retention.expired(SOFT_DELETED_SECONDS):
        store.runs.delete(run_id, owner)
        forget_files(run_id)


def thin_out(store: Store) -> None:
    """Keep weights within their room, and the disk from filling up: of the runs that ended first, the snapshots on their way
    go, then their last and best weights."""
    lacking = settings.lacking_space()
    over = max(_size(settings.checkpoint_folder()) - settings.weights_room(), lacking)
    oldest = store.retention.oldest_weights() if over > 0 else []
    for run_id in oldest:
        if over <= 0:
            return
        over -= _size(checkpoint_layout.snapshot_folder(run_id))
        forget_snapshots(run_id)
    for run_id in oldest:
        if over <= 0:
            return
        if _may_go(store, run_id, full=lacking > 0):
            over -= _size(checkpoint_layout.checkpoint_file(run_id))
            forget_files(run_id)


def _may_go(store: Store, run_id: str, *, full: bool) -> bool:
    """Note that the weights of a finished run are kept no more; False where it is not finished (any more)."""
    try:
        return store.retention.forget_weights(run_id)
    except TransientStoreError:
        # On a full disk nothing can be noted before something goes. The next time it will be.
        if not full:
            raise
        return store.runs.state(run_id) == "finished"


def _size(place: Path) -> int:
    """Bytes of a file, or of all files in a folder; 0 where there is none."""
    files = place.rglob("*") if place.is_dir() else [place]
    total = 0
    for file in files:
        try:
            total += file.stat().st_size if file.is_file() else 0
        except OSError:
            continue  # a worker has just moved it
    return total
