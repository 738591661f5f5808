"""The moving picture of the Home page, in a real browser."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
Open = Callable[[], Page]
PICTURE = "const picture = document.querySelector('.mnist-lab-rates'); "
STEP = PICTURE + "return Number(picture?.dataset.step ?? -1);"
PLAYING = PICTURE + "return picture?.dataset.playing;"


def test_the_picture_moves_pauses_and_stands_still_where_motion_is_not_wanted(open_browser: Open) -> None:
    page = open_browser().open("/")
    wait_until(lambda: 0 < page.browser.execute_script(STEP) < 1_000)
    first = page.browser.execute_script(STEP)
    wait_until(lambda: page.browser.execute_script(STEP) != first)
    page.browser.execute_script(PICTURE + "picture.querySelector('button').click();")
    assert page.browser.execute_script(PLAYING) == "false"
    stopped = page.browser.execute_script(STEP)
    frames = "const done = arguments[0]; let left = 10; const next = () => (left-- ? requestAnimationFrame(next) : done()); next();"
    page.browser.execute_async_script(frames)
    assert page.browser.execute_script(STEP) == stopped
    assert not page.says("This part of the page could not be shown")
    page.browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}
    )
    page.open("/")
    wait_until(lambda: page.browser.execute_script(STEP) == 1_000)
    page.browser.execute_async_script(frames)
    assert page.browser.execute_script(STEP) == 1_000
    assert page.browser.execute_script(PLAYING) == "false"
    script = (
        PICTURE
        + "const drawn = picture.querySelector('svg'); return [drawn.getAttribute('role'), drawn.getAttribute('aria-label')];"
    )
    role, description = page.browser.execute_script(script)
    assert role == "img"
    assert "Broken: 3 →" in description


def test_no_label_covers_another_while_curves_cross(open_browser: Open) -> None:
    page = open_browser().open("/")
    wait_until(lambda: 0 < page.browser.execute_script(STEP) < 500)
    nearest = page.browser.execute_async_script(
        PICTURE
        + """
        const done = arguments[0];
        const labels = [...picture.querySelectorAll("text")].filter((text) => text.querySelector("tspan"));
        const size = Number(labels[0].getAttribute("font-size"));
        let nearest = Infinity;
        const look = () => {
          const heights = labels.map((label) => Number(label.getAttribute("y"))).sort((a, b) => a - b);
          for (let i = 1; i < heights.length; i++) nearest = Math.min(nearest, (heights[i] - heights[i - 1]) / size);
          if (Number(picture.dataset.step) < 1000) requestAnimationFrame(look);
          else done(nearest);
        };
        look();"""
    )
    assert nearest > 1.2  # of the letters' size
