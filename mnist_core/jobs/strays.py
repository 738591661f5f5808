"""Files of runs that the store does not know: what a kill between a file and its row has left, or a store that was put back older.

What the store has not known for a day by its own clock goes: an import that is just being written, or a backup that is just being
restored, has its rows long before. Another store may have had this home; then its files look the same, and none is deleted.
"""

from __future__ import annotations

import logging
from functools import cache
from pathlib import Path

from mnist_core import settings
from mnist_core.networks.checkpoint_layout import forget_files
from mnist_core.store import Store, home_mark

LOG = logging.getLogger("mnist_lab.dispatcher")
FACT = "strays"  # runs that the store does not know, with what its clock said when their files were first seen
STRAY_SECONDS = 86_400.0


def delete_strays(store: Store) -> None:
    """Delete the files of runs that the store has not known for a day, where no other store can have written them."""
    noted, unknown = store.facts.get(FACT) or {}, home_mark.unknown(store.runs)
    if unknown and _may_be_anothers(store, len(unknown)):
        unknown = []  # and their day begins when the others are gone
    now = store.lease.current().served_seconds
    since = {run_id: noted.get(run_id, now) for run_id in unknown}
    over = [run_id for run_id, first in since.items() if now - first >= STRAY_SECONDS]
    # Once more: one of them may have come back since its files were listed.
    for run_id in set(over) - store.runs.versions_of(over).keys():
        forget_files(run_id)
        LOG.info("the files of run %s, which the store does not know, are deleted", run_id)
        del since[run_id]
    if since != noted:
        store.facts.set(FACT, since)


def _may_be_anothers(store: Store, runs: int) -> bool:
    if settings.weights_in_store():
        return False  # they lie in a table of this very store
    try:
        others = home_mark.others(store.facts)
    except OSError:
        return True  # nobody can tell
    if others:
        _say(runs, tuple(others))
    return bool(others)


@cache  # once, not every minute
def _say(runs: int, others: tuple[Path, ...]) -> None:
    LOG.warning(
        "%d runs that the store does not know have files in %s. They may be another store's and are kept. "
        "Where no other store is used with this folder any more, remove %s",
        runs,
        settings.checkpoint_folder(),
        ", ".join(map(str, others)),
    )
