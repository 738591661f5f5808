"""Drawing in a real browser: strokes to pixels to answers, undo, clear, a photo of nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from selenium.webdriver.common.actions.action_builder import ActionBuilder
from selenium.webdriver.common.actions.pointer_input import PointerInput

from mnist_core.data.drawing import like_mnist, paint
from mnist_core.ui.pad import strokes
from tests.browser.page import Page
from tests.conftest import wait_until

pytestmark = pytest.mark.browser
Open = Callable[..., Page]
SEVEN = [(80, 60), (200, 60), (170, 140), (140, 220)]
# The components of Streamlit live in shadow roots.
PAD = """
    const find = (root) => {
      for (const one of root.querySelectorAll("*")) {
        if (one.classList.contains("mnist-lab-pad")) return one;
        const inner = one.shadowRoot && find(one.shadowRoot);
        if (inner) return inner;
      }
      return null;
    };
    const pad = find(document);
"""


def tell(page: Page, script: str) -> Any:
    return page.browser.execute_script(PAD + script)


def draw(page: Page, points: list[tuple[int, int]], kind: str = "mouse") -> None:
    """Draw one stroke on the pad."""
    wait_until(lambda: tell(page, "return Boolean(pad)"))
    left, top = tell(
        page,
        "const c = pad.querySelector('canvas'); c.scrollIntoView({block: 'center'});"
        "const b = c.getBoundingClientRect(); return [b.left, b.top];",
    )
    actions = ActionBuilder(page.browser, mouse=PointerInput(kind, kind), duration=20)
    pointer = actions.pointer_action
    first, *rest = [(round(left + x), round(top + y)) for x, y in points]
    pointer.move_to_location(*first).pointer_down()
    for place in rest:
        pointer.move_to_location(*place)
    pointer.pointer_up()
    actions.perform()


def trained(page: Page) -> None:
    page.open("/train?preset=two-layer-net&epochs=3")
    page.press("run")
    page.wait_for("completed", 60)


@pytest.mark.parametrize("kind", ["mouse", "touch"])
def test_draw_undo_clear(open_browser: Open, kind: str) -> None:
    page = open_browser()
    trained(page)
    page.open("/inspect")
    page.wait_for("Draw a digit, large or small")
    before = page.browser.execute_script("return document.querySelector('[data-testid=stMain]').scrollTop")
    draw(page, SEVEN, kind)
    page.wait_for("The network sees a ")
    wait_until(lambda: page.chart("answer", "drawn-at"))
    if kind == "touch":
        draw(page, [(40, 250), (40, 30)], kind)
        after = page.browser.execute_script("return document.querySelector('[data-testid=stMain]').scrollTop")
        assert abs(after - before) <= 200  # scrolled to show the pad at most, not dragged by the finger
        tell(page, "pad.querySelector('.undo').click()")
    wait_until(lambda: tell(page, "return !pad.querySelector('.undo').disabled"))
    tell(page, "pad.querySelector('.clear').click()")
    page.wait_for("Draw a digit, large or small")
    assert tell(page, "return pad.querySelector('.undo').disabled")


def test_what_the_browser_tells_is_what_was_drawn(open_browser: Open) -> None:
    page = open_browser()
    trained(page)
    page.open("/inspect")
    draw(page, SEVEN)
    page.wait_for("The network sees a ")
    shown = strokes([{"w": 24, "p": [coordinate for point in SEVEN for coordinate in point]}])
    told = strokes(tell(page, "return pad.strokes()"))
    # The browser has more points on the same lines, and places them to half a unit.
    found, wanted = (like_mnist(paint(one)).astype(int) for one in (told, shown))
    assert len(told) == 1
    assert abs(found - wanted).mean() < 2
    assert abs(found - wanted).max() < 60
