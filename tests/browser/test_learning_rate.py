"""Many rates in a real browser: one click, live curves, a click on a point, its rate on the Train page."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
RATE = "0.377"  # the eighth of twelve from 0.01 to 3


def test_sweep_click_a_point_and_set_its_rate(open_browser: Open) -> None:
    page = open_browser().open("/learning_rate?preset=two-layer-net&epochs=4")
    page.press("sweep")
    wait_until(lambda: page.points("sweep") > 12)  # the curves grow
    assert "sweep=" in page.address
    page.wait_for("Training breaks from 1.79 on: the highest rate that still trains lies between 1.06 and 1.79.", 120)
    names = "return chart._fullLayout.annotations.map((note) => note.text);"
    wait_until(lambda: "broken" in (page.of_chart("rates", names) or ()))
    address = page.address

    def clicked() -> bool:
        page.click_point("rates", "final", 7)
        return page.says(f"Rate {RATE}")

    wait_until(clicked)
    page.toggle("rates", "best")
    wait_until(lambda: page.hidden("rates") == ["best"])
    for metric in ("Accuracy", "Loss"):
        page.choose("sweep_metric", metric)
        wait_until(lambda metric=metric: page.says(f"{metric} against the learning rate"))  # type: ignore[misc]
        wait_until(lambda: page.hidden("rates") == ["best"])
    page.press("set_rate")
    page.wait_for("Train a network and watch it learn")
    wait_until(lambda: f"learning_rate={RATE}" in page.address)

    other = open_browser().open(address)
    other.wait_for("the highest rate that still trains lies between 1.06 and 1.79")
    assert other.says("Someone else's sweep")
    assert not other.can_press("stop_sweep")


def test_a_click_on_a_curve_opens_its_run_and_the_sweep_goes_on(open_browser: Open) -> None:
    page = open_browser().open("/learning_rate?preset=two-layer-net&epochs=200")
    page.press("sweep")
    wait_until(lambda: page.points("sweep") > 24)
    address = page.address
    page.open("/data")
    page.wait_for("The images that networks learn from")
    page.open(address)  # nothing was lost
    wait_until(lambda: page.points("sweep") > 24)
    page.press("stop_sweep")
    page.wait_for("Left out because runs were stopped or failed:", 60)

    def clicked() -> bool:
        page.click_point("sweep", "run0", 1)
        return page.says("Use this rate on the Train page")

    wait_until(clicked)
    page.press("open_seed_11")
    page.wait_for("Train a network and watch it learn")
    page.wait_for("784-50-10 · SGD")
    assert "run=" in page.address


def test_range_test_and_use_its_rate(open_browser: Open) -> None:
    page = open_browser().open("/learning_rate?preset=two-layer-net")
    page.choose("rates_view", "Range test")
    page.press("range_test")
    page.wait_for("Accuracy is highest at a rate of", 60)
    wait_until(lambda: page.points("range") > 300)
    page.press("use_steepest")
    page.wait_for("Train a network and watch it learn")
    wait_until(lambda: "learning_rate=0." in page.address)
