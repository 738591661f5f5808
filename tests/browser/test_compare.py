"""Runs beside each other in a real browser: what differs, a curve hidden everywhere, the link in another browser, undo."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
Open = Callable[[], Page]
CHART = "document.querySelector('[data-testid=live-chart][data-key=chart_compare_{}]')"


def hidden(page: Page, metric: str) -> list[str]:
    script = f"return {CHART.format(metric)}._fullData.filter(t => t.visible === 'legendonly' && !t.legend2).map(t => t.legendgroup)"
    found: list[str] = page.browser.execute_script(script)
    return found


def test_two_runs_beside_each_other(open_browser: Open) -> None:
    page = open_browser()
    for rate in ("0.5", "1.5"):
        page.open(f"/train?preset=two-layer-net&epochs=1&learning_rate={rate}")
        page.press("run")
        page.wait_for("Take these settings", 60)
    page.open("/compare")
    page.wait_for("Only one setting differs. learning rate: 1.5 → 0.5.")
    wait_until(lambda: page.chart("compare_accuracy", "drawn-at") and page.chart("compare_loss", "drawn-at"))
    page.toggle("compare_loss", "1. 784-50-10 · SGD 1.5 · batch 100")
    wait_until(lambda: hidden(page, "loss") == hidden(page, "accuracy") == ["run0"])
    page.choose("compare_split", "Training")
    wait_until(lambda: page.says("Accuracy – Training"))
    assert hidden(page, "loss") == hidden(page, "accuracy") == ["run0"]

    wait_until(lambda: "runs=" in page.address)
    other = open_browser().open(page.address)
    other.wait_for("Only one setting differs. learning rate: 1.5 → 0.5.")
    other.wait_for("runs of somebody else")
    assert not other.can_press("put_away")

    page.press("put_away")
    page.wait_for("2 runs deleted.")
    page.press("undo")
    page.wait_for("Only one setting differs.")
