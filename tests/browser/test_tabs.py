"""Two tabs of one student: what is sealed in one is hidden in the other, and a run that rests goes on in both."""

from __future__ import annotations

import pytest

from tests.browser.conftest import Open, Put
from tests.conftest import wait_until

pytestmark = pytest.mark.browser


def test_a_tab_follows_when_the_test_set_is_sealed_in_another(open_browser: Open, put: Put) -> None:
    page = open_browser()
    run_id = put(page, epochs=1, train_size=1_000)
    page.open(f"/train?run={run_id}")
    page.wait_for("Test accuracy")
    first = page.browser.current_window_handle
    page.browser.switch_to.new_window("tab")
    second = page.browser.current_window_handle
    page.open("/compare")
    for label, is_shown in (("Test set open", False), ("Test set sealed", True)):
        page.popover(label)
        page.press("seal")
        page.browser.switch_to.window(first)
        wait_until(lambda is_shown=is_shown: page.says("Test accuracy") is is_shown)
        page.browser.switch_to.window(second)
        page.open("/compare")


def test_a_tab_with_a_paused_run_follows_when_it_goes_on_in_another(open_browser: Open) -> None:
    page = open_browser().open("/train?preset=two-layer-net&epochs=1000")
    page.press("run")
    wait_until(lambda: page.points() > 0)
    page.press("pause")
    wait_until(lambda: page.can_press("resume"))
    page.wait_for("paused")
    first, address = page.browser.current_window_handle, page.browser.current_url
    page.browser.switch_to.new_window("tab")
    page.browser.get(address)
    page.press("resume")
    wait_until(lambda: page.can_press("pause"))
    page.browser.switch_to.window(first)
    wait_until(lambda: page.can_press("pause") and not page.can_press("step"))
    wait_until(lambda: not page.says("paused"))  # nor is it in the list of runs
    page.press("stop")
    page.wait_for("The run was stopped after step")
