"""What goes for good: soft-deleted runs, and weights that have outgrown their room on the disk."""

from __future__ import annotations

from mnist_core import settings
from mnist_core.errors import TransientStoreError
from mnist_core.networks import checkpoint_layout
from mnist_core.networks.checkpoint_layout import forget_files, forget_snapshots
from mnist_core.store import Store

SOFT_DELETED_SECONDS = 86_400.0  # a soft-deleted run can be restored for so long


def delete_expired(store: Store) -> None:
    """Delete classes whose time is over, and what was soft-deleted a day ago, by the store's own clock, with its files."""
    store.classes.delete_expired()
    for run_id, owner in store.retention.expired(SOFT_DELETED_SECONDS):
        store.runs.delete(run_id, owner)
        forget_files(run_id)


def thin_out(store: Store) -> None:
    """Keep weights within their room, and the disk from filling up: of the runs that ended first, the snapshots on their way
    go, then their last and best weights.

    What one student has above his own room goes first, and then what those have who have most: nobody's large networks push
    another's weights off the disk.
    """
    checkpoint_layout.drop_copies()
    lacking, taken = settings.lacking_space(), checkpoint_layout.bytes_of_all()
    over = max(taken - settings.weights_room(), lacking)
    room = settings.student_weights_room()
    if over <= 0 and taken <= room:
        return
    kept = _Kept(store, full=lacking > 0)
    for owner in kept.owners:
        over -= kept.remove(owner, kept.bytes_of(owner) - room)
    while over > 0 and (largest := kept.largest()) is not None:
        # … until he has no more than the next one, but something each time.
        over -= kept.remove(largest, min(over, max(1, kept.bytes_of(largest) - kept.second_largest())))


class _Kept:
    """The weights and snapshots of finished runs, by student, those that go first in front."""

    def __init__(self, store: Store, *, full: bool) -> None:
        self._store, self._full = store, full
        oldest = store.retention.oldest_weights()
        owners = store.retention.owners(oldest)
        self._snapshots: dict[str, list[str]] = {}
        self._weights: dict[str, list[str]] = {}
        self._bytes: dict[str, int] = {}
        for run_id in oldest:
            owner = owners.get(run_id, "")
            self._snapshots.setdefault(owner, []).append(run_id)
            self._weights.setdefault(owner, []).append(run_id)
            self._bytes[owner] = self._bytes.get(owner, 0) + sum(checkpoint_layout.bytes_of(run_id))
        self.owners = list(self._bytes)

    def bytes_of(self, owner: str) -> int:
        return self._bytes[owner]

    def largest(self) -> str | None:
        """Who has most of what can go; None: nobody has anything."""
        having = [owner for owner in self.owners if self._snapshots[owner] or self._weights[owner]]
        return max(having, key=self.bytes_of, default=None)

    def second_largest(self) -> int:
        return sorted([0, *self._bytes.values()])[-2]

    def remove(self, owner: str, size: int) -> int:
        """Remove what of one student's goes first, at least `size` bytes where there are so many; how many went."""
        removed = 0
        for waiting, take in (
            (self._snapshots[owner], self._take_snapshots),
            (self._weights[owner], self._take_weights),
        ):
            while removed < size and waiting:
                removed += take(waiting.pop(0))
        self._bytes[owner] -= removed
        return removed

    @staticmethod
    def _take_snapshots(run_id: str) -> int:
        _weights, size = checkpoint_layout.bytes_of(run_id)
        forget_snapshots(run_id)
        return size

    def _take_weights(self, run_id: str) -> int:
        if not _may_go(self._store, run_id, full=self._full):
            return 0
        size = sum(checkpoint_layout.bytes_of(run_id))
        forget_files(run_id)
        return size


def _may_go(store: Store, run_id: str, *, full: bool) -> bool:
    """Note that the weights of a finished run are kept no more; False where it is not finished (any more)."""
    try:
        return store.retention.forget_weights(run_id)
    except TransientStoreError:
        # On a full disk nothing can be noted before something goes. The next time it will be.
        if not full:
            raise
        return store.runs.state(run_id) == "finished"
