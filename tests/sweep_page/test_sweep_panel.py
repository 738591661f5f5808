"""What a sweep says of itself while it trains."""

from __future__ import annotations

from typing import Any

import pytest

from mnist_core.sweep_page import sweep_panel


def test_the_time_left_goes_by_what_this_session_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, session = [500.0], dict[str, Any]()
    monkeypatch.setattr(sweep_panel.st, "session_state", session)
    monkeypatch.setattr(sweep_panel.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(sweep_panel.time, "time", lambda: pytest.fail("the machine's clock may have been set"))
    assert sweep_panel._seconds_left("g", 0.2) is None
    clock[0] += 10.0
    assert sweep_panel._seconds_left("g", 0.21) is None  # too early to say
    clock[0] += 10.0
    assert sweep_panel._seconds_left("g", 0.4) == pytest.approx(60.0)
    assert sweep_panel._seconds_left("other", 0.5) is None
