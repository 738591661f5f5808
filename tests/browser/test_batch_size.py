"""The page Batch size in a real browser: a typed size, charts that play, times measured by a worker, a race of runs."""

from __future__ import annotations

import re

import pytest
from selenium.webdriver.common.keys import Keys

from tests.browser.conftest import Open
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def updates(page: Page, chart: str) -> int:
    """How often the chart has been drawn."""
    return int(page.chart(chart, "updates") or 0)


def test_the_views_that_are_arithmetic(open_browser: Open) -> None:
    page = open_browser().open("/batch_size")
    page.wait_for("469 updates per epoch")
    wait_until(lambda: page.points("epoch") >= 469)
    page.find(".st-key-updates_per_epoch_exact input")[0].send_keys("10" + Keys.ENTER)
    page.wait_for("6,000 updates per epoch")
    wait_until(lambda: page.find(".st-key-updates_per_epoch_exact input")[0].get_attribute("value") == "")
    wait_until(lambda: page.points("epoch") >= 6_000)
    page.choose("batch_size_view", "Gradient noise")
    page.wait_for("Half of the batches point within")
    wait_until(lambda: page.points("arrows") >= 240)  # three for each line, one for each tip
    wait_until(lambda: "view=noise" in page.address)
    page.choose("gradient_noise_steps", "after 300 steps")
    wait_until(lambda: updates(page, "arrows") >= 2)
    page.choose("batch_size_view", "Full batch, mini-batch, single examples")
    page.wait_for("steps: 30, epochs: 30")
    wait_until(lambda: page.points("paths") > 3 * 31)
    before = updates(page, "paths")
    page.press("batch_paths_play")
    wait_until(lambda: updates(page, "paths") >= before + 3)
    page.press("batch_paths_play")
    page.wait_for("Play")


def test_seconds_per_epoch_are_measured_by_a_worker(open_browser: Open) -> None:
    page = open_browser().open("/batch_size?view=seconds")
    page.press("batch_times_measure")
    page.wait_for("Measured with", 120)
    wait_until(lambda: page.points("epochs") >= 14)
    wait_until(lambda: page.points("update") >= 7)
    page.open("/batch_size?view=seconds")
    page.wait_for("Measured with")  # kept


def test_a_race_is_drawn_live_and_found_again(open_browser: Open) -> None:
    page = open_browser().open("/batch_size?view=race")
    page.wait_for("Train at 6 batch sizes")
    page.find(".st-key-batch_race_images input[type=range]")[0].send_keys(Keys.HOME)
    page.wait_for("Train at 5 batch sizes")
    page.press("batch_race_start")
    wait_until(lambda: re.search("group=[0-9a-f]{10}", page.address))
    page.wait_for("5 of 5 runs are done", 120)
    wait_until(lambda: page.points("epochs") >= 5)
    wait_until(lambda: page.points("updates") >= 5)
    other = open_browser().open(page.address)
    other.wait_for("5 of 5 runs are done")
    wait_until(lambda: other.points("epochs") >= 5)
