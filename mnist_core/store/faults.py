"""Errors of the database as sentences, and which of them pass: a lock, a full disk, a server that is being started again.

A fault that passes is a TransientStoreError: whoever trains waits for the store and goes on. All others are said at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import filelock
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError, SQLAlchemyError

from mnist_core.errors import DeadlockError, StoreUnavailableError, TransientStoreError
from mnist_core.messages import N_

Fault = Literal["locked", "full", "readonly", "away", "damaged", "other"]

# Primary result codes of SQLite (https://sqlite.org/rescode.html): BUSY, LOCKED, PROTOCOL; FULL; READONLY; IOERR, CANTOPEN;
# CORRUPT, NOTADB.
_SQLITE: dict[int, Fault] = {
    5: "locked",
    6: "locked",
    15: "locked",
    13: "full",
    8: "readonly",
    10: "away",
    14: "away",
    11: "damaged",
    26: "damaged",
}
# Codes of PostgreSQL (its appendix A), the longest beginning that fits: a lock that was not to be had, a deadlock or two
# transactions in each other's way, a full disk, a server that is only read from, damaged data; a server that is going,
# gone or coming, or has no room for one more.
_POSTGRESQL: dict[str, Fault] = {
    "55P03": "locked",
    "57014": "locked",
    "40": "locked",
    "53100": "full",
    "25006": "readonly",
    "XX001": "damaged",
    "XX002": "damaged",
    "57P": "away",
    "53": "away",
    "08": "away",
}
_DEADLOCK = "40P01"
# What no wait will change, of the refusals without a code that a connection may meet.
_REFUSED = re.compile(r"authentication|pg_hba|does not exist|permission denied|invalid|not supported", re.IGNORECASE)

_TEMPLATES: dict[Fault, str] = {
    "locked": N_(
        "The store {store} is in use by another program. Nothing is lost: runs wait and continue automatically. Try again in a moment. If this keeps happening, close the other program."
    ),
    "full": N_(
        "The disk of the store {store} is full. Nothing is lost: runs wait and continue automatically when there is space. Free some space, and try again."
    ),
    "readonly": N_(
        "The store {store} is not writable. Nothing is lost: runs wait and continue automatically when it is writable again. Make it writable, or set MNIST_LAB_HOME to another folder."
    ),
    "away": N_(
        "The store {store} cannot be reached ({details}). Nothing is lost: runs wait and continue automatically when it can be reached again. Try again in a moment. If this keeps happening, check its disk or server."
    ),
    "damaged": N_(
        "The file {store} is damaged, or it is not a store of runs. It has not been changed. Move it away, or set MNIST_LAB_HOME to another folder."
    ),
    "other": N_("The store {store} cannot be used ({details}). Nothing is lost. Try again, or change MNIST_LAB_STORE."),
}
_PASSING: frozenset[Fault] = frozenset({"locked", "full", "readonly", "away"})


@contextmanager
def as_sentences(url: str) -> Iterator[None]:
    """Turns errors of the database into StoreUnavailableError, TransientStoreError where they pass; other errors pass as they
    are."""
    try:
        yield
    except SQLAlchemyError as error:
        raise sentence(url, error) from error


def sentence(url: str | sa.URL, error: Exception) -> StoreUnavailableError:
    """What to say of an error of the database at `url`."""
    fault = _fault(error)
    reason = str(getattr(error, "orig", None) or error).strip()
    kind = TransientStoreError if fault in _PASSING else StoreUnavailableError
    if getattr(getattr(error, "orig", None), "sqlstate", None) == _DEADLOCK:
        kind = DeadlockError
    return kind(
        _TEMPLATES[fault],
        store=sa.make_url(url).render_as_string(hide_password=True),
        details=reason.splitlines()[0] if reason else type(error).__name__,
    )


def _fault(error: Exception) -> Fault:
    if isinstance(error, filelock.Timeout):
        return "locked"
    if isinstance(error, sa.exc.TimeoutError):
        return "away"  # all connections of the pool are taken
    if not isinstance(error, DBAPIError):
        return "other"
    code = getattr(error.orig, "sqlite_errorcode", None)
    if code is not None:
        return _SQLITE.get(code & 0xFF, "other")
    state = getattr(error.orig, "sqlstate", None) or ""
    for beginning, fault in _POSTGRESQL.items():
        if state.startswith(beginning):
            return fault
    return "away" if _lost(error, state) else "other"


def _lost(error: DBAPIError, state: str) -> bool:
    """Whether the connection was lost, or could not be had for a reason that may pass."""
    if error.connection_invalidated:
        return True
    return not state and isinstance(error, OperationalError | InterfaceError) and not _REFUSED.search(str(error.orig))
