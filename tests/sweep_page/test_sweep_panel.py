"""What a sweep says of itself while it trains."""

from __future__ import annotations

import pytest

from mnist_core.sweep_page import sweep_panel
from mnist_core.ui import watch


def test_the_time_left_goes_by_what_this_process_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = [500.0]
    watch._first_looks.clear()
    monkeypatch.setattr(watch.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(watch.time, "time", lambda: pytest.fail("the machine's clock may have been set"))
    assert sweep_panel._seconds_left("g", 0.2) is None
    clock[0] += 10.0
    assert sweep_panel._seconds_left("g", 0.21) is None  # too early to say
    clock[0] += 10.0
    assert sweep_panel._seconds_left("g", 0.4) == pytest.approx(60.0)
    assert sweep_panel._seconds_left("other", 0.5) is None
