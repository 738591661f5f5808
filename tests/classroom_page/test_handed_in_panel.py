"""The list of reports that were handed in, as the teacher reads it."""

from __future__ import annotations

from datetime import UTC, datetime

from mnist_core.class_records import HandedIn
from mnist_core.classroom_page import handed_in_panel
from mnist_core.escape import UserText
from mnist_core.ui import texts, times


def test_a_report_was_handed_in_when_the_teachers_clock_says() -> None:
    morning = datetime(2026, 11, 30, 0, 15, tzinfo=UTC).timestamp()
    one = HandedIn("0" * 10, UserText("My run"), UserText("Otter"), morning)
    with texts.speaking("en"), times.read_in("Asia/Seoul"):
        assert handed_in_panel._row(one) == {"Nickname": "Otter", "Report": "My run", "Handed in": "2026-11-30 09:15"}
