"""What goes for good: soft-deleted runs, and weights that have outgrown their room on the disk."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from mnist_core import settings
from mnist_core.errors import TransientStoreError
from mnist_core.networks import checkpoint_layout
from mnist_core.networks.checkpoint_layout import forget_files, forget_snapshots
from mnist_core.store import Store
from mnist_core.store.retention import NOBODY
from mnist_core.store.weights_at_rest import rest_room

LOG = logging.getLogger("mnist_lab.dispatcher")
SOFT_DELETED_SECONDS = 86_400.0  # a soft-deleted run can be restored for so long


def delete_expired(store: Store) -> None:
    """Delete classes whose time is over, and what was soft-deleted a day ago, by the store's own clock, with its files."""
    store.classes.delete_expired()
    if count := store.retention.end_soft_deleted():
        LOG.info("%d runs that were deleted and went on are stopped", count)
    for run_id, _owner in store.retention.expired(SOFT_DELETED_SECONDS):
        if store.retention.give_up(run_id, SOFT_DELETED_SECONDS):  # else its student has restored it meanwhile
            forget_files(run_id)  # first: of a run that is gone nobody would know whose they are
            store.runs.delete(run_id, NOBODY)


def thin_out(store: Store) -> None:
    """Keep weights within their room, and the disk from filling up: of the runs that ended first, the snapshots on their way
    go, then their last and best weights.

    What one student has above his own room goes first, and then what those have who have most: nobody's large networks push
    another's weights off the disk, nor do many browsers of one who is in no class. Runs that are not over keep their weights; what
    their student has above his room by that, or at rest above what may rest, is at his own cost, and at nobody else's as long as
    the disk itself is not full.
    """
    checkpoint_layout.drop_copies()
    sizes = checkpoint_layout.bytes_of_all()
    lacking, room = settings.lacking_space(), settings.student_weights_room()
    if lacking <= 0 and sum(map(sum, sizes.values())) <= min(room, settings.weights_room()):
        return
    kept = _Kept(store, sizes, lacking)
    for owner in kept.owners:
        kept.remove(owner, kept.bytes_of(owner) - room)
    kept.remove_for_rest()
    while (over := kept.over()) > 0 and (largest := kept.largest(kept.owners)) is not None:
        # … until he has no more than the next one, but something each time.
        kept.remove(largest, min(over, max(1, kept.bytes_of(largest) - kept.second_largest())))


class _Kept:
    """All weights and snapshots (`sizes`: as of `bytes_of_all`), by student, and what may go of them, what goes first in front.
    `lacking`: bytes that the disk should have free, and has not."""

    def __init__(self, store: Store, sizes: Mapping[str, tuple[int, int]], lacking: int) -> None:
        self._store, self._full, self._lacking = store, lacking > 0, lacking
        self._above_room = sum(map(sum, sizes.values())) - settings.weights_room()
        oldest = store.retention.oldest_weights(sizes)
        resting = [run_id for run_id in store.retention.resting() if run_id in sizes]
        self._sizes = dict.fromkeys(oldest, (0, 0)) | dict(sizes)
        owners = store.retention.owners(list(self._sizes))
        self._bytes: Counter[str] = Counter()
        for run_id, owner in owners.items():
            self._bytes[owner] += sum(self._sizes[run_id])
        self.owners = list(self._bytes)
        self._guests = [*self._bytes.keys() - store.retention.of_classes()]
        self._over = _by_owner(oldest, owners)  # runs whose snapshots go, …
        self._weights = _by_owner(oldest, owners)  # … then all they have …
        self._resting = _by_owner(resting, owners)  # … and whose snapshots go last
        # What students have at rest, which nobody may remove, above what may rest: each, and all guests besides.
        at_rest = _by_owner({*resting}.difference(oldest), owners)
        rest = {owner: sum(self._sizes[run_id][0] for run_id in ids) for owner, ids in at_rest.items()}
        self._rests_above = {owner: max(0, size - self._may_rest(owner)) for owner, size in rest.items()}
        of_guests = sum(rest[owner] - self._rests_above[owner] for owner in self._guests)
        self._guests_above = max(0, of_guests - rest_room(guest=True))

    def _may_rest(self, owner: str) -> int:
        return min(settings.student_weights_room(), rest_room(guest=owner in self._guests))

    def bytes_of(self, owner: str) -> int:
        return self._bytes[owner]

    def over(self) -> int:
        """Bytes that are to go."""
        return max(self._above_room - self._needed(), self._lacking)

    def remove_for_rest(self) -> None:
        """Where there is no room, let those who have more at rest than may rest make up for it: each student, and all guests."""
        for owner, above in self._rests_above.items():
            self._remove_of([owner], above)
        self._remove_of(self._guests, self._guests_above)

    def _remove_of(self, owners: Sequence[str], size: int) -> None:
        """Remove so much of what these have, where there is no room, of him first who has most."""
        while (over := min(size, max(self._above_room, self._lacking))) > 0 and (owner := self.largest(owners)):
            size -= self.remove(owner, over)

    def _needed(self) -> int:
        """What students have above their bounds by weights that nobody may remove, where nothing else is left of theirs: nobody
        makes up for it."""
        room = settings.student_weights_room()
        poor = [owner for owner in self.owners if not self._may_give(owner)]
        by_one = sum(max(self._rests_above[owner], self._bytes[owner] - room) for owner in poor)
        return by_one + (0 if any(map(self._may_give, self._guests)) else self._guests_above)

    def _may_give(self, owner: str) -> bool:
        return bool(self._weights[owner] or self._resting[owner])

    def largest(self, owners: Sequence[str]) -> str | None:
        """Who of these has most of those who have something that can go; None: nobody has anything. While all guests, of whom one
        person may be any number, have more than half of the room, it is one of them."""
        having = [owner for owner in owners if self._may_give(owner)]
        if sum(map(self.bytes_of, self._guests)) > settings.weights_room() // 2:
            having = [owner for owner in having if owner in self._guests] or having
        return max(having, key=self.bytes_of, default=None)

    def second_largest(self) -> int:
        return sorted([0, *self._bytes.values()])[-2]

    def remove(self, owner: str, size: int) -> int:
        """Remove what of one student's goes first, at least `size` bytes where there are so many; how many went."""
        removed = 0
        for waiting, take in (
            (self._over[owner], self._take_snapshots),
            (self._weights[owner], self._take_all),
            (self._resting[owner], self._take_snapshots),
        ):
            while removed < size and waiting:
                removed += take(waiting.pop(0))
        self._bytes[owner] -= removed
        self._above_room -= removed
        self._lacking -= removed
        return removed

    def _take_snapshots(self, run_id: str) -> int:
        checkpoint, snapshots = self._sizes[run_id]
        if snapshots:
            forget_snapshots(run_id)
        self._sizes[run_id] = checkpoint, 0
        return snapshots

    def _take_all(self, run_id: str) -> int:
        if not _may_go(self._store, run_id, full=self._full):
            return 0
        size = sum(self._sizes[run_id])
        forget_files(run_id)
        self._sizes[run_id] = 0, 0
        return size


def _by_owner(run_ids: Iterable[str], owners: Mapping[str, str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {owner: [] for owner in owners.values()}
    for run_id in run_ids:
        if run_id in owners:  # it is not gone meanwhile
            found[owners[run_id]].append(run_id)
    return found


def _may_go(store: Store, run_id: str, *, full: bool) -> bool:
    """Note that the weights of a run are kept no more; False where it needs them (by now)."""
    try:
        return store.retention.forget_weights(run_id)
    except TransientStoreError:
        # On a full disk nothing can be noted before something goes. The next time it will be.
        if not full:
            raise
        return store.runs.state(run_id) == "finished"
