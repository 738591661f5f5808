"""Why it breaks, in a real browser."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open, Put
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def test_the_bowl_plays_and_stops(open_browser: Open) -> None:
    page = open_browser().open("/why")
    page.wait_for("It converges from one side.")
    wait_until(lambda: page.points("walk") > 0)
    before = int(page.chart("walk", "updates") or 0)
    page.press("bowl_play")
    wait_until(lambda: int(page.chart("walk", "updates") or 0) >= before + 4)
    page.press("bowl_play")
    page.wait_for("Play")
    page.choose("bowl_weights", "two")
    page.wait_for("Edge = 2 / a")


def test_the_landscape_of_a_run_from_the_click_to_both_charts(open_browser: Open, put: Put) -> None:
    page = open_browser()
    put(page, epochs=10)
    page.open("/why")
    page.choose("why_view", "Loss landscape")
    page.press("landscape_compute")
    page.wait_for("of the squared distances from the end lie in it", 60)
    for chart in ("contours", "surface"):
        wait_until(lambda chart=chart: page.chart(chart, "drawn-at"))  # type: ignore[misc]
    page.choose("landscape_plane", "random directions")
    page.press("landscape_compute")
    page.wait_for("One unit along a direction changes the weights", 60)
