"""Paused runs of browsers without a class that nobody comes back for: they end as stopped, where their room grows scarce.

Nobody else may remove weights at rest (`store/weights_at_rest.py`), and a browser that is gone never does: without an end to that, guests could
at last train but no more pause. A run that ended keeps its curve, and its weights until their room is needed.
"""

from __future__ import annotations

import logging

from mnist_core.store import Store

LOG = logging.getLogger("mnist_lab.dispatcher")
FACT = (
    "paused_guests"  # version of each paused run of a guest, and what the store's clock said when it was first seen so
)
ABANDONED_SECONDS = 7 * 86_400.0


def end_abandoned(store: Store) -> None:
    """Stop runs of guests that have been paused, untouched, for a week of the store's clock, those first that were paused first,
    until guests have half of their room for weights at rest free."""
    paused = store.retention.paused_of_guests()
    noted = store.facts.get(FACT) or {}
    now = store.lease.current().served_seconds
    since = {
        run_id: noted[run_id] if noted.get(run_id, [None])[0] == version else [version, now]
        for run_id, version in paused.items()
    }
    over = [run_id for run_id, (_version, first) in since.items() if now - first >= ABANDONED_SECONDS]
    for run_id in sorted(over, key=lambda run_id: since[run_id][1]):
        if not store.retention.is_crowded():
            break
        if store.retention.end_paused(run_id, paused[run_id]):
            LOG.info("run %s, which was paused for a week, is stopped: guests' room for such runs grows scarce", run_id)
        del since[run_id]
    if since != noted:
        store.facts.set(FACT, since)
