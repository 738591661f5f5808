"""Which stores have had the home: each leaves its mark there, a file, before any of its runs leaves weights.

Only in a home with one mark may files be deleted whose runs the store does not know: they are nobody else's. Where runs of another
store lay in the home before it had marks, that one is marked as `earlier`.
"""

from __future__ import annotations

import secrets
from contextlib import suppress
from pathlib import Path

from mnist_core import settings
from mnist_core.errors import StoreError
from mnist_core.networks import checkpoint_layout
from mnist_core.store.facts import Facts
from mnist_core.store.runs import Runs

FACT = "identity"
EARLIER = "earlier"
_ENDING = ".store"


def mark(facts: Facts, runs: Runs) -> None:
    """Leave the store's mark in the home. What cannot be done now is done the next time: who needs the store hears what is wrong."""
    with suppress(OSError, StoreError):
        own = _file(_identity(facts))
        if own.exists():
            return
        settings.make_home()
        if not others(facts) and unknown(runs):
            _file(EARLIER).touch(0o600)
        own.touch(0o600)


def others(facts: Facts) -> list[Path]:
    """The marks of other stores in the home. Raises OSError."""
    own = _file(_identity(facts))
    return sorted(file for file in settings.home().iterdir() if file.suffix == _ENDING and file != own)


def unknown(runs: Runs) -> list[str]:
    """Runs that have files and that the store does not know."""
    ids = checkpoint_layout.runs_with_files()
    return sorted(ids - runs.versions_of(ids).keys())


def _identity(facts: Facts) -> str:
    fact = facts.get(FACT) or facts.once(FACT, {"id": secrets.token_hex(8)})
    return str(fact["id"])


def _file(name: str) -> Path:
    return settings.home() / f"{name}{_ENDING}"
