"""Moments as they are read, on the clock of who reads them: in the browser's time zone; in the server's where that is not known."""

from __future__ import annotations

import re
import zoneinfo
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import lru_cache

import streamlit as st

_ZONE = re.compile(r"\w[\w+/-]{0,63}", re.ASCII)  # Asia/Seoul
_read_in: ContextVar[str | None] = ContextVar("mnist_lab_zone", default=None)


def zone() -> str:
    """Name of the time zone of the session's browser, or of that which is read in just now; empty: the server's."""
    name = _read_in.get()
    return known(st.context.timezone if name is None else name)


def known(name: object) -> str:
    """`name`, which a browser may say, where it is a time zone that is known here; else empty."""
    return name if isinstance(name, str) and _zone(name) is not None else ""


@contextmanager
def read_in(zone: str) -> Iterator[None]:
    """Let moments be read in this time zone for a while, outside of any session, too."""
    token = _read_in.set(zone)
    try:
        yield
    finally:
        _read_in.reset(token)


def moment(seconds: float | None) -> str:
    """A moment (seconds since the epoch; None: now) to the minute: 2026-11-29 09:15."""
    return at(seconds).strftime("%Y-%m-%d %H:%M")


def day(seconds: float) -> str:
    """Its day, as it is read anywhere: 2026-11-29."""
    return at(seconds).date().isoformat()


def at(seconds: float | None) -> datetime:
    """The moment on that clock; None: now."""
    there = _zone(zone())
    return datetime.now(there) if seconds is None else datetime.fromtimestamp(seconds, there)


@lru_cache(maxsize=64)
def _zone(name: str) -> zoneinfo.ZoneInfo | None:
    if not _ZONE.fullmatch(name):
        return None
    try:
        return zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):  # a folder of them, too
        return None
