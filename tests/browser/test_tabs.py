"""Two tabs of one student: what is sealed in one is hidden in the other."""

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
