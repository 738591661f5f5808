"""Moments on the clock of who reads them: in the zone that his browser says, in the server's where it says none that is known."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from mnist_core.ui import times

EVENING = datetime(2026, 11, 29, 23, 15, tzinfo=UTC).timestamp()
HOSTILE = [
    "",
    "Asia",
    "Seoul/Asia",
    "../../etc/localtime",
    "/etc/localtime",
    "x" * 5_000,
    "a\0b",
    "\ud800",
    "tzdata.zi",
    9,
    None,
]


@pytest.mark.parametrize(
    ("zone", "read"),
    [
        ("UTC", "2026-11-29 23:15"),
        ("Asia/Seoul", "2026-11-30 08:15"),
        ("Asia/Kolkata", "2026-11-30 04:45"),
        ("America/Los_Angeles", "2026-11-29 15:15"),
    ],
)
def test_a_moment_is_read_on_the_clock_of_the_browser(zone: str, read: str) -> None:
    with times.read_in(zone):
        assert (times.moment(EVENING), times.day(EVENING)) == (read, read[:10])
        assert times.zone() == zone


@pytest.mark.parametrize("zone", HOSTILE, ids=ascii)
def test_what_is_no_zone_means_the_servers(zone: object) -> None:
    assert times.known(zone) == ""
    with times.read_in(zone):  # type: ignore[arg-type]
        assert times.moment(EVENING) == time.strftime("%Y-%m-%d %H:%M", time.localtime(EVENING))
